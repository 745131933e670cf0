"""What stands in one cell (单元格), read strictly into what it means: an amount, a day, a choice; or refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ledger.errors import RuleViolation
from ledger.labels import Said
from ledger.money import Fen
from ledger.policy.rates import HIGHEST

Cell = Any
"""A text, or what a workbook keeps for a number (float), a date, a time, yes or no."""

Reader = Callable[[Cell], Any]
"""Reads a cell that is not empty; raises a CellRefusal."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_AMOUNT = re.compile(r"([0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.([0-9]{1,2}))?", re.ASCII)
_RATE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,8})?)(%?)", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_DAYS = (
    re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII),
    re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})", re.ASCII),
    re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日", re.ASCII),
)
_YEARS = range(1900, 2200)
_NUMBER = int | float  # what a workbook keeps a number as


class CellRefusal(RuleViolation):
    """A cell that does not say what its column is for."""


class CellEmpty(CellRefusal):
    code = "cell_empty"
    zh = "此列必填"
    en = "this column must be filled in"


class CellNumber(CellRefusal):
    code = "number_not_text"
    zh = "单元格是数字；编号存为数字会失真，请把该列设为“文本”格式后重新填写"
    en = "the cell is a number, which does not keep an identifier: give the column the format text and write it again"


class CellLong(CellRefusal):
    code = "text_too_long"
    zh = "至多 {limit} 个字，实为 {found} 个"
    en = "at most {limit} characters, not {found}"


class CellControl(CellRefusal):
    code = "text_unfit"
    zh = "含有换行或其他控制字符，或不是文本"
    en = "it has line breaks or other control characters, or is no text"


class CellAmount(CellRefusal):
    code = "amount_unfit"
    zh = "金额 {found:text} 须为元，至多两位小数，如 50000.00 或 50,000.00，不带货币符号和负号"
    en = "the amount {found:text} is not in yuan, exact to the fen, as 50000.00 or 50,000.00, no sign or symbol"


class CellRate(CellRefusal):
    code = "rate_unfit"
    zh = "利率 {found:text} 须写作 4.75% 或 0.0475"
    en = "the rate {found:text} is not written 4.75% or 0.0475"


class CellWhole(CellRefusal):
    code = "whole_unfit"
    zh = "{found:text} 须为整数"
    en = "{found:text} is not a whole number"


class CellDay(CellRefusal):
    code = "date_unfit"
    zh = "日期 {found:text} 须写作 2016-05-10、2016/5/10 或 2016年5月10日，且确有其日"
    en = "the date {found:text} is not written 2016-05-10, 2016/5/10 or 2016年5月10日, or there is no such day"


class CellChoice(CellRefusal):
    code = "choice_unknown"
    zh = "{found:text} 不在可填范围：{limit:text}"
    en = "{found:text} is none of: {limit:text}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it stands, blanks around it cut off; what looks like a formula is a text like any other."""

    most: int
    capitals: bool = False

    def __call__(self, cell: Cell) -> str:
        told = written(cell)
        if len(told) > self.most:
            raise CellLong(limit=self.most, found=len(told))
        return told.upper() if self.capitals else told

    def read_all(self, cells: Sequence[str]) -> list[str] | None:
        """A whole column at once, None where a cell of it has to be looked at by itself."""
        told = list(map(str.strip, cells))
        if self.capitals:
            told = list(map(str.upper, told))
        fits = all(told) and max(map(len, told)) <= self.most and "".join(told).isprintable()
        return told if fits else None


def written(cell: Cell) -> str:
    """A cell's text; raises CellNumber for a number, CellControl for signs that no line of a sheet shows."""
    if isinstance(cell, _NUMBER) and not isinstance(cell, bool):
        raise CellNumber()
    if not isinstance(cell, str) or not (cell.isprintable() or CONTROL.search(cell) is None):
        raise CellControl()
    return cell.strip()


def figure(cell: Cell) -> str:
    """A cell's figure as it was typed. A workbook keeps numbers in binary; the shortest decimal that means the same
    one is what was typed, and no arithmetic is done on the binary one. What a formula left inexact shows its digits.
    """
    if isinstance(cell, _NUMBER) and not isinstance(cell, bool):
        exact = Decimal(repr(cell))
        return f"{exact.to_integral_value() if exact == exact.to_integral_value() else exact:f}"
    return written(cell)


def amount(cell: Cell) -> Fen:
    """An amount in yuan, exact to the fen, as whole fen."""
    told = figure(cell)
    found = _AMOUNT.fullmatch(told)
    if found is None:
        raise CellAmount(found=told[:40])
    yuan, part = found.groups("")
    fen = int(yuan.replace(",", "")) * 100 + int(part.ljust(2, "0"))
    if fen >= 10**15:
        raise CellAmount(found=told[:40])
    return Fen(fen)


def rate(cell: Cell) -> Decimal:
    """A yearly rate as a fraction, from 4.75% or 0.0475; 4.75 alone is nobody's rate."""
    told = figure(cell)
    found = _RATE.fullmatch(told)
    if found is None:
        raise CellRate(found=told[:40])
    number = Decimal(found[1])
    value = number.scaleb(-2) if found[2] else number
    if value > HIGHEST or value != value.quantize(Decimal("1e-8")):
        raise CellRate(found=told[:40])
    return value


def whole(cell: Cell) -> int:
    """A whole number; the one thing that may stand as a workbook's number, which is exact here."""
    if isinstance(cell, _NUMBER) and not isinstance(cell, bool) and 0 <= cell < 10**9 and cell == int(cell):
        return int(cell)
    told = str(cell).strip()
    if not isinstance(cell, str) or not _WHOLE.fullmatch(told):
        raise CellWhole(found=told[:40])
    return int(told)


def day(cell: Cell) -> date:
    """A day, as a workbook's date or in one of three written forms; a time of day is refused."""
    if isinstance(cell, datetime):
        if cell.time() != time.min:
            raise CellDay(found=cell.isoformat(" "))
        return cell.date()
    if isinstance(cell, date):
        return cell
    told = written(cell)
    for form in _DAYS:
        found = form.fullmatch(told)
        if found is not None and int(found[1]) in _YEARS:
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                break
    raise CellDay(found=told[:40])


def choice(words: Mapping[str, str]) -> Reader:
    """One of a few words, in Chinese or by its code."""

    def read(cell: Cell) -> str:
        told = written(cell)
        found = words.get(told) or words.get(told.casefold())
        if found is None:
            raise CellChoice(limit=_choices(words), found=told[:40])
        return found

    return read


def _choices(words: Mapping[str, str]) -> Said:
    """Every word that may be written; in Chinese without the codes they stand for."""
    return Said(", ".join(words), "、".join(word for word in words if word not in words.values()))


def choices(words: Mapping[str, str]) -> Reader:
    """Several of a few words, a comma or 、 between; the codes, each once, in the order of `words`."""
    one = choice(words)

    def read(cell: Cell) -> tuple[str, ...]:
        told = {one(part) for part in re.split(r"[,，、;；]", written(cell)) if part.strip()}
        return tuple(code for code in dict.fromkeys(words.values()) if code in told)

    return read
