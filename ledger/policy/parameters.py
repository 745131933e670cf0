"""Kinds of scheme parameter: how a value of a scheme document is read, bounded and written again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from ledger.money import Fen, plain, to_fen, yuan

NONE = "none"
"""What a document says where a limit does not apply."""


class Unfit(Exception):
    """A value that is not what its parameter takes; the text says what is."""


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
            fen = to_fen(yuan(_text(value, 'yuan as text, like "50000.00"')))
        except ValueError as fault:
            raise Unfit(str(fault)) from None
        if fen <= 0:
            raise Unfit("more than 0.00")
        return fen

    return _or_none(Kind(zh, read, plain), optional)


def number(zh: str, low: str, high: str, *, optional: bool = False, places: int | None = None) -> Kind:
    """A decimal as text, from `low` to `high`, both allowed; with at most so many decimals."""

    def read(value: object) -> Decimal:
        text = _text(value, 'a decimal number as text, like "0.125"')
        try:
            found = Decimal(text)
        except ArithmeticError:
            raise Unfit(f"not a number: {text!r}") from None
        if not found.is_finite() or not Decimal(low) <= found <= Decimal(high):
            raise Unfit(f"from {low} to {high}")
        if places is not None and found != found.quantize(Decimal(1).scaleb(-places)):
            raise Unfit(f"at most {places} decimals")
        return found

    return _or_none(Kind(zh, read, lambda found: f"{found.normalize():f}"), optional)


def share(zh: str) -> Kind:
    """A fraction of the whole, 0 to 1."""
    return number(zh, "0", "1")


def whole(zh: str, low: int, high: int) -> Kind:
    """A whole number from `low` to `high`, both allowed."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit("a whole number")
        if not low <= value <= high:
            raise Unfit(f"from {low} to {high}")
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
            raise Unfit("one of " + ", ".join(allowed))
        return value

    return Kind(zh, read, str)


def words(zh: str, *allowed: str) -> Kind:
    """Several different words, in the order given, of those allowed (any, where none are named)."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Unfit("a list of words")
        if len(set(value)) != len(value):
            raise Unfit("each word once")
        if allowed and not set(value) <= set(allowed):
            raise Unfit("words of " + ", ".join(allowed))
        return tuple(value)

    return Kind(zh, read, list)


def flag(zh: str) -> Kind:
    """True or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit("true or false")
        return value

    return Kind(zh, read, _same)


def settled(zh: str, only: Any) -> Kind:
    """A rule the software keeps in one way only: listed with clause and source, no other value taken."""

    def read(value: object) -> Any:
        if type(value) is not type(only) or value != only:
            raise Unfit(f"only {only}")
        return tuple(value) if isinstance(value, list) else value

    return Kind(zh, read, lambda found: list(found) if isinstance(found, tuple) else found)


def read_date(value: object) -> date:
    """A date of a document; raises Unfit for anything else, a moment included."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(_text(value, "a date"))
    except ValueError:
        raise Unfit("a date") from None


def _text(value: object, wanted: str) -> str:
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
