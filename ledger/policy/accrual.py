"""Daily interest on a loan (scheme 3.3-3.8), computed from actual days over 360.

Each component of an interest line is rounded once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from ledger.money import Fen, half_up
from ledger.policy.scheme import Scheme

_RATE = 10**8  # Rates are stored as whole numbers in units of 1e-8.
_FACTOR = 10**4  # Factors on rates, such as 1.50, are stored as whole numbers in units of 1e-4.


class Steps(list[tuple[date, Fen]]):
    """An amount over time, as pairs of the day of a change and the amount at the end of that day, oldest first."""

    def set(self, on: date, amount: Fen) -> None:
        """Set the amount from a day on; if the amount changes several times on one day, the last change counts."""
        if self and self[-1][0] == on:
            self[-1] = (on, amount)
        else:
            self.append((on, amount))


@dataclass(frozen=True, slots=True)
class Uplifts:
    """The surcharges that a scheme adds to the contract rate, and its rules of compound interest.

    A surcharge factor is a whole number in units of 1e-4, so 15000 means one and a half times the contract rate.
    """

    overdue: int
    misuse: int
    compound_overdue: int
    compound: bool
    compound_grace: timedelta
    principal_first_over: int

    @classmethod
    def of(cls, scheme: Scheme) -> "Uplifts":
        """Return the surcharges of a scheme."""
        return cls(
            _factor(scheme.overdue_uplift),
            _factor(scheme.misuse_uplift),
            _factor(scheme.compound_overdue_uplift),
            scheme.compound_interest,
            timedelta(days=scheme.compound_grace_days),
            scheme.principal_first_over_days,
        )


def _factor(uplift: Decimal) -> int:
    return int((1 + uplift) * _FACTOR)


class Terms(NamedTuple):
    """The terms of a loan on which interest depends, other than the amounts owed.

    Each rate is a whole number in units of 1e-8 and applies from the day paired with it. `rolled_on` is the due date,
    moved to a working day if necessary. Penalty interest accrues for every night from the night of `rolled_on` on
    (3.7).
    """

    disbursed_on: date
    rolled_on: date
    rates: tuple[tuple[date, int], ...]
    misused_on: date | None
    uplifts: Uplifts


class Interest(NamedTuple):
    """The three components of an interest line, each rounded once (3.5), in whole fen."""

    contract: Fen
    penalty: Fen
    compound: Fen


def interest(
    terms: Terms,
    start: date,
    end: date,
    owed: Sequence[tuple[date, Fen]],
    unpaid: Iterable[tuple[date, Sequence[tuple[date, Fen]]]],
) -> Interest:
    """Return the interest of the days from `start` to `end`, excluding `end`.

    `owed` is the open principal, as pairs of a day and the amount from that day on. `unpaid` holds the posting day of
    each earlier line, and the line's unpaid contract interest over time. Amounts in `owed` and `unpaid` are amounts at
    the end of a day.
    """
    contract, penalty = _on_principal(terms, start, end, owed)
    compound = 0
    if terms.uplifts.compound:
        for posted_on, steps in unpaid:
            first = max(start, posted_on + terms.uplifts.compound_grace)
            for day, days, amount in _stretches(first, end, steps, terms):
                factor = terms.uplifts.compound_overdue if day >= terms.rolled_on else _FACTOR
                compound += amount * _rate(terms, day) * factor * days
    return Interest(
        half_up(contract, 360 * _RATE),
        half_up(penalty, 360 * _RATE * _FACTOR),
        half_up(compound, 360 * _RATE * _FACTOR),
    )


def _on_principal(terms: Terms, start: date, end: date, owed: Sequence[tuple[date, Fen]]) -> tuple[int, int]:
    """Return the sums of principal x rate x days: contract interest in units of 1e-8, and penalty in units of 1e-12."""
    contract = penalty = 0
    misused_on, uplifts = terms.misused_on, terms.uplifts
    for day, days, amount in _stretches(start, end, owed, terms):
        overdue, misused = day >= terms.rolled_on, misused_on is not None and day >= misused_on
        if not overdue and not misused:
            contract += amount * _rate(terms, day) * days
        else:
            factor = max(uplifts.overdue if overdue else 0, uplifts.misuse if misused else 0)
            penalty += amount * _rate(terms, day) * factor * days
    return contract, penalty


def _stretches(start: date, end: date, steps: Sequence[tuple[date, Fen]], terms: Terms) -> list[tuple[date, int, Fen]]:
    """Return each stretch of days in which amount and rates do not change: its first day, number of days and amount."""
    if start >= end:
        return []
    cuts = [start]
    for changes in (steps, terms.rates):
        for day, _ in changes:
            if start < day < end:
                cuts.append(day)
    for ends_on in (terms.rolled_on, terms.misused_on):
        if ends_on is not None and start < ends_on < end:
            cuts.append(ends_on)
    if len(cuts) > 1:
        cuts = sorted(set(cuts))
    cuts.append(end)
    stretches = []
    for first, after in pairwise(cuts):
        if amount := _at(steps, first):
            stretches.append((first, (after - first).days, amount))
    return stretches


def _at(steps: Sequence[tuple[date, Fen]], day: date) -> Fen:
    amount_on_day = Fen(0)
    for since, amount in steps:
        if since > day:
            break
        amount_on_day = amount
    return amount_on_day


def _rate(terms: Terms, day: date) -> int:
    rates = terms.rates
    if len(rates) == 1:
        return rates[0][1]
    return next(rate for since, rate in reversed(rates) if since <= day)
