"""A file taken in as rows of cells: xlsx, or csv in UTF-8 or GB18030; one table with a heading, or refused whole."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, ZipError

from ledger.errors import RuleViolation
from ledger.imports.cells import Cell
from ledger.imports.columns import NOTES
from ledger.labels import Said

FILE_BYTES_MAX = 64 * 2**20
ROWS_MAX = 300_000
COLUMNS_MAX = 60
UNPACKED_BYTES_MAX = 2**30
"""An xlsx of the most rows unpacks to less; what unpacks to more is no sheet."""

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's one table: the heading and what stands under it, with the sheet's own row numbers."""

    file_name: str
    hash: str
    heading_row: int
    heading: tuple[Cell, ...]
    numbers: list[int] = field(repr=False)
    rows: list[list[Cell]] = field(repr=False)


def read_sheet(data: bytes, file_name: str) -> Sheet:
    """Raises NotASheet, SheetEncoding, SheetTooLarge, SheetEmpty, SeveralSheets."""
    if len(data) > FILE_BYTES_MAX:
        raise SheetTooLarge(unit="bytes", limit=FILE_BYTES_MAX, found=len(data))
    if data.startswith(_OLD_XLS):
        raise NotASheet(found=Said("xls", "旧版 xls 格式"))
    cells = _of_xlsx(data) if data.startswith(b"PK") else _of_csv(data)
    heading_row, heading = 0, list[Cell]()
    numbers, rows = list[int](), list[list[Cell]]()
    for number, row in enumerate(cells, 1):
        first = row[0] if row else ""
        if (first == "" or (first.__class__ is str and first.isspace())) and _blank(row):
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
    return Sheet(file_name[:255], hashlib.sha256(data).hexdigest(), heading_row, _without_tail(heading), numbers, rows)


def _blank(row: list[Cell]) -> bool:
    return all(isinstance(cell, str) and not cell.strip() for cell in row)


def _without_tail(heading: list[Cell]) -> tuple[Cell, ...]:
    """A heading ends with its last filled cell: spreadsheets like to keep formatted empty columns."""
    width = max(place for place, cell in enumerate(heading, 1) if cell != "")
    if width > COLUMNS_MAX:
        raise SheetTooLarge(unit="columns", limit=COLUMNS_MAX, found=width)
    return tuple(heading[:width])


def _of_csv(data: bytes) -> Iterator[list[Cell]]:
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
    """Strictly, in one of the two encodings Chinese offices use; a wrong guess must not pass for names."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetEncoding()


def _of_xlsx(data: bytes) -> list[list[Cell]]:
    """The first page's cells. A formula counts as what it last came to, as its author saw it."""
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
        return _cells(first)
    except PasswordError:
        raise NotASheet(found=Said("password", "文件设有密码")) from None
    except (zipfile.BadZipFile, CalamineError, ZipError, ValueError, OSError) as error:
        raise NotASheet(found=Said(f"xlsx: {type(error).__name__}", "xlsx 文件已损坏")) from None


def _cells(page: CalamineSheet) -> list[list[Cell]]:
    for unit, limit, found in (("rows", 2 * ROWS_MAX, page.total_height), ("columns", COLUMNS_MAX, _width(page))):
        if found > limit:
            raise SheetTooLarge(unit=unit, limit=limit, found=found)
    return page.to_python(skip_empty_area=False)


def _width(page: CalamineSheet) -> int:
    return 0 if page.end is None else page.end[1] + 1
