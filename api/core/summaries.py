"""Sums the rows of a report, which are given by fund account, by county, by bank or for the city."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

Row = TypeVar("Row")


class Together(Protocol[Row]):
    """A function that sums rows into one row, which is named after the rows' county or bank."""

    def __call__(self, rows: Iterable[Row], county: str = "", bank: str = "") -> Row: ...


def added_up(rows: Sequence[Row], by: str, together: Together[Row]) -> list[Row]:
    """Return the rows unchanged if `by` is `account`, else one sum for each county or bank, or one for the city."""
    if by == "account":
        return list(rows)
    if by == "city":
        return [together(rows)]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    named: list[dict[str, Any]] = [{by: name} for name in sorted(groups)]
    return [together(groups[name[by]], **name) for name in named]
