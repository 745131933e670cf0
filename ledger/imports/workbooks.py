"""Reads the pages of a file: workbooks (xlsx, xls, xlsb, ods, et) and text files (csv and other separators).

Formats that cannot be checked before they are loaded are read by a child process with limits of memory and time.
"""

import csv
import io
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from ledger.errors import RuleViolation
from ledger.imports import limits, xlsx_scan
from ledger.imports.cells import Cell
from ledger.imports.limits import SheetTooLarge
from ledger.labels import Said

NOTES = "填写说明"
"""The name of a template's second page, which is not read."""

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_XLS_STREAMS = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table|meta|style)\b", re.I | re.S)
_SPREADSHEET_XML = re.compile(rb"\s*<\?xml\b.{0,2000}?(?:mso-application|office:spreadsheet)", re.I | re.S)
_SEPARATORS = (",", "\t", ";")
_CHILD_SECONDS = 60
_CHILD_BYTES = 2**29
_CHILD_BYTES_PER_BYTE = 40


class NotASheet(RuleViolation):
    code = "not_a_sheet"
    zh = "文件不能读取：{found:text}；请另存为 xlsx 或 csv"
    en = "the file cannot be read: {found:text}; save it as xlsx or csv"


class SheetEncoding(RuleViolation):
    code = "sheet_encoding"
    zh = "文本文件的编码不是 UTF-8、GB18030，也不是带标记的 UTF-16；请另存为 xlsx"
    en = "the text file is neither in UTF-8 nor in GB18030, nor in UTF-16 with its mark; save it as xlsx"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a file: its rows from the first row and column on, and what the file shows about rows and cells.

    `hidden` holds the numbers of hidden rows, or None where the format does not tell. `percent` holds row and column of
    each cell that is shown as percent, both from 1. `merged` holds first and last cell of each merged range, as row and
    column from 0. `from_text_file` is true where a number cannot be told from a text.
    """

    name: str
    rows: Sequence[list[Cell]] = field(repr=False)
    hidden: frozenset[int] | None = frozenset()
    percent: frozenset[tuple[int, int]] = frozenset()
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()
    from_text_file: bool = False


def pages_of(data: bytes) -> list[Page]:
    """Return the pages of a file that have a value; hidden pages and the template's notes are left out.

    Raise NotASheet with the name of the format, SheetEncoding, SheetTooLarge.
    """
    if len(data) > limits.FILE_BYTES_MAX:
        raise SheetTooLarge(unit="bytes", limit=limits.FILE_BYTES_MAX, found=len(data))
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if start.startswith(_OLE):
        _check_ole(data)
        return _pages_by_child(data)
    if start.startswith(b"PK"):
        return _pages_of_package(data)
    for found, is_found in _FOREIGN:
        if is_found(start):
            raise NotASheet(found=found)
    return [_page_of_text(data)]


_FOREIGN: Sequence[tuple[Said, Callable[[bytes], Any]]] = (
    (Said("a web page saved as xls (HTML)", "扩展名虽为 xls，内容却是网页（HTML）"), _HTML.match),
    (Said("a spreadsheet saved as XML", "是“XML 电子表格”格式"), _SPREADSHEET_XML.match),
    (Said("a web archive", "是单个网页文件（mht）"), lambda start: start.startswith(b"MIME-Version")),
    (Said("a PDF", "是 PDF 文件"), lambda start: start.startswith(b"%PDF")),
    (Said("a picture", "是图片"), lambda start: start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM6"))),
    (Said("a packed archive", "是压缩包"), lambda start: start.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b"))),
)
"""Files of other formats that people send as sheets, by what their first bytes say."""


def media_type_of(data: bytes) -> str:
    """Return the media type of the original file of a sheet."""
    if data.startswith(b"PK"):
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return "application/vnd.ms-excel" if data.startswith(_OLE) else "text/csv"


def _check_ole(data: bytes) -> None:
    if _ENCRYPTED in data:
        raise NotASheet(found=Said("it is protected by a password", "文件设有打开密码；请取消密码"))
    if not any(name in data for name in _XLS_STREAMS):
        raise NotASheet(found=Said("an old Office document that is no workbook", "是旧版 Office 文档，但不是工作簿"))


def _pages_of_package(data: bytes) -> list[Page]:
    """Return the pages of a zip package: an xlsx workbook here, an xlsb or ods workbook by a child process."""
    try:
        with xlsx_scan.opened(data) as packed:
            names = set(packed.namelist())
            if "xl/workbook.xml" not in names:
                if not names & {"xl/workbook.bin", "content.xml"}:
                    raise NotASheet(found=Said("a packed file that is no workbook", "是压缩文件，但不是工作簿"))
                return _pages_by_child(data)
            book = CalamineWorkbook.from_filelike(io.BytesIO(data))
            pages = []
            for place in _visible(book):
                scanned = xlsx_scan.scan(packed, book.sheet_names[place])
                hidden, percent = frozenset(scanned.hidden), frozenset(scanned.percent)
                pages.append(_page(book.get_sheet_by_index(place), hidden, percent))
            return [page for page in pages if page.rows]
    except PasswordError:
        raise NotASheet(found=Said("it is protected by a password", "文件设有打开密码；请取消密码")) from None
    except RuleViolation:
        raise
    except MemoryError:
        raise NotASheet(found=_DAMAGED) from None
    except BaseException as error:  # A broken file makes the Rust library panic, which is no Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise NotASheet(found=_DAMAGED) from None


_DAMAGED = Said("it is damaged", "文件已损坏")


def _visible(book: CalamineWorkbook) -> Iterator[int]:
    """Yield the places of the pages that a person sees, without the template's notes and the pages of WPS itself."""
    if len(book.sheet_names) > limits.SHEETS_MAX:
        raise SheetTooLarge(unit="sheets", limit=limits.SHEETS_MAX, found=len(book.sheet_names))
    for place, sheet in enumerate(book.sheets_metadata):
        shown = sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        if shown and sheet.name != NOTES and not sheet.name.startswith("WpsReserved"):
            yield place


def _page(
    sheet: CalamineSheet, hidden: frozenset[int] | None, percent: frozenset[tuple[int, int]] = frozenset()
) -> Page:
    width = 0 if sheet.end is None else sheet.end[1] + 1
    for unit, limit, found in (
        ("rows", 2 * limits.ROWS_MAX, sheet.total_height),
        ("columns", limits.COLUMNS_MAX, width),
    ):
        if found > limit:
            raise SheetTooLarge(unit=unit, limit=limit, found=found)
    merged = sheet.merged_cell_ranges or ()
    return Page(sheet.name, sheet.to_python(skip_empty_area=False), hidden, percent, merged)


def _pages_by_child(data: bytes) -> list[Page]:
    """Return the pages of a workbook that a child process loads, so that a broken file stops only the child."""
    memory = min(4 * _CHILD_BYTES, _CHILD_BYTES + _CHILD_BYTES_PER_BYTE * len(data))
    command = [sys.executable, "-m", "ledger.imports.child", str(memory), str(_CHILD_SECONDS)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_CHILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotASheet(found=Said("reading it took too long", "读取时间过长")) from None
    if done.returncode:
        raise NotASheet(found=_DAMAGED)
    pages, refusal = pickle.loads(done.stdout)
    if refusal is not None:
        raise refusal
    return [Page(*page) for page in pages]


def pages_of_workbook(data: bytes) -> list[Page]:
    """Return the pages of a workbook in any format of the library, for the child process; hidden rows stay unknown."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        pages = [_page(book.get_sheet_by_index(place), None) for place in _visible(book)]
    except PasswordError:
        raise NotASheet(found=Said("it is protected by a password", "文件设有打开密码；请取消密码")) from None
    return [page for page in pages if page.rows]


def _page_of_text(data: bytes) -> Page:
    text = _decoded(data)
    if "\0" in text:
        raise NotASheet(found=Said("it has NUL characters", "含有空字符"))
    first, _, rest = text.partition("\n")
    if first.strip().casefold().startswith("sep=") and len(first.strip()) == 5:
        return Page("", _lines(rest, first.strip()[-1]), frozenset(), from_text_file=True)
    return Page("", _lines(text, _separator(text)), frozenset(), from_text_file=True)


def _lines(text: str, separator: str) -> list[list[Cell]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[Cell]] = []
    filled = 0
    try:
        for line in lines:
            rows.append(line)
            filled += any(line)
            if filled > limits.ROWS_MAX + 100 or len(rows) > 4 * limits.ROWS_MAX:
                raise SheetTooLarge(unit="rows", limit=limits.ROWS_MAX, found=len(rows))
    except csv.Error as error:
        told = Said(f"csv, line {lines.line_num}: {error}", f"第 {lines.line_num} 行的引号或换行有误")
        raise NotASheet(found=told) from None
    return rows


def _separator(text: str) -> str:
    """Return the separator that divides the first lines of a text into most cells."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:30]
    return max(_SEPARATORS, key=lambda separator: max((line.count(separator) for line in lines), default=0))


def _decoded(data: bytes) -> str:
    """Return text decoded strictly from UTF-8, UTF-16 or GB18030, since a wrong encoding would give wrong names."""
    encodings = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetEncoding()
