"""The units of amounts, rates and terms in a sheet: 元, 千元, 万元; 年, 月; %, ‰ (计量单位)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ledger.errors import RuleViolation


class Dimension(StrEnum):
    """The kind of quantity in a column; each kind has its own units."""

    AMOUNT = "amount"
    RATE = "rate"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit by its Chinese name. A value times `factor` is an amount in yuan, a yearly fraction, or months."""

    word: str
    dimension: Dimension
    factor: Decimal


YUAN = Unit("元", Dimension.AMOUNT, Decimal(1))
THOUSAND = Unit("千元", Dimension.AMOUNT, Decimal(1000))
TEN_THOUSAND = Unit("万元", Dimension.AMOUNT, Decimal(10_000))
MONTHS = Unit("月", Dimension.TERM, Decimal(1))
YEARS = Unit("年", Dimension.TERM, Decimal(12))
PERCENT = Unit("%", Dimension.RATE, Decimal("0.01"))
PER_MILLE = Unit("‰", Dimension.RATE, Decimal("0.001"))
MONTHLY_PER_MILLE = Unit("‰（月）", Dimension.RATE, Decimal("0.012"))

UNITS: Mapping[Dimension, Mapping[str, Unit]] = {
    Dimension.AMOUNT: {
        "元": YUAN,
        "人民币元": YUAN,
        "yuan": YUAN,
        "千元": THOUSAND,
        "万元": TEN_THOUSAND,
        "万": TEN_THOUSAND,
    },
    Dimension.TERM: {"月": MONTHS, "个月": MONTHS, "months": MONTHS, "年": YEARS},
    Dimension.RATE: {"%": PERCENT, "百分比": PERCENT, "‰": PER_MILLE},
}
"""The units that a heading, a line of units or a cell may name, by kind of quantity."""

_BRACKETED = re.compile(r"[(\[【]([^)\]】]*)[)\]】]")
_TRAILING_SIGN = re.compile(r"[%‰]$")
_UNIT_LINE = re.compile(r"[(]?(?:金额)?单位[:](.*?)[)]?")


class UnitUnknown(RuleViolation):
    code = "unit_unknown"
    zh = "表头“{heading:text}”中的“{found:text}”不是可识别的单位；可用：{limit:text}；其他说明请移到备注列"
    en = "{found:text} in the heading {heading:text} is no known unit; use one of: {limit:text}"


class UnitContradicts(RuleViolation):
    code = "unit_contradicts"
    zh = "单位前后不一致：{found:text}；请在表头、单位行和单元格中使用同一单位"
    en = "the units contradict each other: {found:text}; name one unit in heading, line of units and cell"


def plain_text(cell: object) -> str:
    """Return the text of a cell in half-width characters, without blanks around the text."""
    return unicodedata.normalize("NFKC", str(cell)).strip()


def unit_of_heading(heading: str, dimension: Dimension, plain: str) -> Unit | None:
    """Return the unit that the heading of a column names, or None; raise UnitUnknown for any other bracket.

    `plain` is the heading without brackets. The sign ‰ is read only under 月利率, where the yearly rate is 12 times the
    value, and under 年利率; 月利率 is read only with ‰.
    """
    text = plain_text(heading)
    words = [word.strip() for word in _BRACKETED.findall(text)]
    words += _TRAILING_SIGN.findall(text)
    found: list[Unit] = []
    for word in words:
        unit = _named(word, dimension)
        if unit is PER_MILLE:
            unit = MONTHLY_PER_MILLE if plain.startswith("月利率") else unit if plain.startswith("年利率") else None
        if unit is None or (plain.startswith("月利率") and unit is not MONTHLY_PER_MILLE):
            raise UnitUnknown(heading=text[:40], found=word[:20], limit=_known(dimension))
        found.append(unit)
    if not found and plain.startswith("月利率"):
        raise UnitUnknown(heading=text[:40], found="月利率", limit="月利率（‰）、年利率（%）")
    return single(found)


def units_of_line(cells: Iterable[object]) -> list[Unit]:
    """Return the units that a line above the table names, such as 单位：万元; raise UnitUnknown for 单位：百万元.

    The word 单位 also means an office, so a line that names no amount, such as 单位：某农商银行, names no unit.
    """
    units = []
    for cell in cells:
        match = _UNIT_LINE.fullmatch(plain_text(cell)) if isinstance(cell, str) else None
        for word in re.split(r"[、,/;和 ]+", match[1].strip()) if match else ():
            unit = next(filter(None, (_named(word, dimension) for dimension in Dimension)), None)
            if unit is not None:
                units.append(unit)
            elif word.endswith("元"):
                raise UnitUnknown(heading=plain_text(cell)[:40], found=word[:20], limit=_known(Dimension.AMOUNT))
    return units


def unit_of_cell(cell: object, dimension: Dimension) -> Unit | None:
    """Return the unit that a cell of a line of units names, such as （元）; None where the cell is something else."""
    return _named(plain_text(cell).strip("()[]【】"), dimension)


def single(units: Iterable[Unit]) -> Unit | None:
    """Return the only unit of several mentions, or None without a mention; raise UnitContradicts for two units."""
    different = list(dict.fromkeys(units))
    if len(different) > 1:
        raise UnitContradicts(found="、".join(unit.word for unit in different))
    return different[0] if different else None


def _named(word: str, dimension: Dimension) -> Unit | None:
    return UNITS[dimension].get(word.casefold())


def _known(dimension: Dimension) -> str:
    return "、".join(dict.fromkeys(unit.word for unit in UNITS[dimension].values()))
