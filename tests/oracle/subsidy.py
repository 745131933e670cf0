"""A second, independent computation of the interest subsidy, day by day in fractions, to check the ledger."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

Amounts = Sequence[tuple[date, int]]
"""Amounts in fen, oldest first, each in force from its day on; before the first day the amount is zero."""

_DAY = timedelta(days=1)


class Contract(NamedTuple):
    """The facts of a loan that determine the subsidy: dates, the rate of each day, the benchmark rate at signing."""

    disbursed_on: date
    first_disbursed_on: date
    due_on: date
    misused_on: date | None
    rate: Callable[[date], Fraction]
    benchmark: Fraction


def months_later(day: date, months: int) -> date:
    """Return the day some months later, or the last day of the later month if that month is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("a month has at least 28 days")


def days(start: date, end: date) -> Iterable[date]:
    """Yield every day from `start` until the day before `end`."""
    while start < end:
        yield start
        start += _DAY


def at(amounts: Amounts, day: date) -> int:
    """Return the amount that is in force on a day, in fen."""
    return max((row for row in amounts if row[0] <= day), default=(day, 0), key=lambda row: row[0])[1]


def is_eligible(loan: Contract, day: date, months: int = 36) -> bool:
    """Return whether subsidy is due for a day of a loan (4.2).

    A subsidised day is before the due date and any misuse, and within 36 months of the household's first loan.
    """
    return (
        loan.disbursed_on <= day < loan.due_on
        and day < months_later(loan.first_disbursed_on, months)
        and (loan.misused_on is None or day < loan.misused_on)
    )


def eligible(
    loan: Contract, start: date, end: date, owed: Amounts, paid: int, cap: int | None, earlier: Sequence[Amounts] = ()
) -> Fraction:
    """Return the eligible interest of an interest line in fen (4.6).

    Eligible interest is computed day by day on the principal within the remaining cap, at the lower of two rates. The
    result is at most `paid`, which is the contract interest that was paid.
    """
    interest = Fraction(0)
    for day in days(start, end):
        if is_eligible(loan, day):
            amount = at(owed, day)
            if cap is not None:
                amount = min(amount, max(0, cap - sum(at(other, day) for other in earlier)))
            interest += amount * min(loan.rate(day), loan.benchmark) / 360
    return min(interest, Fraction(paid))


def half_up(amount: Fraction) -> int:
    """Return a number rounded to a whole number, with halves rounded away from zero."""
    return int(amount + Fraction(1, 2)) if amount >= 0 else -int(-amount + Fraction(1, 2))


def contract_interest(loan: Contract, start: date, end: date, owed: Amounts, overdue_from: date) -> int:
    """Return the contract interest of a settlement line in fen, rounded once (scheme 3).

    Overdue days and misused days add no contract interest.
    """
    return half_up(
        sum(
            (
                Fraction(at(owed, day)) * loan.rate(day) / 360
                for day in days(start, end)
                if day < overdue_from and (loan.misused_on is None or day < loan.misused_on)
            ),
            Fraction(0),
        )
    )


def paid_since(contract: int, paid: Iterable[tuple[date, int]]) -> date | None:
    """Return the day since which the borrower's payments cover the contract interest, or None if they do not.

    Reversals are payments with a negative amount.
    """
    rows = sorted(paid)
    for day in sorted({on for on, _ in rows}):
        if all(sum(fen for on, fen in rows if on <= later) >= contract for later, _ in rows if later >= day):
            return day
    return None
