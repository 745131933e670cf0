"""The accounting months of each book: the last closed day, and the users who closed or opened months."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import balances
from ledger.dates import micros, month_last, next_month
from ledger.tables.work import Closing


@dataclass(frozen=True, slots=True)
class Change:
    """The closing or opening of an accounting month (结账、重新打开); `recorded_at` is in microseconds."""

    month: str
    action: str
    by: str
    checked_by: str | None
    reason: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class BookShown:
    """A book's last closed day, the month to close next, and all closings and openings of the book's months."""

    book: str
    closed_through: date | None
    next_month: str | None
    changes: tuple[Change, ...]


def periods(session: Session, books: Iterable[str], known_at: datetime | None = None) -> list[BookShown]:
    """Return the months of the named books, sorted by name, as known at a moment; unknown books are left out."""
    names = set(books)
    query = select(Closing).where(Closing.book.in_(names)).order_by(Closing.id)
    if known_at is not None:
        query = query.where(Closing.recorded_at <= micros(known_at))
    changes: dict[str, list[Change]] = {}
    for row in session.execute(query).scalars():
        changes.setdefault(row.book, []).append(
            Change(row.month, row.action, row.by, row.checked_by, row.reason, row.recorded_at)
        )
    return [
        BookShown(book, through, next_month(through), tuple(changes.get(book, ())))
        for book, now in balances.closed_through(session.connection()).items()
        if book in names
        for through in [now if known_at is None else _through(changes.get(book, ()))]
    ]


def _through(changes: Iterable[Change]) -> date | None:
    """Return the last closed day after the given closings (oldest first) and openings (newest first)."""
    closed: list[str] = []
    for change in changes:
        if change.action == "close":
            closed.append(change.month)
        else:
            closed.pop()
    return month_last(closed[-1]) if closed else None
