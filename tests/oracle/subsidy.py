"""The interest subsidy once more, day by day in fractions, by somebody who has not read ledger/policy/subsidy.py."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

Amounts = Sequence[tuple[date, int]]
"""What something stands at from each day on, oldest first; nothing before the first."""

_DAY = timedelta(days=1)


class Contract(NamedTuple):
    """What of a loan counts: its days, its rate by day as a fraction, the benchmark at signing."""

    disbursed_on: date
    first_disbursed_on: date
    due_on: date
    misused_on: date | None
    rate: Callable[[date], Fraction]
    benchmark: Fraction


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("a month has at least 28 days")


def days(start: date, end: date) -> Iterable[date]:
    """Every day from `start` on, `end` not counted."""
    while start < end:
        yield start
        start += _DAY


def at(amounts: Amounts, day: date) -> int:
    """What it stands at on a day."""
    return max((row for row in amounts if row[0] <= day), default=(day, 0), key=lambda row: row[0])[1]


def is_eligible(loan: Contract, day: date, months: int = 36) -> bool:
    """Scheme 4.2, 4.8: from the payout to the contract due date, at most 36 months of the first loan, before misuse."""
    return (
        loan.disbursed_on <= day < loan.due_on
        and day < months_later(loan.first_disbursed_on, months)
        and (loan.misused_on is None or day < loan.misused_on)
    )


def eligible(
    loan: Contract, start: date, end: date, owed: Amounts, paid: int, cap: int | None, earlier: Sequence[Amounts] = ()
) -> Fraction:
    """Scheme 4.6, in fen: each day what is owed within the cap left, at the lower rate; at most what was paid."""
    found = Fraction(0)
    for day in days(start, end):
        if is_eligible(loan, day):
            amount = at(owed, day)
            if cap is not None:
                amount = min(amount, max(0, cap - sum(at(other, day) for other in earlier)))
            found += amount * min(loan.rate(day), loan.benchmark) / 360
    return min(found, Fraction(paid))


def half_up(amount: Fraction) -> int:
    """Rounded to a whole number, the half away from zero."""
    return int(amount + Fraction(1, 2)) if amount >= 0 else -int(-amount + Fraction(1, 2))


def contract_interest(loan: Contract, start: date, end: date, owed: Amounts, overdue_from: date) -> int:
    """Scheme 3, "the arithmetic": contract interest of a line, days overdue or misused left out, rounded once."""
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
    """The day from which what was paid by the borrower, reversals negative, covers the contract interest for good."""
    rows = sorted(paid)
    for day in sorted({on for on, _ in rows}):
        if all(sum(fen for on, fen in rows if on <= later) >= contract for later, _ in rows if later >= day):
            return day
    return None
