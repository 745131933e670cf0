"""The unit of work: one transaction, one person, one moment of recording."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from ledger import dates
from ledger.errors import FutureDate


@dataclass(slots=True)
class Unit:
    """What an operation works with. It never commits, and never asks what time it is.

    `today` is the business date in Asia/Shanghai; `origin` is what brought the work about, a path such as
    `import/123` or `job/interest`; `key` is the request's idempotency key.
    """

    session: Session
    user: str
    today: date
    clock: Callable[[], datetime]
    origin: str = ""
    last: dict[str, Callable[["Unit"], None]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    _recorded_at: int | None = None

    @property
    def connection(self) -> Connection:
        """Asked of the session each time: a savepoint is set on it only then."""
        return self.session.connection()

    @property
    def recorded_at(self) -> int:
        """The one recording moment of this transaction, in microseconds.

        Read from the clock when it is first asked for: after the operation's locks, before its first row.
        """
        if self._recorded_at is None:
            self._recorded_at = dates.micros(self.clock())
        return self._recorded_at

    @property
    def recorded_on(self) -> date:
        """The recorded day, in Asia/Shanghai."""
        return dates.business_day(dates.moment(self.recorded_at))

    def not_future(self, on: date, name: str) -> None:
        """Raises FutureDate for a business date after today."""
        if on > self.today:
            raise FutureDate(field=name, found=on, limit=self.today)

    def finish(self) -> None:
        """Write what is to be written last, hot rows last of all."""
        self.session.flush()
        for work in list(self.last.values()):
            work(self)
        self.last.clear()


@contextmanager
def work(engine: Engine, *, user: str, today: date, clock: Callable[[], datetime], origin: str = "") -> Iterator[Unit]:
    """One transaction: committed when the block ends well, rolled back when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        unit = Unit(session=session, user=user, today=today, clock=clock, origin=origin)
        yield unit
        unit.finish()
