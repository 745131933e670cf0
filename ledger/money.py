"""Exact amounts of money: Money (CNY) in requests and answers, whole fen inside the ledger.

Every division that needs rounding rounds half up to a whole fen.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NewType

from moneyed import CNY, Money

Fen = NewType("Fen", int)
"""An amount in whole fen (分, 1/100 yuan), the unit in which policy, events and the journal calculate."""

NIL = Fen(0)
ZERO = Money(0, CNY)


def yuan(text: str | int | Decimal) -> Money:
    """Return Money for an amount in yuan, exact to the fen ("50000.00").

    Raise TypeError for a float, ValueError for a fraction of a fen or for text that is no finite number.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise TypeError(f"an amount is given as text, never as {type(text).__name__}")
    try:
        amount = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"not an amount: {text!r}") from None
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"not a whole number of fen: {text!r}")
    return Money(amount.quantize(Decimal("0.01")), CNY)


def to_fen(money: Money) -> Fen:
    """Return an amount in whole fen; raise ValueError for another currency or a fraction of a fen."""
    fen = money.amount * 100
    if money.currency != CNY or fen != int(fen):
        raise ValueError(f"not whole fen of CNY: {money!r}")
    return Fen(int(fen))


def of_fen(fen: int) -> Money:
    """Return Money for an amount in whole fen."""
    return Money(Decimal(fen).scaleb(-2), CNY)


def plain(amount: Money | int) -> str:
    """Return an amount as text in yuan with two decimals, as in JSON and sheets; an int is whole fen."""
    fen = amount if isinstance(amount, int) else to_fen(amount)
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def half_up(numerator: int, denominator: int) -> Fen:
    """Return a quotient rounded to a whole number, with halves rounded away from zero.

    No other function of the ledger rounds an amount.
    """
    if numerator < 0:
        return Fen(-half_up(-numerator, denominator))
    return Fen((2 * numerator + denominator) // (2 * denominator))


def portion(amount: int, share: Decimal) -> Fen:
    """Return a share (a fraction) of an amount in fen, rounded once, half up."""
    numerator, denominator = share.as_integer_ratio()
    return half_up(amount * numerator, denominator)


def split(amount: int, weights: Iterable[int]) -> tuple[Fen, ...]:
    """Split an amount in fen by weights: round every part down to a whole fen and give the rest to the last part."""
    parts = list(weights)
    whole = sum(parts)
    cut = [amount * weight // whole for weight in parts[:-1]]
    return (*map(Fen, cut), Fen(amount - sum(cut)))


def total(amounts: Iterable[Money]) -> Money:
    """Return the sum of amounts; for no amounts, return zero yuan, where the built-in `sum` would return the
    integer 0.
    """
    return sum(amounts, ZERO)
