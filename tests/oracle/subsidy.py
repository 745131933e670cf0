"""A second implementation of the subsidy: by the day, in fractions, without the code of ledger/policy/subsidy.py."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

Amounts = Sequence[tuple[date, int]]
"""An amount or rate over time: the value from each day on, oldest first."""

_DAY = timedelta(days=1)


class Contract(NamedTuple):
    """The data of a loan that the subsidy depends on: dates, the rate by day as a fraction, the first benchmark."""

    disbursed_on: date
    first_disbursed_on: date
    due_on: date
    misused_on: date | None
    rate: Callable[[date], Fraction]
    benchmark: Fraction


def months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("a month has at least 28 days")


def days(start: date, end: date) -> Iterable[date]:
    """Return every day from `start` on, `end` not counted."""
    while start < end:
        yield start
        start += _DAY


def at(amounts: Amounts, day: date) -> int:
    """Return the value on a day."""
    return max((row for row in amounts if row[0] <= day), default=(day, 0), key=lambda row: row[0])[1]


def is_eligible(loan: Contract, day: date, months: int = 36) -> bool:
    """Return whether a day is subsidised (scheme 4.2, 4.8).

    Subsidised days are before the contract due date and before misuse, and within 36 months of the first loan.
    """
    return (
        loan.disbursed_on <= day < loan.due_on
        and day < months_later(loan.first_disbursed_on, months)
        and (loan.misused_on is None or day < loan.misused_on)
    )


def eligible(
    loan: Contract, start: date, end: date, owed: Amounts, paid: int, cap: int | None, earlier: Sequence[Amounts] = ()
) -> Fraction:
    """Return the subsidised interest in fen (scheme 4.6).

    Each day's debt within the cap left counts, at the lower rate; the subsidy is at most the amount paid.
    """
    found = Fraction(0)
    for day in days(start, end):
        if is_eligible(loan, day):
            amount = at(owed, day)
            if cap is not None:
                amount = min(amount, max(0, cap - sum(at(other, day) for other in earlier)))
            found += amount * min(loan.rate(day), loan.benchmark) / 360
    return min(found, Fraction(paid))


def half_up(amount: Fraction) -> int:
    """Return a number rounded to a whole number, halves away from zero."""
    return int(amount + Fraction(1, 2)) if amount >= 0 else -int(-amount + Fraction(1, 2))


def contract_interest(loan: Contract, start: date, end: date, owed: Amounts, overdue_from: date) -> int:
    """Return a line's contract interest without overdue or misused days, rounded once (scheme 3 "the arithmetic")."""
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
    """Return the day from which the borrower's payments, reversals negative, cover the contract interest for good."""
    rows = sorted(paid)
    for day in sorted({on for on, _ in rows}):
        if all(sum(fen for on, fen in rows if on <= later) >= contract for later, _ in rows if later >= day):
            return day
    return None
