"""Exact money: Money (CNY) at the surface, whole fen inside, one rounding rule."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NewType

from moneyed import CNY, Money

Fen = NewType("Fen", int)
"""An amount in whole fen (分), 1/100 yuan; what policy, events and the journal calculate with."""

NIL = Fen(0)
ZERO = Money(0, CNY)


def yuan(text: str | int | Decimal) -> Money:
    """Money from yuan, exact to the fen ("50000.00").

    Raises TypeError for floats, ValueError for parts of a fen or what is no finite number.
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
    """Whole fen of an exact amount; raises ValueError for another currency or parts of a fen."""
    fen = money.amount * 100
    if money.currency != CNY or fen != int(fen):
        raise ValueError(f"not whole fen of CNY: {money!r}")
    return Fen(int(fen))


def of_fen(fen: int) -> Money:
    """Money of whole fen."""
    return Money(Decimal(fen).scaleb(-2), CNY)


def plain(amount: Money | int) -> str:
    """Yuan with two digits and no grouping, as written in JSON and sheets; an int is whole fen."""
    fen = amount if isinstance(amount, int) else to_fen(amount)
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def half_up(numerator: int, denominator: int) -> Fen:
    """The quotient rounded half up, away from zero, to a whole number; the only rounding there is."""
    if numerator < 0:
        return Fen(-half_up(-numerator, denominator))
    return Fen((2 * numerator + denominator) // (2 * denominator))


def portion(amount: int, share: Decimal) -> Fen:
    """`amount` fen x `share` (a fraction), rounded once, half up."""
    numerator, denominator = share.as_integer_ratio()
    return half_up(amount * numerator, denominator)


def split(amount: int, weights: Iterable[int]) -> tuple[Fen, ...]:
    """Parts of `amount` fen by weight: every part is cut down, the last takes the rest."""
    parts = list(weights)
    whole = sum(parts)
    cut = [amount * weight // whole for weight in parts[:-1]]
    return (*map(Fen, cut), Fen(amount - sum(cut)))


def total(amounts: Iterable[Money]) -> Money:
    """The sum of amounts; zero yuan for none (the built-in sum would say the integer 0)."""
    return sum(amounts, ZERO)
