"""Typesets pages as PDF/A with the library typst, in fonts that come with the product.

A document with many pages is typeset in parts, so that little memory is needed.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pylopdf_fonts_jp
import pylopdf_fonts_zh_cn
import pylopdf_fonts_zh_tw
import typst
from fontTools.ttLib import TTFont

from ledger.dates import day_start

_FACES: dict[str, Path] = {
    # The font Noto Serif SC (宋体) has all Chinese characters of Unicode's basic block and of extension A.
    "Noto Serif SC": pylopdf_fonts_zh_cn.serif_path(),
    # The font Noto Serif TC has most Chinese characters of Unicode's extension B that occur in names.
    "Noto Serif TC": pylopdf_fonts_zh_tw.serif_path(),
    "Noto Serif JP": pylopdf_fonts_jp.serif_path(),
}
GETA = "〓"
"""The printers' mark that replaces a character that no font has (字空)."""

_CHUNK = 75
_AT_ONCE = 2
_AGES = 11
"""The number of further compilations after which typst drops a cached result that no compilation has used."""


def legible(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a printable form of a text, and the characters of the text that cannot be printed.

    In the printable form, GETA replaces each character that no font has, and a space replaces each line break.
    """
    if text.isprintable() and _usual().issuperset(map(ord, text)):
        return text, ()
    signs = [(sign, " " if sign.isspace() else sign if _printable(sign) else GETA) for sign in text]
    return "".join(shown for _, shown in signs), tuple(sign for sign, shown in signs if shown == GETA != sign)


def _printable(sign: str) -> bool:
    return sign.isprintable() and any(ord(sign) in _covered(path) for path in _FACES.values())


def _usual() -> frozenset[int]:
    """Return the code points that the first font can print; most texts need no other font."""
    return _covered(next(iter(_FACES.values())))


@cache
def _covered(path: Path) -> frozenset[int]:
    """Return every code point for which a font has a glyph."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def typeset(template: str, shared: Mapping[str, Any], pages: Sequence[Mapping[str, Any]], dated: date) -> bytes:
    """Return the pages of a template (a `.typ` file beside this module) as one PDF/A-2b; equal facts give equal bytes.

    `dated` is the day that the PDF file gives as its date of creation. The library typst keeps half a megabyte of
    memory for each typeset page. Many pages are therefore typeset in parts, memory is released after each part, and the
    parts are joined. Two parts are typeset at the same time, since some processors are idle while a part begins or
    ends.
    """
    source = str(files("ledger.exports") / "templates" / template)

    def part(first: int) -> bytes:
        pdf = _compile(source, {**shared, "pages": pages[first : first + _CHUNK]}, dated)
        if len(pages) > _CHUNK:
            _forget()
        return pdf

    with ThreadPoolExecutor(_AT_ONCE) as setting:
        parts = list(setting.map(part, range(0, len(pages), _CHUNK)))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _compile(source: str, facts: Mapping[str, Any], dated: date) -> bytes:
    # The library typst refuses to write a PDF/A with a missing glyph. A bug in `legible` therefore causes an error, and
    # never a notice with an empty box in place of a character.
    return typst.compile(
        source,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_standards="a-2b",
        pdf_tags=False,
        sys_inputs={"facts": json.dumps({**facts, "fonts": list(_FACES)}, ensure_ascii=False)},
        timestamp=int(day_start(dated).timestamp()),
    )


@cache
def _fonts() -> typst.Fonts:
    folders = [path.parent for path in _FACES.values()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _forget() -> None:
    for _ in range(_AGES):
        typst.compile(b"", font_paths=_fonts(), ignore_system_fonts=True)


def _joined(parts: Sequence[bytes]) -> bytes:
    """Return the parts joined to one PDF; all pages are added to the first part, which has the metadata for PDF/A."""
    into = BytesIO()
    with pikepdf.open(BytesIO(parts[0])) as whole:
        for part in parts[1:]:
            with pikepdf.open(BytesIO(part)) as pdf:
                whole.pages.extend(pdf.pages)
        whole.save(into, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return into.getvalue()
