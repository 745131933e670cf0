"""Finds the table of a page: its head, its units, its rows, and the lines of totals and signatures around them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.imports.cells import Cell
from ledger.imports.columns import EXAMPLE, IGNORED, Column, plain_heading
from ledger.imports.units import Dimension, Unit, plain_text, unit_of_cell, units_of_line
from ledger.imports.workbooks import Page

_HEAD_AMONG = 50
"""The number of filled rows from the top among which the head is searched."""

_PARTIAL = ("小计", "分计")
_TOTAL = ("合计", "总计", "共计", "累计", *_PARTIAL)
_SIGNED = (
    *("填表", "制表", "制单", "填报", "审核", "复核", "负责人", "单位负责人", "经办", "联系", "报送", "签字", "盖章"),
    *("单位(盖章)", "单位盖章", "说明", "备注:", "注:", "日期:"),
)
"""The beginnings of the lines below a table that hold signatures and remarks."""


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A line of totals: its row number and cells, and the number of rows above it in all and since the last total."""

    number: int
    cells: list[Cell]
    above: int
    since: int
    partial: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The table of a page, with row numbers as the file shows them; `numbers` and `rows` are the rows of the register.

    `heading_row` is 0 where the page has no filled row. `page_units` are the units named above the table, and
    `column_units` the units in the line below the head, by the column's place from 0.
    """

    heading_row: int
    heading: tuple[Cell, ...]
    numbers: list[int] = field(repr=False)
    rows: list[list[Cell]] = field(repr=False)
    totals: list[TotalLine] = field(repr=False)
    page_units: list[Unit]
    column_units: Mapping[int, list[Unit]]


def table_of(page: Page, columns: Sequence[Column], either: Sequence[str]) -> Table:
    """Return the table of a page for the given columns; `either` are the columns of which one is needed.

    The head is the first row that names all needed columns; without one, the row that names most columns, so that the
    faults of its headings can be listed. Raise UnitUnknown for an unknown amount unit above the table.
    """
    filled = list(_filled(page))
    if not filled:
        return Table(0, (), [], [], [], [], {})
    head = _head(filled, columns, either)
    heading_row, heading = filled[head]
    heading = heading[: max(place for place, cell in enumerate(heading, 1) if plain_text(cell))]
    above = units_of_line(cell for _, row in filled[:head] for cell in row)
    below = filled[head + 1 :]
    column_units = _unit_line(below[0][1]) if below else {}
    if column_units:
        below = below[1:]
    identity = _identity_places(heading, columns)
    if unread := {place for place, cell in enumerate(heading) if plain_heading(str(cell)) in IGNORED}:
        below = [line for line in below if not _has_only(line[1], unread)]
    while below and _begins(below[-1][1], _SIGNED, identity):
        below.pop()
    numbers, rows, totals = _parted(below, heading, identity)
    _fill_merged(page, heading_row, numbers, rows)
    return Table(heading_row, tuple(heading), numbers, rows, totals, above, column_units)


def _filled(page: Page) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the rows with a filled cell, with their numbers from 1."""
    for number, row in enumerate(page.rows, 1):
        first = row[0] if row else ""
        if (first == "" or (first.__class__ is str and first.isspace())) and _is_blank(row):
            continue
        yield number, row


def _is_blank(row: Sequence[Cell]) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in row)


def _head(filled: Sequence[tuple[int, list[Cell]]], columns: Sequence[Column], either: Sequence[str]) -> int:
    names = {name: column.name for column in columns for name in column.known_as()}
    needed = {column.name for column in columns if column.needed}
    best, most = 0, 0
    for place, (_, row) in enumerate(filled[:_HEAD_AMONG]):
        found = {names[name] for cell in row if (name := plain_heading(str(cell))) in names}
        if needed <= found and (not either or found & set(either)):
            return place
        if len(found) > most:
            best, most = place, len(found)
    return best if most > 1 else 0


def _identity_places(heading: Sequence[Cell], columns: Sequence[Column]) -> tuple[int, ...]:
    """Return the places of the columns that identify a row: a line of totals leaves these columns empty."""
    names = {name: column for column in columns[:2] for name in column.known_as()}
    return tuple(place for place, cell in enumerate(heading) if plain_heading(str(cell)) in names)


def _unit_line(row: Sequence[Cell]) -> dict[int, list[Unit]]:
    """Return the units of a line that names only units, by place; the result is empty for any other line."""
    units: dict[int, list[Unit]] = {}
    for place, cell in enumerate(row):
        if cell == "":
            continue
        found = [unit for dimension in Dimension if (unit := unit_of_cell(cell, dimension)) is not None]
        if not isinstance(cell, str) or not found:
            return {}
        units[place] = found
    return units


def _parted(
    below: Sequence[tuple[int, list[Cell]]], heading: Sequence[Cell], identity: Sequence[int]
) -> tuple[list[int], list[list[Cell]], list[TotalLine]]:
    """Divide the lines below the head into the rows of the register and the lines of totals.

    Example rows of a template are left out, and so is the head where a program has repeated it on each printed page.
    """
    numbers: list[int] = []
    rows: list[list[Cell]] = []
    totals: list[TotalLine] = []
    since = 0
    for number, row in below:
        first = row[0]
        # Most rows begin with an identifier, so that no further check is needed for most rows.
        if not (first.__class__ is str and first and first.isascii() and first != heading[0]):
            if row[: len(heading)] == heading or _is_example(row):
                continue
            if _begins(row, _TOTAL, identity):
                partial = _begins(row, _PARTIAL, identity)
                totals.append(TotalLine(number, row, len(rows), len(rows) - since, partial))
                since = len(rows)
                continue
        numbers.append(number)
        rows.append(row)
    return numbers, rows, totals


def _is_example(row: Sequence[Cell]) -> bool:
    return any(isinstance(cell, str) and cell.startswith(EXAMPLE) for cell in row)


def _begins(row: Sequence[Cell], words: tuple[str, ...], identity: Sequence[int]) -> bool:
    """Return whether the first filled cell of a line begins with one of the words, and no identifier stands beside."""
    for place, cell in enumerate(row):
        if cell == "" or (cell.__class__ is str and cell.isspace()):
            continue
        if cell.__class__ is not str or cell[0].isascii():
            return False
        text = "".join(plain_text(cell).split())
        if not text.startswith(words):
            return False
        beside = [row[other] for other in identity if place < other < len(row)]
        return all(cell == "" or (words is _SIGNED and plain_text(cell).startswith(words)) for cell in beside)
    return False


def _fill_merged(page: Page, heading_row: int, numbers: Sequence[int], rows: Sequence[list[Cell]]) -> None:
    """Write the value of each vertically merged range into every row of the range, since the value holds for all."""
    if not page.merged:
        return
    by_number = dict(zip(numbers, rows, strict=True))
    for (top, left), (bottom, _) in page.merged:
        if bottom <= top or top < heading_row:
            continue
        value = page.rows[top][left] if left < len(page.rows[top]) else ""
        for number in range(top + 2, bottom + 2):
            row = by_number.get(number)
            if row is not None and left < len(row):
                row[left] = value


def _has_only(row: Sequence[Cell], places: Collection[int]) -> bool:
    """Return whether a row has values at the given places only, such as serial numbers that were printed in advance."""
    return all(cell == "" or place in places for place, cell in enumerate(row))
