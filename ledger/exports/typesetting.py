"""Pages as PDF/A by typst: fonts that come with the product, no sign lost, any number of pages in little memory."""

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
    "Noto Serif SC": pylopdf_fonts_zh_cn.serif_path(),  # 宋体; all of the basic block and of extension A
    "Noto Serif TC": pylopdf_fonts_zh_tw.serif_path(),  # what it lacks: most of extension B that people are named by
    "Noto Serif JP": pylopdf_fonts_jp.serif_path(),
}
GETA = "〓"
"""Stands for a sign that no font has (printers' 字空): it is seen, and said beside it which sign it was."""

_CHUNK = 75
_AT_ONCE = 2
_AGES = 11  # typst keeps what it computed until ten compilations later did not ask for it


def legible(text: str) -> tuple[str, tuple[str, ...]]:
    """A text as it can be printed, and what was not printable: GETA stands for each such sign, a space for a break."""
    if text.isprintable() and _usual().issuperset(map(ord, text)):
        return text, ()
    found = [(sign, " " if sign.isspace() else sign if _printable(sign) else GETA) for sign in text]
    return "".join(shown for _, shown in found), tuple(sign for sign, shown in found if shown == GETA != sign)


def _printable(sign: str) -> bool:
    return sign.isprintable() and any(ord(sign) in _covered(path) for path in _FACES.values())


def _usual() -> frozenset[int]:
    """What the first font has: all that most texts need."""
    return _covered(next(iter(_FACES.values())))


@cache
def _covered(path: Path) -> frozenset[int]:
    """Every code point that a font has a glyph for."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def typeset(template: str, shared: Mapping[str, Any], pages: Sequence[Mapping[str, Any]], dated: date) -> bytes:
    """The pages of a template (a `.typ` file beside this module), as one PDF/A-2b; the same facts give the same bytes.

    `dated` is the document's date. typst keeps what it laid out, half a megabyte a page: many pages are set some at a
    time, what was kept is let go of after each part, and the parts are joined. Two at once, since one alone leaves
    processors idle while it begins and ends.
    """
    source = str(files("ledger.exports") / "templates" / template)

    def part(first: int) -> bytes:
        made = _compile(source, {**shared, "pages": pages[first : first + _CHUNK]}, dated)
        if len(pages) > _CHUNK:
            _forget()
        return made

    with ThreadPoolExecutor(_AT_ONCE) as setting:
        parts = list(setting.map(part, range(0, len(pages), _CHUNK)))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _compile(source: str, facts: Mapping[str, Any], dated: date) -> bytes:
    # PDF/A refuses a glyph that is missing: should `legible` ever be wrong there is no paper rather than an empty box.
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
    """The first part with the pages of the others; it brings what PDF/A asks of the document."""
    into = BytesIO()
    with pikepdf.open(BytesIO(parts[0])) as whole:
        for part in parts[1:]:
            with pikepdf.open(BytesIO(part)) as pdf:
                whole.pages.extend(pdf.pages)
        whole.save(into, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return into.getvalue()
