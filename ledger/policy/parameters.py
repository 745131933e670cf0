"""Kinds of scheme parameter; a kind says how a parameter's value is read from a document, checked, and written.

`parse` converts the value of a parameter from its form in a document. A stored scheme version is only parsed, not
checked, so the version stays readable after a bound is tightened. `check` compares a document that is being loaded with
the bounds of its parameters.
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
"""The word in a document for a limit that does not apply."""


class Unfit(Exception):
    """The error for a value that does not fit its parameter; `wanted` describes the values that fit."""

    def __init__(self, wanted: Said) -> None:
        super().__init__(wanted)
        self.wanted = wanted


def _any(_parsed: Any) -> None:
    """Accept every value."""


def _same(parsed: Any) -> Any:
    return parsed


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of parameter: the Chinese name, the parser, the check of bounds, and the writer.

    The parser and the check raise Unfit. The writer is the inverse of the parser. The value of a `document_only`
    parameter is stored and shown with its clause and source, but no rule reads the value. A parameter that is not
    `needed` may be missing from a document.
    """

    zh: str
    parse: Callable[[object], Any]
    check: Callable[[Any], None] = _any
    write: Callable[[Any], Any] = _same
    document_only: bool = False
    needed: bool = True

    def read(self, value: object) -> Any:
        """Return the parsed value from a document; raise Unfit if the value has a wrong type or is out of bounds."""
        parsed = self.parse(value)
        self.check(parsed)
        return parsed


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a published scheme: its value in JSON form, its clause and its source."""

    name: str
    zh: str
    value: Any
    clause: str
    source: str

    @property
    def basis(self) -> Literal["text", "decision", "unsourced"]:
        """Return the basis of a value: a published text, a decision of the programme's office, or no known source."""
        if self.source.startswith("decision"):
            return "decision"
        return "unsourced" if self.source.startswith("unsourced") else "text"


def amount(zh: str, *, optional: bool = False) -> Kind:
    """Return the kind of an amount of money: yuan written as text, parsed to fen, and above zero."""

    def parse(value: object) -> Fen:
        try:
            return to_fen(yuan(_text(value, _YUAN)))
        except ValueError as fault:
            raise Unfit(Said(str(fault), _YUAN.zh)) from None

    def check(parsed: Fen) -> None:
        if parsed <= 0:
            raise Unfit(Said("more than 0.00", "大于 0.00"))

    return _or_none(Kind(zh, parse, check, plain), optional)


def number(zh: str, low: str, high: str, *, optional: bool = False, places: int | None = None) -> Kind:
    """Return the kind of a decimal number written as text, from `low` to `high`, with at most `places` decimals."""

    def parse(value: object) -> Decimal:
        text = _text(value, _DECIMAL)
        try:
            return Decimal(text)
        except ArithmeticError:
            raise Unfit(Said(f"not a number: {text!r}", _DECIMAL.zh)) from None

    def check(parsed: Decimal) -> None:
        if not parsed.is_finite() or not Decimal(low) <= parsed <= Decimal(high):
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))
        if places is not None and parsed != parsed.quantize(Decimal(1).scaleb(-places)):
            raise Unfit(Said(f"at most {places} decimals", f"至多 {places} 位小数"))

    return _or_none(Kind(zh, parse, check, lambda parsed: f"{parsed.normalize():f}"), optional)


def share(zh: str) -> Kind:
    """Return the kind of a share: a fraction from 0 to 1."""
    return number(zh, "0", "1")


def whole(zh: str, low: int, high: int, *, optional: bool = False) -> Kind:
    """Return the kind of a whole number from `low` to `high`, both included."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(Said("a whole number", "整数"))
        return value

    def check(parsed: int) -> None:
        if not low <= parsed <= high:
            raise Unfit(Said(f"from {low} to {high}", f"{low} 至 {high}"))

    return _or_none(Kind(zh, parse, check), optional)


def day(zh: str, *, optional: bool = False) -> Kind:
    """Return the kind of a date, stored as text in the JSON form of a scheme."""
    return _or_none(Kind(zh, read_date, write=date.isoformat), optional)


def choice(zh: str, words_of: object) -> Kind:
    """Return the kind of a choice: one word of a Literal type."""
    allowed = get_args(words_of)
    wanted = _one_of("one of ", allowed)

    def check(parsed: str) -> None:
        if parsed not in allowed:
            raise Unfit(wanted)

    return Kind(zh, lambda value: _text(value, wanted), check)


def words(zh: str, *allowed: str) -> Kind:
    """Return the kind of a list of different words, kept in order; without `allowed`, any words may be listed."""

    def parse(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Unfit(Said("a list of words", "代码列表"))
        return tuple(value)

    def check(parsed: tuple[str, ...]) -> None:
        if len(set(parsed)) != len(parsed):
            raise Unfit(Said("each word once", "每项只列一次"))
        if allowed and not set(parsed) <= set(allowed):
            raise Unfit(_one_of("words of ", allowed))

    return Kind(zh, parse, check, list)


def flag(zh: str) -> Kind:
    """Return the kind of a value that is true or false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit(Said("true or false", "是或否"))
        return value

    return Kind(zh, parse)


def fixed(zh: str, only: Any) -> Kind:
    """Return the kind of a rule that the program implements in only one way: `only` is the only allowed value."""

    def check(parsed: Any) -> None:
        if type(parsed) is not type(only) or parsed != only:
            raise Unfit(Said(f"only {only}", "只能取规定的值"))

    return Kind(zh, _same, check, document_only=True)


def retired(zh: str) -> Kind:
    """Return the kind of an obsolete parameter: documents may still contain the parameter, but no rule uses it."""
    return Kind(zh, _same, document_only=True, needed=False)


def _one_of(en: str, allowed: Sequence[str]) -> Said:
    """Return the text that lists the allowed words; the Chinese text has labels or, if none, the number of words."""
    names = labels.table_of(allowed)
    zh = "、".join(names[word].zh for word in allowed) if names else f"规定的 {len(allowed)} 个代码之一"
    return Said(en + ", ".join(allowed), zh)


def read_date(value: object) -> date:
    """Return a document's value as a date; raise Unfit for any other value, including a date with a time."""
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

    def check(parsed: Any) -> None:
        if parsed is not None:
            kind.check(parsed)

    def write(parsed: Any) -> Any:
        return NONE if parsed is None else kind.write(parsed)

    return Kind(kind.zh, parse, check, write)
