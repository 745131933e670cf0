"""Reads an xlsx or csv file into typed rows of a kind of sheet, and lists the faults of all headings and cells."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, ZipError

from ledger.errors import Fault, RuleViolation
from ledger.imports.cells import Cell, read_column
from ledger.imports.columns import COLUMNS, EXAMPLE, IGNORED, MAKERS, NOTES, AsRead, Column, plain_heading
from ledger.labels import Said

FILE_BYTES_MAX = 64 * 2**20
ROWS_MAX = 300_000
COLUMNS_MAX = 60
UNPACKED_BYTES_MAX = 2**30
"""The largest unpacked size of an xlsx file in bytes; a sheet of ROWS_MAX rows is smaller."""

FAULTS_MAX = 10_000
"""The largest number of faults that are shown or stored for one sheet; the count of all faults is shown as well."""

_EITHER = {"loans": ("registry_no", "uscc")}
"""For a kind of sheet, the columns of which at least one column is required."""

_OLD_XLS = bytes.fromhex("D0CF11E0A1B11AE1")


class NotASheet(RuleViolation):
    code = "not_a_sheet"
    zh = "文件不能读取：{found:text}；请另存为 xlsx 或 csv"
    en = "the file cannot be read: {found:text}; save it as xlsx or csv"


class SheetEncoding(RuleViolation):
    code = "sheet_encoding"
    zh = "csv 文件既不是 UTF-8 也不是 GB18030 编码"
    en = "the csv file is neither in UTF-8 nor in GB18030"


class SheetTooLarge(RuleViolation):
    code = "sheet_too_large"
    zh = "文件过大（{unit:sheet_unit}）：{found}，上限 {limit}；请分成几个文件"
    en = "the file is too large ({unit:sheet_unit}): {found}, the limit is {limit}; split it"


class SheetEmpty(RuleViolation):
    code = "sheet_empty"
    zh = "表中没有数据行"
    en = "the sheet has no rows"


class SeveralSheets(RuleViolation):
    code = "several_sheets"
    zh = "工作簿有不止一张有内容的工作表：{found:text}；一个文件只放一张表（“填写说明”除外）"
    en = "the workbook has more than one page with something on it: {found:text}; a file holds one table"


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
    """The only table of a file: the heading, and the cells of each row below the heading, with the row numbers."""

    file_name: str
    hash: str
    heading_row: int
    heading: tuple[Cell, ...]
    numbers: list[int] = field(repr=False)
    rows: list[list[Cell]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """The typed rows of a sheet, with the row numbers in the file and the faults of the cells.

    `given` holds the names of the columns that the sheet has. A column that the sheet lacks has its default value in
    every row. `hash` is the SHA-256 hash of the file.
    """

    kind: str
    file_name: str
    hash: str
    numbers: list[int] = field(repr=False)
    rows: list[AsRead] = field(repr=False)
    given: frozenset[str]
    faults: list[Fault] = field(repr=False)


def read_sheet(data: bytes, file_name: str) -> Sheet:
    """Return the table of a file without blank rows.

    Raises NotASheet, SheetEncoding, SheetTooLarge, SheetEmpty or SeveralSheets.
    """
    if len(data) > FILE_BYTES_MAX:
        raise SheetTooLarge(unit="bytes", limit=FILE_BYTES_MAX, found=len(data))
    if data.startswith(_OLD_XLS):
        raise NotASheet(found=Said("xls", "旧版 xls 格式"))
    lines = _lines_of_xlsx(data) if data.startswith(b"PK") else _lines_of_csv(data)
    heading_row, heading = 0, list[Cell]()
    numbers, rows = list[int](), list[list[Cell]]()
    for number, row in enumerate(lines, 1):
        first = row[0] if row else ""
        if (first == "" or (first.__class__ is str and first.isspace())) and _is_blank(row):
            continue
        if not heading:
            heading_row, heading = number, row
            continue
        numbers.append(number)
        rows.append(row)
    if len(rows) > ROWS_MAX:
        raise SheetTooLarge(unit="rows", limit=ROWS_MAX, found=len(rows))
    if not rows:
        raise SheetEmpty()
    return Sheet(file_name[:255], hashlib.sha256(data).hexdigest(), heading_row, _filled(heading), numbers, rows)


def read_table(kind: str, sheet: Sheet) -> Table:
    """Return the typed rows of a sheet; a cell that cannot be read gives the value None and a fault.

    Raises SheetFaults for wrong headings, SheetEmpty for a sheet without rows, and KeyError for an unknown kind.
    """
    return read_columns(kind, COLUMNS[kind], sheet, MAKERS[kind])


def read_columns(
    kind: str, columns: Sequence[Column], sheet: Sheet, make: Callable[[Iterable[Any]], tuple[Any, ...]] = tuple
) -> Table:
    """Return the rows of a sheet with the given columns, each row made by `make`; raise the errors of `read_table`."""
    places = _places(kind, columns, sheet)
    numbers, lines = _without_examples(sheet)
    faults: list[Fault] = []
    by_place = list(zip(*_squared(sheet, numbers, lines, faults), strict=True))
    values: list[list[Any]] = []
    for column in columns:
        if (place := places.get(column.name)) is None:
            values.append([column.default] * len(numbers))
            continue
        cells, refused = read_column(by_place[place], column.read, needed=column.needed, default=column.default)
        values.append(cells)
        faults += [Fault.of(numbers[row], column.name, refusal) for row, refusal in refused]
    rows = list(map(make, zip(*values, strict=True)))
    return Table(kind, sheet.file_name, sheet.hash, numbers, rows, frozenset(places), faults)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults sorted by row; the faults of a row stay in the order in which they were found."""
    return sorted(faults, key=lambda fault: fault.row)


def _is_blank(row: list[Cell]) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in row)


def _filled(heading: list[Cell]) -> tuple[Cell, ...]:
    """Return a heading without the empty cells at its end, since spreadsheet programs often add empty columns."""
    width = max(place for place, cell in enumerate(heading, 1) if cell != "")
    if width > COLUMNS_MAX:
        raise SheetTooLarge(unit="columns", limit=COLUMNS_MAX, found=width)
    return tuple(heading[:width])


def _lines_of_csv(data: bytes) -> Iterator[list[Cell]]:
    text = _decoded(data)
    if "\0" in text:
        raise NotASheet(found=Said("NUL", "含有空字符"))
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from lines
    except csv.Error as error:
        raise NotASheet(
            found=Said(f"csv, line {lines.line_num}: {error}", f"csv 第 {lines.line_num} 行的引号或换行有误")
        ) from None


def _decoded(data: bytes) -> str:
    """Return text decoded strictly from UTF-8 or GB18030, since a wrong encoding would give wrong names."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetEncoding()


def _lines_of_xlsx(data: bytes) -> list[list[Cell]]:
    """Return the cells of a workbook's first page; the value of a formula is the result saved in the workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > UNPACKED_BYTES_MAX:
            raise SheetTooLarge(unit="bytes unpacked", limit=UNPACKED_BYTES_MAX, found=unpacked)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        first, *others = (book.get_sheet_by_index(place) for place in range(len(book.sheet_names)))
        filled = [page.name for page in others if page.name != NOTES and page.height]
        if filled:
            raise SeveralSheets(found=[first.name, *filled])
        return _lines_of_page(first)
    except PasswordError:
        raise NotASheet(found=Said("password", "文件设有密码")) from None
    except (zipfile.BadZipFile, CalamineError, ZipError, ValueError, OSError) as error:
        raise NotASheet(found=Said(f"xlsx: {type(error).__name__}", "xlsx 文件已损坏")) from None


def _lines_of_page(page: CalamineSheet) -> list[list[Cell]]:
    width = 0 if page.end is None else page.end[1] + 1
    for unit, limit, found in (("rows", 2 * ROWS_MAX, page.total_height), ("columns", COLUMNS_MAX, width)):
        if found > limit:
            raise SheetTooLarge(unit=unit, limit=limit, found=found)
    return page.to_python(skip_empty_area=False)


def _places(kind: str, columns: Sequence[Column], sheet: Sheet) -> dict[str, int]:
    """Return the place of each column in the heading; where headings are faulty, raise SheetFaults with all faults."""
    known = {name: column for column in columns for name in column.known_as()}
    found: dict[str, list[int]] = {}
    faults: list[Fault] = []
    for place, heading in enumerate(sheet.heading):
        name = plain_heading(str(heading))
        if name in known:
            found.setdefault(known[name].name, []).append(place)
        elif name not in IGNORED:
            unknown = ColumnUnknown(place=place + 1, found=str(heading)[:40])
            faults.append(Fault.of(sheet.heading_row, str(heading)[:40], unknown))
    for column in columns:
        times = len(found.get(column.name, ()))
        if times > 1:
            twice = ColumnTwice(name=column.name, limit=column.zh, found=times)
            faults.append(Fault.of(sheet.heading_row, column.name, twice))
        elif times == 0 and (column.needed or _needs_either(kind, column, found)):
            missing = ColumnMissing(name=column.name, limit=column.zh)
            faults.append(Fault.of(sheet.heading_row, column.name, missing))
    if faults:
        raise SheetFaults(faults, rows=len(sheet.rows), booked=0, unchanged=0)
    return {name: places[0] for name, places in found.items()}


def _needs_either(kind: str, column: Column, found: dict[str, list[int]]) -> bool:
    """Return whether a sheet has no column of a group in `_EITHER` and the given column is the group's first column."""
    either = _EITHER.get(kind, ())
    return column.name in either[:1] and not any(name in found for name in either)


def _without_examples(sheet: Sheet) -> tuple[list[int], list[list[Cell]]]:
    """Return the row numbers and the cells of all rows except example rows; raise SheetEmpty if no row remains."""
    kept = [
        (number, row)
        for number, row in zip(sheet.numbers, sheet.rows, strict=True)
        if not (row[0].__class__ is str and row[0].startswith(EXAMPLE))
    ]
    if not kept:
        raise SheetEmpty()
    return [number for number, _ in kept], [row for _, row in kept]


def _squared(sheet: Sheet, numbers: list[int], rows: list[list[Cell]], faults: list[Fault]) -> list[list[Cell]]:
    """Pad each row to the width of the heading; add a fault for each row with filled cells beyond the heading."""
    width = len(sheet.heading)
    if all(len(row) == width for row in rows):
        return rows
    squared = []
    for number, row in zip(numbers, rows, strict=True):
        if any(cell != "" for cell in row[width:]):
            faults.append(Fault.of(number, "", RowLong(limit=width, found=len(row))))
        squared.append([*row[:width], *[""] * (width - len(row))])
    return squared
