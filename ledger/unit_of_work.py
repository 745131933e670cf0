"""The unit of work: one transaction, one person, one moment of recording."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from ledger import dates
from ledger.cache import Cache, cache_of
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
    _recorded_at: int | None = None
    _before_commit: dict[Callable[["Unit"], None], None] = field(default_factory=dict)

    @property
    def cache(self) -> Cache:
        """The values that are read or built once in this transaction."""
        return cache_of(self.session)

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

    def before_commit(self, write: Callable[["Unit"], None]) -> None:
        """Have a function called once at the end of the transaction, however often the function is given."""
        self._before_commit[write] = None

    def finish(self) -> None:
        """Call the functions given to `before_commit`, in the order in which each was first given."""
        self.session.flush()
        while self._before_commit:
            write = next(iter(self._before_commit))
            del self._before_commit[write]
            write(self)


@contextmanager
def work(engine: Engine, *, user: str, today: date, clock: Callable[[], datetime], origin: str = "") -> Iterator[Unit]:
    """One transaction: committed when the block ends well, rolled back when it raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        unit = Unit(session=session, user=user, today=today, clock=clock, origin=origin)
        yield unit
        unit.finish()
