"""The unit of work: one database transaction, with one user and one moment of recording."""

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
    """The session, user and dates that an operation works with; operations neither commit nor read the clock.

    `today` is the business date in Asia/Shanghai. `origin` names the cause of the work, as a path such as
    `import/123` or `job/interest`. `last` holds functions to run before the commit, by name. `kept` holds values
    that several operations of the transaction share, by name.
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
        """Return the session's connection; asked of the session each time, so that a pending savepoint is set first."""
        return self.session.connection()

    @property
    def recorded_at(self) -> int:
        """Return the one recording moment of this transaction, in microseconds since 1970.

        The clock is read at the first call: after the operation has taken its locks and before its first row.
        """
        if self._recorded_at is None:
            self._recorded_at = dates.micros(self.clock())
        return self._recorded_at

    @property
    def recorded_on(self) -> date:
        """Return the day of recording in Asia/Shanghai."""
        return dates.business_day(dates.moment(self.recorded_at))

    def not_future(self, on: date, name: str) -> None:
        """Raise FutureDate for a business date after today."""
        if on > self.today:
            raise FutureDate(field=name, found=on, limit=self.today)

    def finish(self) -> None:
        """Flush the session and run the functions of `last`, which write rows that many transactions change."""
        self.session.flush()
        for finishing in list(self.last.values()):
            finishing(self)
        self.last.clear()


@contextmanager
def work(engine: Engine, *, user: str, today: date, clock: Callable[[], datetime], origin: str = "") -> Iterator[Unit]:
    """Open a transaction; commit where the block ends normally, roll back where the block raises an exception."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        unit = Unit(session=session, user=user, today=today, clock=clock, origin=origin)
        yield unit
        unit.finish()
