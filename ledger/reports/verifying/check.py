"""The form of a check: a rule, and a function that finds the rows that break the rule."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, text

from ledger.database import is_sqlite

Broken = Iterator[tuple[str, Any, Any]]
"""The places where a rule does not hold, each with the expected and the found value."""

ROWS_AT_ONCE = 1000

# The SQL that turns a moment in microseconds since 1970 into its day in Shanghai. A fixed offset of eight hours is
# enough, because no event is recorded before 2014, and Shanghai has had no daylight saving time since 1991.
_RECORDED_DAY = {
    "sqlite": "date((recorded_at + 28800000000) / 86400000000 * 86400, 'unixepoch')",
    "postgresql": "(DATE '1970-01-01' + ((recorded_at + 28800000000) / 86400000000)::integer)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that must be true; `look` returns every place where the rule is broken."""

    name: str
    zh: str
    en: str
    look: Callable[[Connection], Broken]


def by_query(name: str, zh: str, en: str, query: str) -> Check:
    """Return a check whose query finds the places that break a rule, as rows of subject, expected and found value.

    In a query, the text `{recorded_day}` is replaced by the day of the column `recorded_at`.
    """

    def look(connection: Connection) -> Broken:
        for subject, expected, found in streamed(connection, query):
            yield str(subject), expected, found

    return Check(name, zh, en, look)


def streamed(connection: Connection, query: str) -> Iterator[Any]:
    """Yield the rows of a query, fetched in portions."""
    dialect = "sqlite" if is_sqlite(connection) else "postgresql"
    statement: TextClause = text(query.replace("{recorded_day}", _RECORDED_DAY[dialect]).replace(":", "\\:"))
    yield from connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement)


def as_date(value: Any) -> date | None:
    """Return a day of a streamed row as a date; SQLite returns days as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
