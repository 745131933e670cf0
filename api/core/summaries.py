"""Rows of a report by fund account, or summed by county, by bank or for the city."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

Row = TypeVar("Row")


class Together(Protocol[Row]):
    """A function that sums rows to one row, named by the county or the bank of the rows."""

    def __call__(self, rows: Iterable[Row], county: str = "", bank: str = "") -> Row: ...


def added_up(rows: Sequence[Row], by: str, together: Together[Row]) -> list[Row]:
    """Return the rows unchanged (`account`), their sum (`city`), or one sum for each `county` or `bank`, by name."""
    if by == "account":
        return list(rows)
    if by == "city":
        return [together(rows)]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    named: list[dict[str, Any]] = [{by: name} for name in sorted(groups)]
    return [together(groups[name[by]], **name) for name in named]
