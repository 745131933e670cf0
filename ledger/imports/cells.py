"""Readers of cells (单元格): a reader returns the value of a cell, such as an amount or a day, or refuses the cell."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from ledger.errors import RuleViolation
from ledger.labels import Said
from ledger.policy import identifiers
from ledger.policy.identity import check_id_card, check_uscc

Cell = Any
"""The content of a cell: a text, or a workbook's value for a number (float), a date, a time or a yes or no."""

Reader = Callable[[Cell], Any]
"""A function that returns the value of a cell that is not empty, and raises RuleViolation to refuse a cell."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DAYS = (
    re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", re.ASCII),
    re.compile(r"([0-9]{4})()([0-9]{2})([0-9]{2})", re.ASCII),
    re.compile(r"([0-9]{4})()年([0-9]{1,2})月([0-9]{1,2})日", re.ASCII),
)
_YEARS = range(1900, 2200)
_NUMBER = int | float  # the Python types of the numbers in a workbook


class CellRefusal(RuleViolation):
    """The refusal of a cell that does not have the form that the cell's column requires."""


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


class CellDay(CellRefusal):
    code = "date_unfit"
    zh = "日期 {found:text} 须写作 2016-05-10、2016/5/10、2016.5.10、20160510 或 2016年5月10日，年份四位，且确有其日"
    en = "the date {found:text} is not 2016-05-10, 2016/5/10, 2016.5.10, 20160510 or 2016年5月10日, or does not exist"


class CellChoice(CellRefusal):
    code = "choice_unknown"
    zh = "{found:text} 不在可填范围：{limit:text}"
    en = "{found:text} is none of: {limit:text}"


@dataclass(frozen=True, slots=True)
class Text:
    """The reader of a text of at most `most` characters, in the form that `form` gives to the text.

    A text that looks like a formula is read like any other text.
    """

    most: int
    form: Callable[[str], str] = str.strip

    def __call__(self, cell: Cell) -> str:
        text = self.form(written(cell))
        if len(text) > self.most:
            raise CellLong(limit=self.most, found=len(text))
        return text

    def read_all(self, cells: Sequence[str]) -> list[str] | None:
        """Return the texts of a whole column; return None if some cell of the column must be read separately."""
        texts = list(map(str.strip, cells))
        if not all(texts) or max(map(len, texts)) > self.most or not "".join(texts).isprintable():
            return None
        return texts


@dataclass(frozen=True, slots=True)
class Identifier(Text):
    """The reader of an identifier in its stored form; `check` refuses identifiers that break a rule of their kind.

    With `from_text_file`, identifiers whose last digits a spreadsheet program may have rounded are refused too.
    """

    form: Callable[[str], str] = identifiers.identifier
    check: Callable[[str], Any] = str
    from_text_file: bool = False

    def __call__(self, cell: Cell) -> Any:
        # A method of the base class is named explicitly, since `super` does not work in a dataclass with slots.
        code = Text.__call__(self, _visible(cell))
        return self.check(identifiers.check_digits_kept(code) if self.from_text_file else code)

    def read_all(self, cells: Sequence[str]) -> list[str] | None:
        if self.check is not str:
            return None
        texts = Text.read_all(self, cells)
        if texts is None or not identifiers.is_plain(joined := "".join(texts)):
            return None
        if "+" in joined or (self.from_text_file and any(len(text) > 17 and text.endswith("000") for text in texts)):
            return None
        return list(map(str.upper, texts))


@dataclass(frozen=True, slots=True)
class Name(Text):
    """The reader of the name of a person or an organisation, in its stored form."""

    form: Callable[[str], str] = identifiers.person_name

    def __call__(self, cell: Cell) -> str:
        return Text.__call__(self, _visible(cell))

    def read_all(self, cells: Sequence[str]) -> list[str] | None:
        texts = Text.read_all(self, cells)
        plain = texts is not None and identifiers.is_plain(joined := "".join(texts)) and not set(joined) & set("•‧・●")
        return texts if plain else None


def _visible(cell: Cell) -> Cell:
    """Return a cell; where its text has a character that nobody sees, raise InvisibleCharacter with the character."""
    if isinstance(cell, str) and not cell.isprintable():
        identifiers.identifier(cell)
    return cell


def written(cell: Cell) -> str:
    """Return the text of a cell without the blanks around it.

    Raises CellNumber for a number, and CellControl for characters that are invisible in a line of a sheet.
    """
    if isinstance(cell, _NUMBER) and not isinstance(cell, bool):
        raise CellNumber()
    if not isinstance(cell, str) or not (cell.isprintable() or CONTROL.search(cell) is None):
        raise CellControl()
    return cell.strip()


def figure(cell: Cell) -> str:
    """Return the figure that a person typed into a cell.

    A workbook stores a number as a float, so the figure is the shortest decimal that reads as an equal float. The float
    in a workbook's cell is never used in arithmetic. For a formula with an inexact result, the returned figure has all
    digits of the result.
    """
    if isinstance(cell, _NUMBER) and not isinstance(cell, bool):
        exact = Decimal(repr(cell))
        return f"{exact.to_integral_value() if exact == exact.to_integral_value() else exact:f}"
    return unicodedata.normalize("NFKC", written(cell)).strip()


def day(cell: Cell) -> date:
    """Return a day from a workbook's date or from a text in a form of `_DAYS`; raise CellDay for any other cell.

    A workbook's number such as 42500 is refused, because only the format of a cell says that a number is a date.
    """
    if isinstance(cell, datetime):
        if cell.time() != time.min:
            raise CellDay(found=cell.isoformat(" "))
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = "".join(figure(cell).split())
    for form in _DAYS:
        match = form.fullmatch(text)
        if match is not None and int(match[1]) in _YEARS:
            try:
                return date(int(match[1]), int(match[3]), int(match[4]))
            except ValueError:
                break
    raise CellDay(found=text[:40])


def id_card() -> Identifier:
    """Return the reader of an identity card number, which raises the refusals of `check_id_card`."""
    return Identifier(40, check=check_id_card)


def uscc() -> Identifier:
    """Return the reader of a unified social credit code, which raises the refusals of `check_uscc`."""
    return Identifier(40, check=check_uscc)


def choice(words: Mapping[str, str]) -> Reader:
    """Return a reader that accepts one of a few words, in Chinese or as a code, and returns the code of the word."""

    def read(cell: Cell) -> str:
        text = written(cell)
        code = words.get(text) or words.get(text.casefold())
        if code is None:
            raise CellChoice(limit=_choices(words), found=text[:40])
        return code

    return read


def _choices(words: Mapping[str, str]) -> Said:
    """Return the text that lists all accepted words; the Chinese text leaves out the English codes."""
    return Said(", ".join(words), "、".join(word for word in words if word not in words.values()))


def choices(words: Mapping[str, str]) -> Reader:
    """Return a reader that accepts words separated by commas, and returns each code once, ordered as in `words`."""
    one = choice(words)

    def read(cell: Cell) -> tuple[str, ...]:
        codes = {one(part) for part in re.split(r"[,，、;；]", written(cell)) if part.strip()}
        return tuple(code for code in dict.fromkeys(words.values()) if code in codes)

    return read


_TEXTS = {str}


class _Values(dict[Any, Any]):
    """A cache of the values of a column's cells, by cell; `refused` holds the refusal of each unreadable cell."""

    def __init__(self, read: Reader, needed: bool, default: Any) -> None:
        super().__init__()
        self.read, self.needed, self.default = read, needed, default
        self.refused: dict[Any, RuleViolation] = {}

    def __missing__(self, key: Any) -> Any:
        cell = key[1] if key.__class__ is tuple else key
        value = None
        if cell.__class__ is str and (not cell or cell.isspace()):
            value = self.default
            if self.needed:
                self.refused[key] = CellEmpty()
        else:
            try:
                value = self.read(cell)
            except RuleViolation as refusal:
                self.refused[key] = refusal
        self[key] = value
        return value


def read_column(
    cells: Sequence[Cell], read: Reader, *, needed: bool, default: Any
) -> tuple[list[Any], list[tuple[int, RuleViolation]]]:
    """Return the values of a column's cells, and each refusal with the place of the refused cell in the column.

    An empty cell has the value `default`, but is refused if the column is `needed`. A cell that was refused has the
    value None.
    """
    only_texts = set(map(type, cells)) == _TEXTS
    if only_texts and isinstance(read, Text) and (texts := read.read_all(cells)) is not None:
        return list[Any](texts), []
    values = _Values(read, needed, default)
    # The type of a number is part of the cache's key, since True, 1 and 1.0 alone would be the same key of a dict.
    keys: Sequence[Any] = cells
    if not only_texts:
        keys = [cell if cell.__class__ is str else (cell.__class__, cell) for cell in cells]
    column = [values[key] for key in keys]
    if not values.refused:
        return column, []
    return column, [(place, values.refused[key]) for place, key in enumerate(keys) if key in values.refused]
