"""Letters for tests of the printed notice, and functions that read the text, glyphs and positions from a PDF."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2

from ledger.exports.notice_pdf import NoticePaper
from ledger.money import Fen

_LETTER: dict[str, Any] = {
    "number": "HT2016-000123-20190510-1",
    "kind": "D30",
    "programme": "赣州市产业扶贫信贷通（2016）",
    "bank": "赣州农村商业银行（农信社）",
    "borrower": "刘福",
    "identity": "3607**********1234",
    "is_organisation": False,
    "address": "瑞金市叶坪镇大胜村",
    "contract_no": "HT2016-000123",
    "signed_on": date(2016, 5, 9),
    "made_on": date(2019, 4, 10),
    "as_of": date(2019, 4, 10),
    "due_on": date(2019, 5, 10),
    "payable_on": date(2019, 5, 10),
    "provisional": False,
    "extended": False,
    "may_extend": True,
    "subsidised": True,
    "annual_rate": Decimal("0.0475"),
    "overdue_rate": Decimal("0.07125"),
    "compounds": True,
    "principal": Fen(5000000),
    "balance": Fen(5000000),
    "unpaid": Fen(0),
    "coming": Fen(32986),
    "charges": Fen(0),
    "credit": Fen(0),
}


def letter(**facts: Any) -> NoticePaper:
    """Return the first notice of an ordinary loan to a household, with some fields replaced."""
    return NoticePaper(**(_LETTER | facts))


def texts(pdf: bytes) -> list[str]:
    """Return the text of each page of a PDF, without line breaks and spaces."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return ["".join(page.split()).replace("\u200b", "").replace("\ufffe", "") for page in pages]


def glyphs(pdf: bytes) -> Iterator[int]:
    """Yield the glyph number of every character in a PDF.

    The glyph number 0 is the empty box drawn for a character that the font does not contain.
    """
    with pikepdf.open(BytesIO(pdf)) as document:
        for page in document.pages:
            for drawn in pikepdf.parse_content_stream(page, "Tj TJ"):
                for part in _strings(drawn.operands):
                    yield from (int.from_bytes(part[at : at + 2]) for at in range(0, len(part), 2))


def _strings(operands: Any) -> Iterator[bytes]:
    for each in operands:
        if isinstance(each, pikepdf.String):
            yield bytes(each)
        elif isinstance(each, pikepdf.Array):
            yield from _strings(each)


def without_ink(pdf: bytes, signs: str) -> dict[str, int]:
    """Return, for each given character, how often the character appears invisibly on the first page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[0].render(scale=3, grayscale=True)
        pixels, stride, high = bytes(picture.buffer), picture.stride, picture.height
        text = document[0].get_textpage()
        blank: dict[str, int] = {}
        for index, sign in _placed(text):
            if sign in signs:
                left, bottom, right, top = (int(edge * 3) for edge in text.get_charbox(index, loose=True))
                rows = range(max(0, high - top), min(high, high - bottom))
                darkest = min(min(pixels[row * stride + left : row * stride + right]) for row in rows)
                blank[sign] = blank.get(sign, 0) + (darkest > 150)
        return blank
    finally:
        document.close()


def _placed(text: Any) -> Iterator[tuple[int, str]]:
    """Yield the characters of a PDF page with their positions.

    A character outside the basic multilingual plane takes two positions.
    """
    units = [pypdfium2.raw.FPDFText_GetUnicode(text, index) for index in range(text.count_chars())]
    for index, unit in enumerate(units):
        if 0xD800 <= unit < 0xDC00:
            yield index, chr(0x10000 + (unit - 0xD800) * 0x400 + units[index + 1] - 0xDC00)
        elif not 0xDC00 <= unit < 0xE000:
            yield index, chr(unit)
