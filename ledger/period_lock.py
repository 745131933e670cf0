"""The lock on the closed months of a book (promise 6).

A transaction that writes an entry takes a shared lock on the book. A transaction that closes or opens a month takes an
exclusive lock on the book.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import bindparam, func, select, update

from ledger import dates
from ledger.cache import CacheKey
from ledger.database import is_sqlite
from ledger.errors import NotFound, RuleViolation
from ledger.tables.journal import books
from ledger.unit_of_work import Unit

_BOOKS_QUEUE = 1  # The key of an advisory lock; every other advisory lock must have a different number.
_CLOSED_THROUGH = CacheKey[dict[str, date | None]]("last closed day of each book held")

# The query is built once, since every entry runs the query and building it takes as long as running it.
_SHARED = (
    select(books.c.book, books.c.closed_through)
    .where(books.c.book.in_(bindparam("names", expanding=True)))
    .order_by(books.c.book)
    .with_for_update(read=True)
)
_SHARED_IN_TURN = _SHARED.where(select(func.pg_advisory_xact_lock_shared(_BOOKS_QUEUE)).scalar_subquery().is_not(None))


class PeriodClosed(RuleViolation):
    """A refusal because the book is closed on the business date of an entry."""

    code = "period_closed"
    zh = "账套 {book} 已结账至 {limit}，{found} 不能再记账；第一个可记账日为 {first_open}"
    en = "{book} is closed through {limit}; nothing can be booked on {found}; the first open day is {first_open}"


def first_open(unit: Unit, names: Iterable[str]) -> date:
    """Return the first day on which all given books are open, and lock the books' months until the transaction ends."""
    closed = _closed_through(unit, set(names))
    return max((day + dates.DAY for day in closed.values() if day is not None), default=date.min)


def check_open(unit: Unit, names: Iterable[str], on: date) -> None:
    """Raise PeriodClosed where one of the given books is closed on a day."""
    for book, closed in _closed_through(unit, set(names)).items():
        if closed is not None and on <= closed:
            raise PeriodClosed(book=book, limit=closed, found=on, first_open=closed + dates.DAY)


def hold_alone(unit: Unit, book: str) -> date | None:
    """Lock a book exclusively until the transaction ends, and return the book's last closed day.

    The exclusive lock waits for transactions that write to the book, and later transactions wait for the exclusive
    lock. In PostgreSQL, new shared row locks overtake a waiting exclusive row lock, so a busy book might never close.
    Transactions that take a shared or an exclusive row lock therefore take an advisory lock first, which PostgreSQL
    grants in the order of the requests. Raises NotFound for an unknown book.
    """
    if not is_sqlite(unit.connection):
        unit.connection.execute(select(func.pg_advisory_xact_lock(_BOOKS_QUEUE)))
    query = select(books.c.closed_through).where(books.c.book == book).with_for_update()
    for (closed,) in unit.connection.execute(query):
        return closed  # type: ignore[no-any-return]
    raise NotFound(what="book", id=book)


def close_through(unit: Unit, book: str, through: date | None) -> None:
    """Set the last closed day of a book locked by `hold_alone`; None opens all months."""
    unit.connection.execute(update(books).where(books.c.book == book).values(closed_through=through))
    unit.cache.get(_CLOSED_THROUGH, dict).pop(book, None)


def _closed_through(unit: Unit, names: set[str]) -> dict[str, date | None]:
    """Return the last closed day of each book, and lock the books' rows shared until the transaction ends.

    The shared lock on a book prevents the closing of a month while an entry is written. The last closed day of a locked
    book cannot change, so a transaction reads the day once and caches the day.
    """
    held = unit.cache.get(_CLOSED_THROUGH, dict)
    if missing := sorted(names - held.keys()):
        query = _SHARED if is_sqlite(unit.connection) else _SHARED_IN_TURN
        for row in unit.connection.execute(query, {"names": missing}):
            held[row.book] = row.closed_through
        if unknown := names - held.keys():
            raise NotFound(what="book", id=", ".join(sorted(unknown)))
    return {name: held[name] for name in names}
