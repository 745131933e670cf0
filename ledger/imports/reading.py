"""A sheet read by the columns of its kind: typed rows, and everything wrong with headings and cells as faults."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ledger.errors import Fault, Refusal, RuleViolation
from ledger.imports.cells import Cell, CellEmpty, Text
from ledger.imports.columns import COLUMNS, EXAMPLE, IGNORED, Column, plain_heading
from ledger.imports.sheets import Sheet, SheetEmpty

FAULTS_MAX = 10_000
"""So many faults are told; how many there are is told besides."""

_EITHER = {"loans": ("registry_no", "uscc")}
"""Columns of which a sheet has at least one."""

_TEXTS = {str}


class ColumnMissing(RuleViolation):
    code = "column_missing"
    zh = "缺少列“{limit:text}”"
    en = "the column {name} ({limit:text}) is missing"


class ColumnUnknown(RuleViolation):
    code = "column_unknown"
    zh = "第 {place} 列“{found:text}”不是本表的列"
    en = "column {place}, {found:text}, is none of this kind of sheet"


class ColumnTwice(RuleViolation):
    code = "column_twice"
    zh = "列“{limit:text}”出现 {found} 次"
    en = "the column {name} ({limit:text}) is there {found} times"


class RowLong(RuleViolation):
    code = "row_too_long"
    zh = "本行有 {found} 格，表头只有 {limit} 列"
    en = "the row has {found} cells under a heading of {limit}"


class SheetFaults(RuleViolation):
    """A sheet with faults: nothing of it is booked. `found` has the faults, the facts say how many there are."""

    code = "sheet_has_faults"
    zh = "表中有 {count} 处错误，未登记任何内容"
    en = "the sheet has {count} faults; nothing of it is recorded"

    def __init__(self, found: Sequence[Fault], **facts: Any) -> None:
        super().__init__(count=len(found), **facts)
        self.found = in_order(found)


@dataclass(slots=True)
class Table:
    """A sheet's rows by the columns of its kind; a cell that could not be read is None, its row is in `broken`.

    `given` are the columns the sheet has; the others stand at their defaults.
    """

    kind: str
    sheet: Sheet
    numbers: list[int]
    rows: list[tuple[Any, ...]]
    given: frozenset[str]
    faults: list[Fault] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)  # row numbers

    def again(self) -> "Table":
        """The same as it was read, for a check of its own."""
        return replace(self, faults=list(self.faults), broken=set(self.broken))

    def fault(self, row: int, column: str, refusal: Refusal) -> None:
        """Note one thing wrong with a row."""
        self.faults.append(Fault.of(row, column, refusal))
        self.broken.add(row)


def read_table(kind: str, sheet: Sheet) -> Table:
    """Every cell read; raises SheetFaults for a heading that does not fit, SheetEmpty, and KeyError for no kind."""
    return read_columns(kind, COLUMNS[kind], sheet)


def read_columns(kind: str, columns: Sequence[Column], sheet: Sheet) -> Table:
    """The same by columns of one's own."""
    places = _places(kind, columns, sheet)
    table = Table(kind, sheet, [], [], frozenset(places))
    cells = _without_examples(table)
    table.sheet = replace(sheet, numbers=[], rows=[])  # read once, not kept beside what was read
    wide = _squared(table, cells)
    by_place = list(zip(*wide, strict=True))
    read = [
        [column.default] * len(wide)
        if (place := places.get(column.name)) is None
        else _read(table, column, by_place[place])
        for column in columns
    ]
    table.rows = list(zip(*read, strict=True))
    return table


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """By row, then as they were found: heading by heading, then rule by rule."""
    return sorted(faults, key=lambda fault: fault.row)


def _places(kind: str, columns: Sequence[Column], sheet: Sheet) -> dict[str, int]:
    """Where each column stands in the sheet; raises SheetFaults for all headings at once."""
    known = {name: column for column in columns for name in column.known_as()}
    found: dict[str, list[int]] = {}
    faults: list[Fault] = []
    for place, heading in enumerate(sheet.heading):
        told = plain_heading(str(heading))
        if told in known:
            found.setdefault(known[told].name, []).append(place)
        elif told not in IGNORED:
            strange = ColumnUnknown(place=place + 1, found=str(heading)[:40])
            faults.append(Fault.of(sheet.heading_row, str(heading)[:40], strange))
    for column in columns:
        times = len(found.get(column.name, ()))
        if times > 1:
            twice = ColumnTwice(name=column.name, limit=column.zh, found=times)
            faults.append(Fault.of(sheet.heading_row, column.name, twice))
        elif times == 0 and (column.needed or _alone(kind, column, found)):
            missing = ColumnMissing(name=column.name, limit=column.zh)
            faults.append(Fault.of(sheet.heading_row, column.name, missing))
    if faults:
        raise SheetFaults(faults, rows=len(sheet.rows), booked=0, unchanged=0)
    return {name: places[0] for name, places in found.items()}


def _alone(kind: str, column: Column, found: dict[str, list[int]]) -> bool:
    either = _EITHER.get(kind, ())
    return column.name in either[:1] and not any(name in found for name in either)


def _without_examples(table: Table) -> list[list[Cell]]:
    """The rows without the template's example; raises SheetEmpty when nothing is left."""
    sheet = table.sheet
    kept = [
        (number, row)
        for number, row in zip(sheet.numbers, sheet.rows, strict=True)
        if not (row[0].__class__ is str and row[0].startswith(EXAMPLE))
    ]
    if not kept:
        raise SheetEmpty()
    table.numbers = [number for number, _ in kept]
    return [row for _, row in kept]


def _squared(table: Table, rows: list[list[Cell]]) -> list[list[Cell]]:
    """Rows as wide as the heading; more cells with something in them are a fault."""
    width = len(table.sheet.heading)
    if all(len(row) == width for row in rows):
        return rows
    squared = []
    for number, row in zip(table.numbers, rows, strict=True):
        if any(cell != "" for cell in row[width:]):
            table.fault(number, "", RowLong(limit=width, found=len(row)))
        squared.append([*row[:width], *[""] * (width - len(row))])
    return squared


class _Known(dict[Any, Any]):
    """What each different cell of a column means, read once; `bad` are those that mean nothing."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column
        self.bad: dict[Any, RuleViolation] = {}

    def __missing__(self, key: Any) -> Any:
        cell = key[1] if key.__class__ is tuple else key
        value = None
        if cell.__class__ is str and (not cell or cell.isspace()):
            value = self.column.default
            if self.column.needed:
                self.bad[key] = CellEmpty()
        else:
            try:
                value = self.column.read(cell)
            except RuleViolation as refusal:
                self.bad[key] = refusal
        self[key] = value
        return value


def _read(table: Table, column: Column, cells: Sequence[Cell]) -> list[Any]:
    texts = set(map(type, cells)) == _TEXTS
    if texts and isinstance(column.read, Text) and (told := column.read.read_all(cells)) is not None:
        return told
    known = _Known(column)
    # Numbers by their type too: True, 1 and 1.0 are one key to a dict.
    keys: Sequence[Any] = cells
    if not texts:
        keys = [cell if cell.__class__ is str else (cell.__class__, cell) for cell in cells]
    values = [known[key] for key in keys]
    if known.bad:
        for number, key in zip(table.numbers, keys, strict=True):
            if (refusal := known.bad.get(key)) is not None:
                table.fault(number, column.name, refusal)
    return values
