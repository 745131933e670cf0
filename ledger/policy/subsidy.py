"""The rules of the interest subsidy (贴息, scheme 4): the days that earn subsidy, its amount, batches and deadlines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from ledger.calendar import WorkCalendar
from ledger.dates import Quarter, Span, add_months
from ledger.money import NIL, Fen, half_up
from ledger.policy.accrual import Steps
from ledger.policy.scheme import Cycle, LateInterest
from ledger.policy.schemes import Scheme

WHOLE = 360 * 10**8
"""The number of parts in one fen. Eligible interest is summed in parts (fen x days x rate in 1e-8) and divided once."""

BY_THE_BORROWER = frozenset(("borrower", "guarantor", "collateral", "credit"))
"""The payers whose payments count as payments by or for the borrower (4.3)."""

NEVER = frozenset(("fund", "insurer", "waiver", "write_off"))
"""The payers that exclude a settlement line from subsidy, however small the part they paid (4.3)."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A quarter or year of the subsidy, written `2016Q2` or `2016`; the field `number` is 0 for a year.

    The settlement lines of a period are posted after the 21st before the period and on or before the 21st of the
    period's last month (4.1). No settlement line has days on both sides of a 21st, so the first day of each line of a
    period lies in `days`.
    """

    cycle: Cycle
    year: int
    number: int

    @classmethod
    def parse(cls, cycle: str, text: str) -> "Period":
        """Return the period that a text names; raise ValueError if the text names no period of the cycle."""
        if cycle == "quarter":
            quarter = Quarter.parse(text)
            return cls("quarter", quarter.year, quarter.number)
        if cycle != "year" or len(text) != 4 or not text.isascii() or not text.isdigit():
            raise ValueError(f"not a period of {cycle!r}: {text!r}")
        return cls("year", int(text), 0)

    @classmethod
    def of(cls, cycle: Cycle, day: date) -> "Period":
        """Return the period in which a settlement line with the first day `day` is posted."""
        quarter = Quarter.of(day)
        if day >= quarter.interest.end:
            quarter = quarter.shift(1)
        return cls(cycle, quarter.year, quarter.number if cycle == "quarter" else 0)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}" if self.number else f"{self.year:04d}"

    @property
    def days(self) -> Span:
        """Return the days whose interest is posted in a period; the period is over on the `end` of these days (4.1)."""
        end = Quarter(self.year, self.number or 4).interest.end
        return Span(add_months(end, -3 if self.number else -12), end)

    @property
    def next(self) -> "Period":
        """Return the next period of the same cycle."""
        if not self.number:
            return Period(self.cycle, self.year + 1, 0)
        quarter = Quarter(self.year, self.number).shift(1)
        return Period(self.cycle, quarter.year, quarter.number)

    def submit_by(self, day: int) -> date:
        """Return the last day for the bank to submit: day `day` of the period's last month, holiday or not (4.4, 7)."""
        return self.days.end.replace(day=day)


def cycle_of(scheme: Scheme, *, household: bool) -> Cycle:
    """Return the cycle in which the subsidy of households, or else of organisations, is settled (4.1)."""
    return scheme.household_subsidy_cycle if household else scheme.organisation_subsidy_cycle


def share_of(scheme: Scheme, *, household: bool) -> Decimal:
    """Return the share of the eligible interest that is paid as subsidy, as a fraction (4.1)."""
    return scheme.household_subsidy_share if household else scheme.organisation_subsidy_share


def subsidised_span(
    scheme: Scheme,
    disbursed_on: date,
    first_disbursed_on: date,
    original_due_on: date,
    due_on: date,
    misused_on: date | None = None,
) -> Span:
    """Return the days of a loan that may earn subsidy (4.2): days before the contract due date, which is not rolled.

    For a renewed loan, the subsidised months begin with the payout of the first loan. An extension adds days only where
    the scheme subsidises extensions.
    """
    ends = [
        due_on if scheme.extension_subsidised else original_due_on,
        add_months(first_disbursed_on, scheme.subsidy_months),
    ]
    if misused_on is not None:
        ends.append(misused_on)
    return Span(disbursed_on, max(disbursed_on, min(ends)))


@dataclass(frozen=True, slots=True, eq=False)
class SubsidyTerms:
    """The terms of the subsidy that a scheme version grants to households or to organisations.

    The subsidy on an organisation's loan is one amount per loan and period, not one amount per interest bill. `cap` is
    the principal in fen up to which one borrower's interest is subsidised, or None for no limit (4.6, 4.8). `steady` is
    True if the contract rate cannot change on a subsidised day.
    """

    scheme: Scheme
    household: bool
    share: Decimal
    cycle: Cycle
    cap: Fen | None
    steady: bool

    @classmethod
    def of(cls, scheme: Scheme, *, household: bool) -> "SubsidyTerms":
        """Return the subsidy terms of a scheme version for households, or for organisations."""
        return cls(
            scheme,
            household,
            share_of(scheme, household=household),
            cycle_of(scheme, household=household),
            scheme.household_cap if household else scheme.organisation_cap,
            scheme.repricing == "fixed" and not scheme.extension_subsidised,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LineConditions:
    """The facts on which the subsidy of a settlement line depends, other than amounts and payments.

    One object is shared by many settlement lines. Rates are in units of 1e-8. The line runs from `start` to `end`,
    excluding `end`; it was posted in the period `own`, with the text `period`. `span` holds the loan's subsidised days.
    The only loan of a borrower, if at most `whole_up_to` fen, earns exactly its contract interest.
    """

    terms: SubsidyTerms
    rate: int
    benchmark: int
    disbursed_on: date
    start: date
    end: date
    days: int
    own: Period
    period: str
    span: Span
    whole_up_to: int

    @classmethod
    @lru_cache(maxsize=2**14)
    def of(
        cls, terms: SubsidyTerms, rate: int, benchmark: int, loan_days: tuple[date, ...], start: date, end: date
    ) -> "LineConditions":
        """Return the conditions of a settlement line; `loan_days` holds the dates that `subsidised_span` needs."""
        span = subsidised_span(terms.scheme, *loan_days)
        whole = terms.household and terms.steady and earns_all(Span(start, end), span, rate, benchmark, terms.share)
        up_to = terms.cap or 0 if whole else 0
        own = Period.of(terms.cycle, start)
        return cls(terms, rate, benchmark, loan_days[0], start, end, (end - start).days, own, str(own), span, up_to)


def cap_left(cap: Fen, earlier: Iterable[Sequence[tuple[date, Fen]]]) -> Steps:
    """Return the part of a borrower's cap, in fen, that earlier loans leave unused, from each day on (4.6)."""
    changes: dict[date, int] = {date.min: 0}
    for owed in earlier:
        before = 0
        for day, amount in owed:
            changes[day] = changes.get(day, 0) + amount - before
            before = amount
    left, used = Steps(), 0
    for day, change in sorted(changes.items()):
        used += change
        left.set(day, Fen(max(0, cap - used)))
    return left


class Earned(NamedTuple):
    """The subsidised days of a settlement line, and its eligible interest in units of 1/`WHOLE` fen."""

    days: int
    parts: int


def earned(
    line: Span,
    span: Span,
    owed: Sequence[tuple[date, int]],
    rates: Sequence[tuple[date, int]],
    benchmark: int,
    contract: Fen,
    cap: Sequence[tuple[date, int]] = (),
) -> Earned:
    """Return the eligible interest of a settlement line, which is at most its contract interest (4.6).

    Each subsidised day earns interest of min(owed, cap left) x min(rate, benchmark) / 360. `owed` and `cap` are in fen
    and `rates` in units of 1e-8; each value applies from its own day on. Without a cap, all principal counts.
    """
    start, end = max(line.start, span.start), min(line.end, span.end)
    if start >= end:
        return Earned(0, 0)
    cuts = {day for steps in (owed, rates, cap) for day, _ in steps if start < day < end}
    parts = 0
    for first, next_first in pairwise((start, *sorted(cuts), end)):
        amount = min(_at(owed, first), _at(cap, first)) if cap else _at(owed, first)
        parts += amount * min(_at(rates, first), benchmark) * (next_first - first).days
    return Earned((end - start).days, min(parts, contract * WHOLE))


def earns_all(line: Span, span: Span, rate: int, benchmark: int, share: Decimal) -> bool:
    """Return whether the eligible interest of a settlement line within the cap equals its contract interest.

    All contract interest of a line is eligible if each day is subsidised in full and at the contract rate. The exact
    sum over the days rounds to the contract interest, so no principal by day is read.
    """
    return share == 1 and rate <= benchmark and span.start <= line.start and line.end <= span.end


def _at(steps: Sequence[tuple[date, int]], day: date) -> int:
    value = 0
    for since, amount in steps:
        if since > day:
            break
        value = amount
    return value


def amount(parts: int, share: Decimal) -> Fen:
    """Return the subsidy, in fen, of exact eligible interest; a subsidy is rounded only in this function (4.6, 4.7)."""
    numerator, denominator = _ratio(share)
    return half_up(parts * numerator, WHOLE * denominator)


@cache
def _ratio(share: Decimal) -> tuple[int, int]:
    return share.as_integer_ratio()


def shown(parts: int) -> Fen:
    """Return eligible interest in fen for printed lists; the subsidy is never computed from the rounded figure."""
    return half_up(parts, WHOLE)


Applied = tuple[date, str, int, int]
"""One payment applied to a settlement line: day, payer, contract interest, charges. A reversal has negative amounts."""


def paid_on(contract: Fen, applied: Iterable[Applied]) -> date | None:
    """Return the day from which a line's contract interest was fully paid by the borrower; None if unpaid (4.3).

    A line does not count as paid if the fund or an insurer paid any part, or if a part was waived or written off.
    `applied` is sorted by day. Payments and reversals of the same day are added up.
    """
    paid = before = 0
    since = held = day = None
    barred: dict[str, int] = {}
    for on, payer, interest, charges in applied:
        if on != day:
            day, before, held = on, paid, since
        if payer in BY_THE_BORROWER:
            paid += interest
            since = None if paid < contract else on if before < contract else held
        elif payer in NEVER:
            barred[payer] = barred.get(payer, 0) + interest + charges
    return None if any(barred.values()) else since


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a batch is open for lines (a draft or returned batch is), and the last day whose payments count."""

    open: bool
    cut_off: date


def cut_off(submit_by: date, submitted_on: date | None) -> date:
    """Return the last day on which a payment of interest counts: the 26th or, if earlier, the submission day (4.3)."""
    return submit_by if submitted_on is None else min(submit_by, submitted_on)


def standing_of(own: Period, standings: Mapping[Period, Standing], submit_day: int) -> Standing:
    """Return the standing of the batch of a line's own period; a batch that does not exist yet counts as open."""
    return standings.get(own) or Standing(True, own.submit_by(submit_day))


def is_forfeit(paid: date, cut_off: date, late: LateInterest) -> bool:
    """Return whether interest is never subsidised because it was paid after the cut-off of its own period (4.3)."""
    return late == "forfeit" and paid > cut_off


def batch_of(
    own: Period, paid: date, last: Period, standings: Mapping[Period, Standing], submit_day: int, late: LateInterest
) -> Period | None:
    """Return the period whose batch takes a fully paid line; None if no batch up to `last` takes the line (4.3).

    A line paid on or before the cut-off of its own period enters the batch of that period. A line paid later enters the
    next open batch, or no batch if the scheme excludes late interest.
    """
    standing = standing_of(own, standings, submit_day)
    if is_forfeit(paid, standing.cut_off, late):
        return None
    period = own
    while not (standing.open and paid <= standing.cut_off):
        period = period.next
        if period > last:
            return None
        standing = standings.get(period, _NOT_DRAFTED)
    return period


def next_open(after: Period, last: Period, standings: Mapping[Period, Standing]) -> Period:
    """Return the first period, up to `last`, that has an open batch after a given paid batch (4.9)."""
    period = after.next
    while period < last and not standings.get(period, _NOT_DRAFTED).open:
        period = period.next
    return period


_NOT_DRAFTED = Standing(False, date.max)


class Deadline(NamedTuple):
    """The last day for an action; `provisional` is True if the day's work calendar is not published yet (7)."""

    on: date
    provisional: bool


def pay_by(approved_on: date, working_days: int, calendar: WorkCalendar) -> Deadline:
    """Return the last working day for the finance bureau to verify and pay a batch (4.5)."""
    on = calendar.add_working_days(approved_on, working_days)
    return Deadline(on, calendar.is_provisional(on) or calendar.is_provisional(approved_on))


def difference(paid: int, entitled: int) -> tuple[Fen, Fen]:
    """Return the subsidy overpaid on a line and the subsidy still missing, in fen; one of the amounts is zero (4.9)."""
    return Fen(max(NIL, paid - entitled)), Fen(max(NIL, entitled - paid))
