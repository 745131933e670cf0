"""What a check is: a thing that must hold, said in a sentence, and how what breaks it is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, text

from ledger.database import is_sqlite

Broken = Iterator[tuple[str, Any, Any]]
"""Where something does not hold, what should stand there, what does."""

ROWS_AT_ONCE = 1000

# The day in Shanghai of microseconds since 1970. Nothing is recorded before 2014: the clocks there stand still.
_RECORDED_DAY = {
    "sqlite": "date((recorded_at + 28800000000) / 86400000000 * 86400, 'unixepoch')",
    "postgresql": "(DATE '1970-01-01' + ((recorded_at + 28800000000) / 86400000000)::integer)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A thing that must hold; `look` answers every place where it does not."""

    name: str
    zh: str
    en: str
    look: Callable[[Connection], Broken]


def by_query(name: str, zh: str, en: str, query: str) -> Check:
    """A check that the database answers: rows of subject, expected, found. `{recorded_day}` is recorded_at's day."""

    def look(connection: Connection) -> Broken:
        for subject, expected, found in streamed(connection, query):
            yield str(subject), expected, found

    return Check(name, zh, en, look)


def streamed(connection: Connection, query: str) -> Iterator[Any]:
    """The rows of a query, a few at a time."""
    dialect = "sqlite" if is_sqlite(connection) else "postgresql"
    asked: TextClause = text(query.replace("{recorded_day}", _RECORDED_DAY[dialect]).replace(":", "\\:"))
    yield from connection.execution_options(yield_per=ROWS_AT_ONCE).execute(asked)


def as_date(value: Any) -> date | None:
    """A day of a streamed row, which SQLite gives as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
