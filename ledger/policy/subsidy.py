"""Interest subsidy (贴息, scheme 4): which days of a settlement line earn it, how much, in which batch, until when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from ledger.calendar import WorkCalendar
from ledger.dates import Quarter, Span, add_months
from ledger.money import NIL, Fen, half_up
from ledger.policy.accrual import Steps
from ledger.policy.scheme import Cycle, LateInterest
from ledger.policy.schemes import Scheme

WHOLE = 360 * 10**8
"""One fen in parts: eligible interest is summed exactly, in fen x days x rate in 1e-8 (4.6), and divided once."""

BY_THE_BORROWER = frozenset(("borrower", "guarantor", "collateral", "credit"))
"""Who pays by or for the borrower (4.3)."""

NEVER = frozenset(("fund", "insurer", "waiver", "write_off"))
"""A line any part of which went this way is never subsidised (4.3)."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A quarter or year of the subsidy, written `2016Q2` or `2016`; `number` is 0 for a year.

    Its lines are those posted after the 21st before it up to its own 21st (4.1). A line's days never reach
    across a 21st, so these are the lines whose first day lies in `days`.
    """

    cycle: Cycle
    year: int
    number: int

    @classmethod
    def parse(cls, cycle: str, text: str) -> "Period":
        """Raises ValueError for what is no period of the cycle, `quarter` or `year`."""
        if cycle == "quarter":
            quarter = Quarter.parse(text)
            return cls("quarter", quarter.year, quarter.number)
        if cycle != "year" or len(text) != 4 or not text.isascii() or not text.isdigit():
            raise ValueError(f"not a period of {cycle!r}: {text!r}")
        return cls("year", int(text), 0)

    @classmethod
    def of(cls, cycle: Cycle, day: date) -> "Period":
        """The period in which a line that begins on a day is posted."""
        quarter = Quarter.of(day)
        if day >= quarter.interest.end:
            quarter = quarter.shift(1)
        return cls(cycle, quarter.year, quarter.number if cycle == "quarter" else 0)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}" if self.number else f"{self.year:04d}"

    @property
    def days(self) -> Span:
        """The days of interest that are posted in it; it is over on the first day not counted (4.1)."""
        end = Quarter(self.year, self.number or 4).interest.end
        return Span(add_months(end, -3 if self.number else -12), end)

    @property
    def next(self) -> "Period":
        if not self.number:
            return Period(self.cycle, self.year + 1, 0)
        quarter = Quarter(self.year, self.number).shift(1)
        return Period(self.cycle, quarter.year, quarter.number)

    def submit_by(self, day: int) -> date:
        """The day of its last month by which the bank submits; it never moves (4.4, 7)."""
        return self.days.end.replace(day=day)


def cycle_of(scheme: Scheme, *, household: bool) -> Cycle:
    """How often a borrower's subsidy is settled (4.1)."""
    return scheme.household_subsidy_cycle if household else scheme.organisation_subsidy_cycle


def share_of(scheme: Scheme, *, household: bool) -> Decimal:
    """The part of the eligible interest that is subsidised (4.1)."""
    return scheme.household_subsidy_share if household else scheme.organisation_subsidy_share


def cap_of(scheme: Scheme, *, household: bool) -> Fen | None:
    """The principal of a borrower up to which interest is subsidised (4.6, 4.8); None: no such limit."""
    return scheme.household_cap if household else scheme.organisation_cap


def subsidised_span(
    scheme: Scheme,
    disbursed_on: date,
    first_disbursed_on: date,
    original_due_on: date,
    due_on: date,
    misused_on: date | None = None,
) -> Span:
    """The days of a loan that may earn subsidy (4.2): none from the contract due date on, which does not roll.

    A renewed loan goes on with the months of the first one. An extension adds days only where the scheme says so.
    """
    ends = [
        due_on if scheme.extension_subsidised else original_due_on,
        add_months(first_disbursed_on, scheme.subsidy_months),
    ]
    if misused_on is not None:
        ends.append(misused_on)
    return Span(disbursed_on, max(disbursed_on, min(ends)))


def cap_left(cap: Fen, earlier: Iterable[Sequence[tuple[date, Fen]]]) -> Steps:
    """What of a borrower's cap is left by the principal of its loans disbursed earlier, from each day on (4.6)."""
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
    """The subsidised days of a line and its eligible interest, exact, in parts of which `WHOLE` make a fen."""

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
    """Eligible interest of a line (4.6): each subsidised day min(owed, cap left) x min(rate, benchmark) / 360.

    At most its contract interest. `owed`, `cap` and `rates` (whole 1e-8) say what they stand at from each day on;
    without a cap all principal counts.
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
    """Whether a line of a loan within its cap earns just its contract interest, whatever was owed on its days.

    All its days are subsidised, at the contract rate and in full: what their exact sum is rounded to is the
    contract interest itself, so the days need not be looked at.
    """
    return share == 1 and rate <= benchmark and span.start <= line.start and line.end <= span.end


def _at(steps: Sequence[tuple[date, int]], day: date) -> int:
    found = 0
    for since, amount in steps:
        if since > day:
            break
        found = amount
    return found


def amount(parts: int, share: Decimal) -> Fen:
    """The subsidy of exact eligible interest: the one rounding there is (4.6, 4.7)."""
    numerator, denominator = _ratio(share)
    return half_up(parts * numerator, WHOLE * denominator)


@cache
def _ratio(share: Decimal) -> tuple[int, int]:
    return share.as_integer_ratio()


def shown(parts: int) -> Fen:
    """Eligible interest as it is printed; the amount is never computed from it."""
    return half_up(parts, WHOLE)


Applied = tuple[date, str, int, int]
"""What an event applied to a line: day, payer, contract interest, charges. A reversal repeats it in negative."""


def paid_on(contract: Fen, applied: Iterable[Applied]) -> date | None:
    """Since when a line's contract interest is fully paid by or for the borrower; None: it is not (4.3).

    Neither is a line any part of which the fund or an insurer paid, or which was waived or written off. `applied`
    is in the order of the days; what counts is how each day ends.
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
    """Where a batch stands for lines to enter: open while it is draft or returned, and until which payment."""

    open: bool
    cut_off: date


def cut_off(submit_by: date, submitted_on: date | None) -> date:
    """The last day on which a payment of interest counts: the earlier of the 26th and the submission (4.3)."""
    return submit_by if submitted_on is None else min(submit_by, submitted_on)


def standing_of(own: Period, standings: Mapping[Period, Standing], submit_day: int) -> Standing:
    """Where the batch of a line's own period stands; one not drafted yet is open."""
    return standings.get(own) or Standing(True, own.submit_by(submit_day))


def is_forfeit(paid: date, cut_off: date, late: LateInterest) -> bool:
    """Whether interest paid after the cut-off of its own period is never subsidised (4.3)."""
    return late == "forfeit" and paid > cut_off


def batch_of(
    own: Period, paid: date, last: Period, standings: Mapping[Period, Standing], submit_day: int, late: LateInterest
) -> Period | None:
    """The batch a fully paid line enters, None if it is one after `last` or none at all (4.3).

    Its own period's, there already or not, if it was paid by that one's cut-off; else the next one that is open.
    Interest paid late is forfeit where the scheme says so.
    """
    standing = standing_of(own, standings, submit_day)
    if is_forfeit(paid, standing.cut_off, late):
        return None
    period = own
    while not (standing.open and paid <= standing.cut_off):
        period = period.next
        if period > last:
            return None
        standing = standings.get(period, _NOT_THERE)
    return period


def next_open(after: Period, last: Period, standings: Mapping[Period, Standing]) -> Period:
    """The next open batch after one that is paid, `last` if there is none before it (4.9)."""
    period = after.next
    while period < last and not standings.get(period, _NOT_THERE).open:
        period = period.next
    return period


_NOT_THERE = Standing(False, date.max)


class Deadline(NamedTuple):
    """A day something is due by; `provisional` while a calendar it rests on is not published (7)."""

    on: date
    provisional: bool


def pay_by(approved_on: date, working_days: int, calendar: WorkCalendar) -> Deadline:
    """The last working day for finance to verify and pay (4.5)."""
    on = calendar.add_working_days(approved_on, working_days)
    return Deadline(on, calendar.is_provisional(on) or calendar.is_provisional(approved_on))


def difference(paid: int, entitled: int) -> tuple[Fen, Fen]:
    """What is to come back of a paid line, and what it is short of; one of both is zero (4.9)."""
    return Fen(max(NIL, paid - entitled)), Fen(max(NIL, entitled - paid))
