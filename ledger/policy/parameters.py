"""Kinds of scheme parameter: how a value of a scheme document is read, bounded and written again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from ledger import labels
from ledger.labels import Said
from ledger.money import Fen, plain, to_fen, yuan

_YUAN = Said('yuan as text, like "50000.00"', "以元为单位的文本，如 50000.00")
_DECIMAL = Said('a decimal number as text, like "0.125"', "小数文本，如 0.125")
_DATE = Said("a date", "日期")

NONE = "none"
"""What a document says where a limit does not apply."""


class Unfit(Exception):
    """A value that is not what its parameter takes; `wanted` says what is."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Kind:
    """A parameter's Chinese name, its reader (raises Unfit) and its writer, the reader's inverse."""

    zh: str
    read: Callable[[object], Any]
    write: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or decision of a scheme as published: its value in JSON's words, clause and source."""

    name: str
    zh: str
    value: Any
    clause: str
    source: str

    @property
    def basis(self) -> Literal["text", "decision", "unsourced"]:
        """Whether a document says it, the programme's desk decided it, or no place is known for it."""
        if self.source.startswith("decision"):
            return "decision"
        return "unsourced" if self.source.startswith("unsourced") else "text"


def amount(zh: str, *, optional: bool = False) -> Kind:
    """Yuan as text, kept as Fen, above zero."""

    def read(value: object) -> Fen:
        try:
            fen = to_fen(yuan(_text(value, _YUAN)))
        except ValueError as fault:
            raise Unfit(Said(str(fault), _YUAN.zh)) from None
        if fen <= 0:
            raise Unfit(Said("more than 0.00", "大于 0.00"))
        return fen

    return _or_none(Kind(zh, read, plain), optional)


def number(zh: str, low: str, high: str, *, optional: bool = False, places: int | None = None) -> Kind:
    """A decimal as text, from `low` to `high`, both allowed; with at most so many decimals."""

    def read(value: object) -> Decimal:
        text = _text(value, _DECIMAL)
        try:
            found = Decimal(text)
        except ArithmeticError:
            raise Unfit(Said(f"not a number: {text!r}", _DECIMAL.zh)) from None
        if not found.is_finite() or not Decimal(low) <= found <= Decimal(high):
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))
        if places is not None and found != found.quantize(Decimal(1).scaleb(-places)):
            raise Unfit(Said(f"at most {places} decimals", f"至多 {places} 位小数"))
        return found

    return _or_none(Kind(zh, read, lambda found: f"{found.normalize():f}"), optional)


def share(zh: str) -> Kind:
    """A fraction of the whole, 0 to 1."""
    return number(zh, "0", "1")


def whole(zh: str, low: int, high: int) -> Kind:
    """A whole number from `low` to `high`, both allowed."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(Said("a whole number", "整数"))
        if not low <= value <= high:
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))
        return value

    return Kind(zh, read, _same)


def day(zh: str, *, optional: bool = False) -> Kind:
    """A date; a scheme kept as JSON has it as text."""

    def read(value: object) -> date:
        return read_date(value)

    return _or_none(Kind(zh, read, date.isoformat), optional)


def choice(zh: str, words_of: object) -> Kind:
    """One word of a Literal type."""
    allowed = get_args(words_of)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Unfit(_one_of("one of ", allowed))
        return value

    return Kind(zh, read, str)


def words(zh: str, *allowed: str) -> Kind:
    """Several different words, in the order given, of those allowed (any, where none are named)."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Unfit(Said("a list of words", "代码列表"))
        if len(set(value)) != len(value):
            raise Unfit(Said("each word once", "每项只列一次"))
        if allowed and not set(value) <= set(allowed):
            raise Unfit(_one_of("words of ", allowed))
        return tuple(value)

    return Kind(zh, read, list)


def flag(zh: str) -> Kind:
    """True or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit(Said("true or false", "是或否"))
        return value

    return Kind(zh, read, _same)


def settled(zh: str, only: Any) -> Kind:
    """A rule the software keeps in one way only: listed with clause and source, no other value taken."""

    def read(value: object) -> Any:
        if type(value) is not type(only) or value != only:
            raise Unfit(Said(f"only {only}", "只能取规定的值"))
        return tuple(value) if isinstance(value, list) else value

    return Kind(zh, read, lambda found: list(found) if isinstance(found, tuple) else found)


def _one_of(en: str, allowed: Sequence[str]) -> Said:
    """The words allowed; in Chinese by their labels, or by how many there are where they have none."""
    names = labels.table_of(allowed)
    zh = "、".join(names[word].zh for word in allowed) if names else f"规定的 {len(allowed)} 个代码之一"
    return Said(en + ", ".join(allowed), zh)


def read_date(value: object) -> date:
    """A date of a document; raises Unfit for anything else, a moment included."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(_text(value, _DATE))
    except ValueError:
        raise Unfit(_DATE) from None


def _text(value: object, wanted: Said) -> str:
    if not isinstance(value, str):
        raise Unfit(wanted)
    return value


def _same(found: Any) -> Any:
    return found


def _or_none(kind: Kind, optional: bool) -> Kind:
    if not optional:
        return kind

    def read(value: object) -> Any:
        return None if value == NONE else kind.read(value)

    def write(found: Any) -> Any:
        return NONE if found is None else kind.write(found)

    return Kind(kind.zh, read, write)
