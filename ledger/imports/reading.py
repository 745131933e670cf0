"""Reads a file into typed rows of a kind of sheet, and lists the faults of all headings and cells."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ledger.errors import Fault, RuleViolation
from ledger.imports import layout, limits
from ledger.imports.cells import Identifier, Reader, read_column
from ledger.imports.columns import COLUMNS, IGNORED, MAKERS, AsRead, Column, plain_heading
from ledger.imports.limits import SheetTooLarge
from ledger.imports.quantities import Amount, CellRate, Quantity
from ledger.imports.totals import AmountTotal, amount_total, total_faults
from ledger.imports.units import PERCENT, Unit, single, unit_of_heading
from ledger.imports.workbooks import Page, media_type_of, pages_of
from ledger.imports.xlsx_scan import column_letters
from ledger.labels import Said

FAULTS_MAX = 10_000
"""The largest number of faults that are shown or stored for one sheet; the count of all faults is shown as well."""

_EITHER = {"loans": ("registry_no", "uscc")}
"""For a kind of sheet, the columns of which at least one column is required."""


class SheetEmpty(RuleViolation):
    code = "sheet_empty"
    zh = "表中没有数据行"
    en = "the sheet has no rows"


class SheetNotThere(RuleViolation):
    code = "sheet_not_there"
    zh = "工作簿中没有工作表“{found:text}”；有内容的工作表：{limit:text}"
    en = "the workbook has no page {found:text}; the pages with values are: {limit:text}"


class SeveralSheets(RuleViolation):
    code = "several_sheets"
    zh = "工作簿有不止一张有内容的工作表：{found:text}；请指明要导入哪一张工作表，或只保留一张"
    en = "the workbook has more than one page with values: {found:text}; name one as `sheet`, or keep only one"


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
    """The refusal of a whole sheet because of faults; `found` lists the faults row by row."""

    code = "sheet_has_faults"
    zh = "表中有 {count} 处错误，未登记任何内容"
    en = "the sheet has {count} faults; nothing of it is recorded"

    def __init__(self, found: Sequence[Fault], **facts: Any) -> None:
        super().__init__(count=len(found), **facts)
        self.found = in_order(found)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page of a file that holds the table, with the SHA-256 hash and the size in bytes of the whole file."""

    file_name: str
    hash: str
    size: int
    media_type: str
    page: Page = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a column in the file, counted from 0, with the heading and the unit of the column."""

    index: int
    heading: str
    unit: Unit | None = None

    @property
    def letters(self) -> str:
        """The letters of the column in a spreadsheet, such as E."""
        return column_letters(self.index + 1)


@dataclass(frozen=True, slots=True)
class Table:
    """The typed rows of a sheet, with the row numbers in the file and the faults of the cells.

    `given` holds the names of the columns that the sheet has. A column that the sheet lacks has its default value in
    every row. `hash` is the SHA-256 hash of the file. `hidden` holds the numbers of the rows that the file hides, or
    None where the format of the file does not tell. `totals` holds the sums of each amount column. `size` is the size
    of the file in bytes, and `stored` is true once the file store has the file.
    """

    kind: str
    file_name: str
    hash: str
    size: int
    media_type: str
    numbers: list[int] = field(repr=False)
    rows: list[AsRead] = field(repr=False)
    given: frozenset[str]
    faults: list[Fault] = field(repr=False)
    places: Mapping[str, Place] = field(default_factory=dict)
    hidden: Sequence[int] | None = ()
    totals: Sequence[AmountTotal] = ()
    stored: bool = False

    def notes(self) -> list[Said]:
        """Return what a person should know before booking the sheet: the hidden rows, which are read like all rows."""
        if self.hidden is None:
            return [Said("hidden rows cannot be seen in this format", "此格式看不出哪些行被隐藏，隐藏的行也已读入")]
        if not self.hidden:
            return []
        rows = [str(number) for number in self.hidden[:20]]
        more = Said(" and more", "等") if len(self.hidden) > 20 else Said("", "")
        return [
            Said(
                f"rows {', '.join(rows)}{more} are hidden in the file and are read as well",
                f"第 {'、'.join(rows)}{more.zh} 行（共 {len(self.hidden)} 行）被隐藏，也已读入",
            )
        ]

    def located(self, fault: Fault) -> Fault:
        """Return a fault with its cell, such as E5, and with the heading of its column."""
        place = self.places.get(fault.column)
        if place is None or fault.cell:
            return fault
        return replace(fault, cell=f"{place.letters}{fault.row}" if fault.row else "", heading=place.heading)


def read_sheet(data: bytes, file_name: str, sheet: str = "") -> Sheet:
    """Return the page of a file that holds the table: the page named `sheet`, or the only page with values.

    Raises NotASheet, SheetEncoding, SheetTooLarge, SheetEmpty, SheetNotThere, or SeveralSheets with the pages' names.
    """
    pages = pages_of(data)
    named = [page for page in pages if page.name == sheet.strip()] if sheet.strip() else pages
    if sheet.strip() and not named:
        raise SheetNotThere(found=sheet.strip()[:40], limit=[page.name for page in pages])
    if len(named) > 1:
        raise SeveralSheets(found=[page.name for page in named])
    if not named:
        raise SheetEmpty()
    return Sheet(file_name[:255], hashlib.sha256(data).hexdigest(), len(data), media_type_of(data), named[0])


def read_table(kind: str, sheet: Sheet) -> Table:
    """Return the typed rows of a sheet; a cell that cannot be read gives the value None and a fault.

    Raises SheetFaults for wrong headings, SheetEmpty for a sheet without rows, and KeyError for an unknown kind.
    """
    return read_columns(kind, COLUMNS[kind], sheet, MAKERS[kind])


def read_columns(
    kind: str, columns: Sequence[Column], sheet: Sheet, make: Callable[[Iterable[Any]], tuple[Any, ...]] = tuple
) -> Table:
    """Return the rows of a sheet with the given columns, each row made by `make`; raise the errors of `read_table`."""
    table = layout.table_of(sheet.page, columns, _EITHER.get(kind, ()))
    if len(table.rows) > limits.ROWS_MAX:
        raise SheetTooLarge(unit="rows", limit=limits.ROWS_MAX, found=len(table.rows))
    if not table.rows:
        raise SheetEmpty()
    found = _places(kind, columns, table)
    numbers = table.numbers
    faults: list[Fault] = []
    by_place = list(zip(*_squared(table, faults), strict=True))
    values: list[list[Any]] = []
    totals: list[AmountTotal] = []
    for column in columns:
        if (place := found.get(column.name)) is None:
            values.append([column.default] * len(numbers))
            continue
        read = _reader(column.read, place.unit, sheet.page)
        in_column = by_place[place.index]
        cells, refused = read_column(in_column, read, needed=column.needed, default=column.default)
        values.append(cells)
        faults += [Fault.of(numbers[row], column.name, refusal) for row, refusal in refused]
        if isinstance(read, Amount):
            totals.append(amount_total(column.name, place.heading, place.unit, cells))
            faults += total_faults(column.name, table.totals, place.index, read, cells)
        if place.unit == PERCENT:
            faults += _percent_faults(column, place.index, sheet.page, numbers, in_column)
    rows = list(map(make, zip(*values, strict=True)))
    hidden = None if sheet.page.hidden is None else [number for number in numbers if number in sheet.page.hidden]
    file = (sheet.file_name, sheet.hash, sheet.size, sheet.media_type)
    done = Table(
        kind,
        *file,
        numbers,
        rows,
        frozenset(found),
        faults,
        found,
        hidden,
        totals,
    )
    return replace(done, faults=[done.located(fault) for fault in faults])


def _place(column: Column, table: layout.Table, index: int) -> Place:
    """Return the place of a column with the unit that heading, line of units and page name for the column.

    Raise UnitUnknown or UnitContradicts.
    """
    heading = str(table.heading[index])
    unit = None
    if isinstance(column.read, Quantity):
        dimension = column.read.dimension
        around = [*table.column_units.get(index, ()), *table.page_units]
        of_heading = unit_of_heading(heading, dimension, plain_heading(heading))
        units = [of_heading] if of_heading is not None else []
        unit = single([*units, *(each for each in around if each.dimension is dimension)])
    return Place(index, heading.strip()[:80], unit)


def _reader(read: Reader, unit: Unit | None, page: Page) -> Reader:
    if isinstance(read, Quantity):
        return read.in_unit(unit)
    if isinstance(read, Identifier) and page.from_text_file:
        return replace(read, from_text_file=True)
    return read


def _percent_faults(
    column: Column, place: int, page: Page, numbers: Sequence[int], cells: Sequence[Any]
) -> list[Fault]:
    """Return a fault for each cell that a workbook shows as percent under a heading that names percent as well."""
    return [
        Fault.of(number, column.name, CellRate(found=str(cell)[:40]))
        for number, cell in zip(numbers, cells, strict=True)
        if (number, place + 1) in page.percent and not isinstance(cell, str)
    ]


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults sorted by row; the faults of a row stay in the order in which they were found."""
    return sorted(faults, key=lambda fault: fault.row)


def _places(kind: str, columns: Sequence[Column], table: layout.Table) -> dict[str, Place]:
    """Return the place of each column in the heading; where headings are faulty, raise SheetFaults with all faults."""
    known = {name: column for column in columns for name in column.known_as()}
    found: dict[str, list[int]] = {}
    places: dict[str, Place] = {}
    faults: list[Fault] = []

    def fault(name: str, refusal: RuleViolation, index: int | None = None) -> None:
        cell = "" if index is None else f"{column_letters(index + 1)}{table.heading_row}"
        heading = "" if index is None else str(table.heading[index]).strip()[:80]
        faults.append(replace(Fault.of(table.heading_row, name, refusal), cell=cell, heading=heading))

    for index, heading in enumerate(table.heading):
        name = plain_heading(str(heading))
        if name in known:
            found.setdefault(known[name].name, []).append(index)
        elif name not in IGNORED and (name or _is_filled(table, index)):
            fault(str(heading)[:40], ColumnUnknown(place=index + 1, found=str(heading)[:40]), index)
    for column in columns:
        indexes = found.get(column.name, [])
        if len(indexes) > 1:
            fault(column.name, ColumnTwice(name=column.name, limit=column.zh, found=len(indexes)), indexes[1])
        elif not indexes and (column.needed or _needs_either(kind, column, found)):
            fault(column.name, ColumnMissing(name=column.name, limit=column.zh))
        elif indexes:
            try:
                places[column.name] = _place(column, table, indexes[0])
            except RuleViolation as refusal:
                fault(column.name, refusal, indexes[0])
    if faults:
        raise SheetFaults(faults, rows=len(table.rows), booked=0, unchanged=0)
    return places


def _is_filled(table: layout.Table, index: int) -> bool:
    """Return whether a column without a heading has a value in some row."""
    return any(index < len(row) and row[index] != "" for row in table.rows)


def _needs_either(kind: str, column: Column, found: dict[str, list[int]]) -> bool:
    """Return whether a sheet has no column of a group in `_EITHER` and the given column is the group's first column."""
    either = _EITHER.get(kind, ())
    return column.name in either[:1] and not any(name in found for name in either)


def _squared(table: layout.Table, faults: list[Fault]) -> list[list[Any]]:
    """Pad each row to the width of the heading; add a fault for each row with filled cells beyond the heading."""
    width = len(table.heading)
    if set(map(len, table.rows)) == {width}:
        return table.rows
    squared = []
    for number, row in zip(table.numbers, table.rows, strict=True):
        if any(cell != "" for cell in row[width:]):
            faults.append(Fault.of(number, "", RowLong(limit=width, found=len(row))))
        squared.append([*row[:width], *[""] * (width - len(row))])
    return squared
