"""Kinds of scheme parameter: how a value of a scheme document is read, bounded and written again.

Reading has two halves. `parse` turns a document's value into ours; it is all that a stored version goes through, so
a bound that is drawn closer later never makes a stored version unreadable. `check` holds the bounds for documents
that are loaded now.
"""

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
            return to_fen(yuan(_text(value, 'yuan as text, like "50000.00"')))
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def check(found: Fen) -> None:
        if found <= 0:
            raise Unfit("more than 0.00")

    return _or_none(Kind(zh, parse, check, plain), optional)


def number(zh: str, low: str, high: str, *, optional: bool = False, places: int | None = None) -> Kind:
    """A decimal as text, from `low` to `high`, both allowed; with at most so many decimals."""

    def parse(value: object) -> Decimal:
        text = _text(value, 'a decimal number as text, like "0.125"')
        try:
            return Decimal(text)
        except ArithmeticError:
            raise Unfit(f"not a number: {text!r}") from None

    def check(found: Decimal) -> None:
        if not found.is_finite() or not Decimal(low) <= found <= Decimal(high):
            raise Unfit(f"from {low} to {high}")
        if places is not None and found != found.quantize(Decimal(1).scaleb(-places)):
            raise Unfit(f"at most {places} decimals")

    return _or_none(Kind(zh, parse, check, lambda found: f"{found.normalize():f}"), optional)


def share(zh: str) -> Kind:
    """A fraction of the whole, 0 to 1."""
    return number(zh, "0", "1")


def whole(zh: str, low: int, high: int, *, optional: bool = False) -> Kind:
    """A whole number from `low` to `high`, both allowed."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit("a whole number")
        return value

    def check(found: int) -> None:
        if not low <= found <= high:
            raise Unfit(f"from {low} to {high}")

    return _or_none(Kind(zh, parse, check), optional)


def day(zh: str, *, optional: bool = False) -> Kind:
    """A date; a scheme kept as JSON has it as text."""
    return _or_none(Kind(zh, read_date, write=date.isoformat), optional)


def choice(zh: str, words_of: object) -> Kind:
    """One word of a Literal type."""
    allowed = get_args(words_of)
    wanted = "one of " + ", ".join(allowed)

    def check(found: str) -> None:
        if found not in allowed:
            raise Unfit(wanted)

    return Kind(zh, lambda value: _text(value, wanted), check)


def words(zh: str, *allowed: str) -> Kind:
    """Several different words, in the order given, of those allowed (any, where none are named)."""

    def parse(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Unfit("a list of words")
        return tuple(value)

    def check(found: tuple[str, ...]) -> None:
        if len(set(found)) != len(found):
            raise Unfit("each word once")
        if allowed and not set(found) <= set(allowed):
            raise Unfit("words of " + ", ".join(allowed))

    return Kind(zh, parse, check, list)


def flag(zh: str) -> Kind:
    """True or false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            raise Unfit("true or false")
        return value

    return Kind(zh, parse)


def fixed(zh: str, only: Any) -> Kind:
    """A rule the software keeps in one way only: stated with clause and source, no other value taken."""

    def check(found: Any) -> None:
        if type(found) is not type(only) or found != only:
            raise Unfit(f"only {only}")

    return Kind(zh, _same, check, document_only=True)


def retired(zh: str) -> Kind:
    """A parameter of earlier releases: documents that name it are read and show it; nothing follows from it."""
    return Kind(zh, _same, document_only=True, needed=False)


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
