"""The unit of work: one database transaction, with one user and one moment of recording."""

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
    """The session, user and dates that an operation works with; an operation neither commits nor reads the system time.

    `today` is the business date in Asia/Shanghai. `origin` names the cause of the work as a path, such as `import/123`
    or `job/interest`. `last` holds functions to run before the commit, by name. `kept` holds values that several
    operations of the transaction share, by name.
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
        """The cache of values that are read or built only once in a transaction."""
        return cache_of(self.session)

    @property
    def connection(self) -> Connection:
        """Return the session's connection, requested from the session at each call so that a pending savepoint is set
        first.
        """
        return self.session.connection()

    @property
    def recorded_at(self) -> int:
        """Return the transaction's moment of recording, in microseconds since 1970; each call returns an equal moment.

        The system time is read at the first call, when the operation has taken its locks and has not yet written a row.
        """
        if self._recorded_at is None:
            self._recorded_at = dates.micros(self.clock())
        return self._recorded_at

    @property
    def recorded_on(self) -> date:
        """Return the day of recording in Asia/Shanghai."""
        return dates.business_day(dates.moment(self.recorded_at))

    def not_future(self, on: date, name: str) -> None:
        """Raise FutureDate for a business date after today; `name` is the date's name in the refusal."""
        if on > self.today:
            raise FutureDate(field=name, found=on, limit=self.today)

    def before_commit(self, write: Callable[["Unit"], None]) -> None:
        """Register a function to be called once at the end of the transaction, however often the function is
        registered.
        """
        self._before_commit[write] = None

    def finish(self) -> None:
        """Flush the session, then call the functions given to `before_commit`, in the order of first registration."""
        self.session.flush()
        while self._before_commit:
            write = next(iter(self._before_commit))
            del self._before_commit[write]
            write(self)


@contextmanager
def work(engine: Engine, *, user: str, today: date, clock: Callable[[], datetime], origin: str = "") -> Iterator[Unit]:
    """Open a transaction; commit where the block ends normally, roll back where the block raises an exception."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        unit = Unit(session=session, user=user, today=today, clock=clock, origin=origin)
        yield unit
        unit.finish()
