"""Which books take entries on which day: held shared by who writes, alone by who closes a month (promise 6)."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, func, select, update

from ledger import dates
from ledger.cache import CacheKey
from ledger.database import is_sqlite
from ledger.errors import NotFound, RuleViolation
from ledger.tables.journal import books
from ledger.unit_of_work import Unit

_BOOKS_QUEUE = 1  # any number no other advisory lock has
_CLOSED_THROUGH = CacheKey[dict[str, date | None]]("last closed day of each book held")

# Built once: every entry asks it, and building it takes as long as answering it.
_SHARED = (
    select(books.c.book, books.c.closed_through)
    .where(books.c.book.in_(bindparam("names", expanding=True)))
    .order_by(books.c.book)
    .with_for_update(read=True)
)
_SHARED_IN_TURN = _SHARED.where(select(func.pg_advisory_xact_lock_shared(_BOOKS_QUEUE)).scalar_subquery().is_not(None))


class PeriodClosed(RuleViolation):
    code = "period_closed"
    zh = "账套 {book} 已结账至 {limit}，{found} 不能再记账；第一个可记账日为 {first_open}"
    en = "{book} is closed through {limit}; nothing can be booked on {found}; the first open day is {first_open}"


def first_open(unit: Unit, names: Iterable[str]) -> date:
    """The first day on which all these books take entries; holds the books against closing."""
    closed = _closed_through(unit, set(names))
    return max((day + dates.DAY for day in closed.values() if day is not None), default=date.min)


def check_open(unit: Unit, names: Iterable[str], on: date) -> None:
    """Raises PeriodClosed when one of the books takes no entry on that day."""
    for book, closed in _closed_through(unit, set(names)).items():
        if closed is not None and on <= closed:
            raise PeriodClosed(book=book, limit=closed, found=on, first_open=closed + dates.DAY)


def hold_alone(unit: Unit, book: str) -> date | None:
    """The book's last closed day, held alone to the end of the transaction; raises NotFound.

    Who writes waits, whoever began before is waited for. PostgreSQL lets those who share a row pass one who waits
    to have it alone, so that a busy book would never close: both stand in one queue first, where nobody passes.
    """
    if not is_sqlite(unit.connection):
        unit.connection.execute(select(func.pg_advisory_xact_lock(_BOOKS_QUEUE)))
    query = select(books.c.closed_through).where(books.c.book == book).with_for_update()
    for (closed,) in unit.connection.execute(query):
        return closed  # type: ignore[no-any-return]
    raise NotFound(what="book", id=book)


def close_through(unit: Unit, book: str, through: date | None) -> None:
    """Set the last closed day of a book held alone; None opens it whole."""
    unit.connection.execute(update(books).where(books.c.book == book).values(closed_through=through))
    unit.cache.get(_CLOSED_THROUGH, dict).pop(book, None)


def _closed_through(unit: Unit, names: set[str]) -> dict[str, date | None]:
    """Each book's last closed day. The rows are held shared, so that no month closes under an open entry.

    They are held to the end of the transaction: what was read once in it is still true.
    """
    held = unit.cache.get(_CLOSED_THROUGH, dict)
    if missing := sorted(names - held.keys()):
        query = _SHARED if is_sqlite(unit.connection) else _SHARED_IN_TURN
        for row in unit.connection.execute(query, {"names": missing}):
            held[row.book] = row.closed_through
        if unknown := names - held.keys():
            raise NotFound(what="book", id=", ".join(sorted(unknown)))
    return {name: held[name] for name in names}
