"""Kinds of scheme parameter: how a value of a scheme document is read, bounded and written again.

Reading has two halves. `parse` turns a document's value into ours; it is all that a stored version goes through, so
a bound that is drawn closer later never makes a stored version unreadable. `check` holds the bounds for documents
that are loaded now.
"""

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


def _any(_found: Any) -> None:
    """Every value fits."""


def _same(found: Any) -> Any:
    return found


@dataclass(frozen=True, slots=True)
class Kind:
    """A parameter's Chinese name, its parser and its bounds (both raise Unfit), and its writer, the parser's inverse.

    No code reads the values of a `document_only` parameter: its rows are kept and shown with clause and source. One
    that is not `needed` may be left out of a document.
    """

    zh: str
    parse: Callable[[object], Any]
    check: Callable[[Any], None] = _any
    write: Callable[[Any], Any] = _same
    document_only: bool = False
    needed: bool = True

    def read(self, value: object) -> Any:
        """Return a document's value as ours; raise Unfit for one of another type or out of bounds."""
        found = self.parse(value)
        self.check(found)
        return found


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

    def parse(value: object) -> Fen:
        try:
            return to_fen(yuan(_text(value, _YUAN)))
        except ValueError as fault:
            raise Unfit(Said(str(fault), _YUAN.zh)) from None

    def check(found: Fen) -> None:
        if found <= 0:
            raise Unfit(Said("more than 0.00", "大于 0.00"))

    return _or_none(Kind(zh, parse, check, plain), optional)


def number(zh: str, low: str, high: str, *, optional: bool = False, places: int | None = None) -> Kind:
    """A decimal as text, from `low` to `high`, both allowed; with at most so many decimals."""

    def parse(value: object) -> Decimal:
        text = _text(value, _DECIMAL)
        try:
            return Decimal(text)
        except ArithmeticError:
            raise Unfit(Said(f"not a number: {text!r}", _DECIMAL.zh)) from None

    def check(found: Decimal) -> None:
        if not found.is_finite() or not Decimal(low) <= found <= Decimal(high):
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))
        if places is not None and found != found.quantize(Decimal(1).scaleb(-places)):
            raise Unfit(Said(f"at most {places} decimals", f"至多 {places} 位小数"))

    return _or_none(Kind(zh, parse, check, lambda found: f"{found.normalize():f}"), optional)


def share(zh: str) -> Kind:
    """A fraction of the whole, 0 to 1."""
    return number(zh, "0", "1")


def whole(zh: str, low: int, high: int, *, optional: bool = False) -> Kind:
    """A whole number from `low` to `high`, both allowed."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(Said("a whole number", "整数"))
        return value

    def check(found: int) -> None:
        if not low <= found <= high:
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))

    return _or_none(Kind(zh, parse, check), optional)


def day(zh: str, *, optional: bool = False) -> Kind:
    """A date; a scheme kept as JSON has it as text."""
    return _or_none(Kind(zh, read_date, write=date.isoformat), optional)


def choice(zh: str, words_of: object) -> Kind:
    """One word of a Literal type."""
    allowed = get_args(words_of)
    wanted = _one_of("one of ", allowed)

    def check(found: str) -> None:
        if found not in allowed:
            raise Unfit(wanted)

    return Kind(zh, lambda value: _text(value, wanted), check)


def words(zh: str, *allowed: str) -> Kind:
    """Several different words, in the order given, of those allowed (any, where none are named)."""

    def parse(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Unfit(Said("a list of words", "代码列表"))
        return tuple(value)

    def check(found: tuple[str, ...]) -> None:
        if len(set(found)) != len(found):
            raise Unfit(Said("each word once", "每项只列一次"))
        if allowed and not set(found) <= set(allowed):
            raise Unfit(_one_of("words of ", allowed))

    return Kind(zh, parse, check, list)


def flag(zh: str) -> Kind:
    """True or false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit(Said("true or false", "是或否"))
        return value

    return Kind(zh, parse)


def fixed(zh: str, only: Any) -> Kind:
    """A rule the software keeps in one way only: stated with clause and source, no other value taken."""

    def check(found: Any) -> None:
        if type(found) is not type(only) or found != only:
            raise Unfit(Said(f"only {only}", "只能取规定的值"))

    return Kind(zh, _same, check, document_only=True)


def retired(zh: str) -> Kind:
    """A parameter of earlier releases: documents that name it are read and show it; nothing follows from it."""
    return Kind(zh, _same, document_only=True, needed=False)


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


def _or_none(kind: Kind, optional: bool) -> Kind:
    if not optional:
        return kind

    def parse(value: object) -> Any:
        return None if value == NONE else kind.parse(value)

    def check(found: Any) -> None:
        if found is not None:
            kind.check(found)

    def write(found: Any) -> Any:
        return NONE if found is None else kind.write(found)

    return Kind(kind.zh, parse, check, write)
