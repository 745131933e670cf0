"""Rows of a report by fund account, or added up by county, by bank or for the city."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

Row = TypeVar("Row")


class Together(Protocol[Row]):
    """Adds rows up to one, which is named by the county or the bank they share."""

    def __call__(self, rows: Iterable[Row], county: str = "", bank: str = "") -> Row: ...


def added_up(rows: Sequence[Row], by: str, together: Together[Row]) -> list[Row]:
    """Return the rows as they are (`account`), their sum (`city`), or one row each `county` or `bank`, by name."""
    if by == "account":
        return list(rows)
    if by == "city":
        return [together(rows)]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    named: list[dict[str, Any]] = [{by: name} for name in sorted(groups)]
    return [together(groups[name[by]], **name) for name in named]
