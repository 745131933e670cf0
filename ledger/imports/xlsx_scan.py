"""Scan the XML of an xlsx workbook before the workbook is loaded: its size, its hidden rows, and formats of cells.

The scan reads compressed parts piece by piece, so that a small file that unpacks to gigabytes is refused before memory
is taken for its cells.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from ledger.imports import limits
from ledger.imports.limits import SheetTooLarge

_PIECE = 1 << 22
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
_VALUE_STARTS = (b"<v", b"<is", b":v>", b":is>")
_FAR = rb"(?:[A-Z]{3}|B[I-Z]|[C-Z][A-Z])\d+[\"'][^>]*(?<!/)>\s*(?:<(?:\w+:)?f\b.*?)?<(?:\w+:)?(?:v|is)\b"
_FAR_COLUMN = re.compile(rb"r=[\"']" + _FAR)
# Patterns that begin with fixed bytes are several times faster; nearly every program writes its sheets in this way.
_USUAL_ROW = re.compile(rb"<row\b([^>]*)>")
_USUAL_FAR_COLUMN = re.compile(rb'r="' + _FAR)
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
    rows = cells = number = 0
    for piece, starts in _pieces(packed, part):
        usual = b"<row" in piece
        cells += sum(map(piece.count, _VALUE_STARTS[: 2 if usual else 4]))
        if cells > limits.CELLS_MAX:
            raise SheetTooLarge(unit="cells", limit=limits.CELLS_MAX, found=cells)
        if (_FAR_COLUMN if b"r='" in piece else _USUAL_FAR_COLUMN).search(piece):
            raise SheetTooLarge(unit="columns", limit=limits.COLUMNS_MAX, found=limits.COLUMNS_MAX + 1)
        last = _number(starts[-1][1], number + len(starts) - 1)
        if (
            not percent
            and b"hidden" not in piece
            and rows + len(starts) <= limits.ROWS_MAX
            and last <= 2 * limits.ROWS_MAX
        ):
            # As long as all rows are few, rows without values may be counted too.
            rows, number = rows + len(starts), last
            continue
        for row_number, attributes, body in _rows(piece, starts, number):
            number = row_number
            if not _VALUE.search(body):
                continue
            rows += 1
            if rows > limits.ROWS_MAX or number > 2 * limits.ROWS_MAX:
                raise SheetTooLarge(unit="rows", limit=limits.ROWS_MAX, found=max(rows, number))
            if _HIDDEN.search(attributes):
                found.hidden.add(number)
            if percent:
                found.percent.update((number, column) for column in _styled(body, percent))
    return found


def _rows(piece: bytes, starts: Sequence[re.Match[bytes]], number: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the number, the attributes and the content of each row of a piece; `number` is that of the row before."""
    ends = [*(start.start() for start in starts[1:]), len(piece)]
    for start, end in zip(starts, ends, strict=True):
        number = _number(start[1], number)
        yield number, start[1], piece[start.end() : end]


def _pieces(packed: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, list[re.Match[bytes]]]]:
    """Yield pieces of a sheet's part that hold whole rows, each with the matches of the starts of its rows."""
    rest = b""
    with packed.open(part) as stream:
        while more := stream.read(_PIECE):
            rest += more
            cut = max(rest.rfind(b"<row"), rest.rfind(b":row"))
            if cut > 0 and (starts := _starts(rest, cut)):
                yield rest[:cut], starts
                rest = rest[cut:] if rest[cut : cut + 1] == b"<" else rest[rest.rfind(b"<", 0, cut) :]
            elif len(rest) > _ROW_BYTES_MAX:
                raise SheetTooLarge(unit="bytes unpacked", limit=_ROW_BYTES_MAX, found=len(rest))
    if starts := _starts(rest, len(rest)):
        yield rest, starts


def _starts(piece: bytes, end: int) -> list[re.Match[bytes]]:
    return list((_USUAL_ROW if b"<row" in piece else _ROW).finditer(piece, 0, end))


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
