"""Scan the XML of an xlsx workbook before the workbook is loaded: its size, its hidden rows, and formats of cells.

The scan reads compressed parts piece by piece, so that a small file that unpacks to gigabytes is refused before memory
is taken for its cells.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree import ElementTree

from ledger.imports import limits
from ledger.imports.limits import SheetTooLarge

_PIECE = 1 << 20
_ROW_BYTES_MAX = 1 << 24
_DENSE = 200
"""The compression ratio above which a large part is no real sheet: spreadsheets compress about twentyfold."""

_DENSE_FROM = 1 << 26
_STRINGS_BYTES_MAX = 1 << 28
_SMALL_BYTES_MAX = 1 << 23

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_NUMBER = re.compile(rb"\br=[\"'](\d{1,9})[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)\b")
_FAR_COLUMN = re.compile(
    rb"\br=[\"'](?:[A-Z]{3}|B[I-Z]|[C-Z][A-Z])\d+[\"'][^>]*(?<!/)>\s*(?:<(?:\w+:)?f\b.*?)?<(?:\w+:)?(?:v|is)\b"
)
_STYLED = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_STYLE = re.compile(rb"\bs=[\"'](\d+)[\"']")
_PERCENT_FORMATS = frozenset({9, 10})


@dataclass(slots=True)
class Scanned:
    """The facts of one sheet of a workbook that its cell values do not show; rows and columns count from 1."""

    hidden: set[int] = field(default_factory=set)
    percent: set[tuple[int, int]] = field(default_factory=set)


def check_sizes(packed: zipfile.ZipFile) -> None:
    """Raise SheetTooLarge for a workbook whose parts unpack to more than a workbook of the allowed rows needs."""
    parts = packed.infolist()
    if len(parts) > limits.PARTS_MAX:
        raise SheetTooLarge(unit="parts", limit=limits.PARTS_MAX, found=len(parts))
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.UNPACKED_BYTES_MAX:
        raise SheetTooLarge(unit="bytes unpacked", limit=limits.UNPACKED_BYTES_MAX, found=unpacked)
    for part in parts:
        limit = _STRINGS_BYTES_MAX if part.filename.endswith("sharedStrings.xml") else limits.UNPACKED_BYTES_MAX
        if part.file_size > _DENSE_FROM:
            limit = min(limit, _DENSE * max(part.compress_size, 1))
        if part.file_size > limit:
            raise SheetTooLarge(unit="bytes unpacked", limit=limit, found=part.file_size)


def scan(packed: zipfile.ZipFile, sheet_name: str) -> Scanned:
    """Return the hidden rows and the cells in percent format of a sheet.

    Raise SheetTooLarge where the sheet has too many rows, columns or cells with values. Rows and cells without values
    never count, because office programs mark up to a million empty rows as formatted.
    """
    found = Scanned()
    part = _part_of(packed, sheet_name)
    if part is None:
        return found
    percent = _percent_styles(packed)
    rows = cells = last = 0
    for number, attributes, body in _rows(packed, part):
        values = len(_VALUE.findall(body))
        if not values:
            continue
        rows, cells, last = rows + 1, cells + values, number
        if rows > limits.ROWS_MAX or last > 2 * limits.ROWS_MAX:
            raise SheetTooLarge(unit="rows", limit=limits.ROWS_MAX, found=max(rows, last))
        if cells > limits.CELLS_MAX:
            raise SheetTooLarge(unit="cells", limit=limits.CELLS_MAX, found=cells)
        if _FAR_COLUMN.search(body):
            raise SheetTooLarge(unit="columns", limit=limits.COLUMNS_MAX, found=limits.COLUMNS_MAX + 1)
        if _HIDDEN.search(attributes):
            found.hidden.add(number)
        if percent:
            found.percent.update((number, column) for column in _styled(body, percent))
    return found


def _rows(packed: zipfile.ZipFile, part: str) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the number, the attributes and the content of each row of a sheet, reading the part piece by piece."""
    number, rest = 0, b""
    with packed.open(part) as stream:
        while piece := stream.read(_PIECE):
            rest += piece
            starts = list(_ROW.finditer(rest))
            for start, following in pairwise(starts):
                number = _number(start[1], number)
                yield number, start[1], rest[start.end() : following.start()]
            rest = rest[starts[-1].start() :] if starts else rest[-200:]
            if len(rest) > _ROW_BYTES_MAX:
                raise SheetTooLarge(unit="bytes unpacked", limit=_ROW_BYTES_MAX, found=len(rest))
    if start_of_last := _ROW.search(rest):
        yield _number(start_of_last[1], number), start_of_last[1], rest[start_of_last.end() :]


def _number(attributes: bytes, before: int) -> int:
    match = _NUMBER.search(attributes)
    return int(match[1]) if match else before + 1


def _part_of(packed: zipfile.ZipFile, sheet_name: str) -> str | None:
    """Return the path of a sheet's part in the package, or None where the package does not name one."""
    book = ElementTree.fromstring(_small(packed, "xl/workbook.xml"))
    links = ElementTree.fromstring(_small(packed, "xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in book.iter():
        if sheet.tag.endswith("}sheet") and sheet.get("name") == sheet_name:
            link = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)
            target = targets.get(link, "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return path if path in packed.namelist() else None
    return None


def _small(packed: zipfile.ZipFile, path: str) -> bytes:
    """Return a part of the package that is small in every real workbook; raise SheetTooLarge for a large one."""
    size = packed.getinfo(path).file_size
    if size > _SMALL_BYTES_MAX:
        raise SheetTooLarge(unit="bytes unpacked", limit=_SMALL_BYTES_MAX, found=size)
    return packed.read(path)


def _percent_styles(packed: zipfile.ZipFile) -> frozenset[int]:
    """Return the numbers of the cell styles that show a value as percent."""
    if "xl/styles.xml" not in packed.namelist():
        return frozenset()
    styles = ElementTree.fromstring(_small(packed, "xl/styles.xml"))
    own = {
        int(each.get("numFmtId", "0"))
        for each in styles.iter()
        if each.tag.endswith("}numFmt") and "%" in each.get("formatCode", "")
    }
    cells = next((each for each in styles.iter() if each.tag.endswith("}cellXfs")), ())
    formats = [int(each.get("numFmtId", "0")) for each in cells]
    return frozenset(place for place, format in enumerate(formats) if format in own | _PERCENT_FORMATS)


def _styled(body: bytes, styles: frozenset[int]) -> Iterator[int]:
    """Yield the columns of a row's cells that have one of the styles."""
    for attributes in _STYLED.findall(body):
        style, reference = _STYLE.search(attributes), _REFERENCE.search(attributes)
        if style and reference and int(style[1]) in styles:
            yield column_number(reference[1].decode())


def column_number(letters: str) -> int:
    """Return the number of a column from its letters: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """Return the letters of a column from its number: A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def opened(data: bytes) -> zipfile.ZipFile:
    """Return the zip package of an xlsx file; raise zipfile.BadZipFile, SheetTooLarge."""
    packed = zipfile.ZipFile(io.BytesIO(data))
    check_sizes(packed)
    return packed
