"""How far each book is closed, and who closed or opened its months."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import balances
from ledger.operations.periods import next_month
from ledger.tables.work import Closing


@dataclass(frozen=True, slots=True)
class Change:
    """A month closed or opened again (结账、重新打开); `recorded_at` in microseconds."""

    month: str
    action: str
    by: str
    checked_by: str | None
    reason: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class BookShown:
    """A book's months: closed through a day, the month to be closed next, and what was done so far."""

    book: str
    closed_through: date | None
    next_month: str | None
    changes: tuple[Change, ...]


def periods(session: Session, books: Iterable[str]) -> list[BookShown]:
    """The books named, in the order of their names; unknown ones are left out."""
    wanted = set(books)
    changes: dict[str, list[Change]] = {}
    rows = session.execute(select(Closing).where(Closing.book.in_(wanted)).order_by(Closing.id)).scalars()
    for row in rows:
        changes.setdefault(row.book, []).append(
            Change(row.month, row.action, row.by, row.checked_by, row.reason, row.recorded_at)
        )
    return [
        BookShown(book, through, next_month(through), tuple(changes.get(book, ())))
        for book, through in balances.closed_through(session.connection()).items()
        if book in wanted
    ]
