"""The rules of the risk-buffer fund (scheme 5): quarterly calls for money, steps of a plan, due days of reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from ledger.dates import Quarter
from ledger.errors import RuleViolation
from ledger.money import NIL, Fen, half_up, plain
from ledger.policy.scheme import FundSource, Scheme
from ledger.statuses import PlanStatus, PlanStep

STEPS: Final[Mapping[FundSource, tuple[str, ...]]] = {
    "city": (PlanStep.APPROVAL, PlanStep.APPROPRIATION, PlanStep.DEPOSIT),
    "county": (PlanStep.APPROVAL, PlanStep.DEPOSIT),  # The county's line has no appropriation (5.3).
}
"""The steps of a plan's line by the source of the money; each step needs the step before."""

REACHED: Final[Mapping[str, PlanStatus]] = {
    PlanStep.APPROVAL: PlanStatus.APPROVED,
    PlanStep.APPROPRIATION: PlanStatus.APPROPRIATED,
    PlanStep.DEPOSIT: PlanStatus.DEPOSITED,
}
"""The status of a plan after every line has completed a step."""


class QuarterNotOver(RuleViolation):
    code = "quarter_not_over"
    zh = "季度 {found} 尚未结束，{limit} 起方可编制计划（{rule}）"
    en = "quarter {found} is not over; its plan is drawn up from {limit} on ({rule})"


class BeyondStep(RuleViolation):
    code = "beyond_step"
    zh = "{county}/{bank} 的{step}金额 {found} 元超过可用金额 {limit} 元（{rule}）"
    en = "{step} of {found} yuan for {county}/{bank} goes beyond what the step before it left, {limit} ({rule})"


class NotAnAmount(RuleViolation):
    code = "amount_not_positive"
    zh = "金额须大于零，填写为 {found} 元（{rule}）"
    en = "an amount is above zero; {found} yuan was given ({rule})"


class OverTarget(RuleViolation):
    code = "over_target"
    zh = "预拨合计 {found} 元超过 {bank} {year} 年指导任务对应的缓释金 {limit} 元（{rule}）"
    en = "advances of {found} yuan exceed the buffer for {bank}'s target of {year}, {limit} yuan ({rule})"


class WoundDown(RuleViolation):
    code = "fund_account_wound_down"
    zh = "专户 {county}/{bank} 已于 {found} 清退（{rule}）"
    en = "the fund account {county}/{bank} was wound down on {found} ({rule})"


@dataclass(frozen=True, slots=True)
class Issued:
    """The loans that a bank issued in a county under one scheme version, in whole fen.

    Renewals and reversed loans are not counted as issued.
    """

    scheme: Scheme
    in_quarter: Fen
    cumulative: Fen


@dataclass(frozen=True, slots=True)
class Call:
    """The amount that a quarter's plan calls from one source for one fund account, in whole fen."""

    issued: Fen
    issued_cumulative: Fen
    required_cumulative: Fen
    contributed_cumulative: Fen

    @property
    def due(self) -> Fen:
        """Return the amount called (应缴存): the required money less the contributed money, and never below
        zero (5.2).
        """
        return Fen(max(0, self.required_cumulative - self.contributed_cumulative))


def quarterly_call(issued: Iterable[Issued], contributed: Fen) -> Call:
    """Return the money called from one source for one fund account, rounded once (5.2).

    Each loan counts at the fund rate of its own scheme.
    """
    rows = list(issued)
    exact = sum((Fraction(row.scheme.fund_rate) * row.cumulative for row in rows), Fraction(0))
    return Call(
        Fen(sum(row.in_quarter for row in rows)),
        Fen(sum(row.cumulative for row in rows)),
        half_up(exact.numerator, exact.denominator),
        contributed,
    )


def check_quarter(quarter: Quarter, on: date) -> None:
    """Raise QuarterNotOver where a plan or report is made before the end of its quarter (5.1, 5.5)."""
    if on < quarter.calendar.end:
        raise QuarterNotOver(rule="5.2", limit=quarter.calendar.end, found=str(quarter))


def report_due_by(scheme: Scheme, quarter: Quarter) -> date:
    """Return the last day for a bank's issuance report, which is a calendar day and not rolled to a working
    day (5.5).
    """
    return quarter.calendar.end.replace(day=scheme.issuance_report_day)


def left_of(reached: Mapping[str, Fen], source: FundSource, step: str, approved: Fen) -> Fen:
    """Return the amount in fen left for a step of a plan's line, given the amounts that its steps reached (5.3)."""
    steps = STEPS[source]
    if step not in steps:
        return NIL
    place = steps.index(step)
    before = approved if place == 0 else reached.get(steps[place - 1], NIL)
    return Fen(before - reached.get(step, NIL))


def check_step(county: str, bank: str, step: str, amount: Fen, left: Fen) -> None:
    """Raise NotAnAmount for an amount of zero or less, and BeyondStep for more than the step still allows (5.3)."""
    if amount <= 0:
        raise NotAnAmount(rule="5.3", found=plain(amount))
    if amount > left:
        raise BeyondStep(rule="5.3", county=county, bank=bank, step=step, limit=plain(left), found=plain(amount))


def head_room(multiple: Fraction, contributed: Fen, issued: Fen) -> Fen:
    """Return the head-room (2.8), which is multiple x contributions less issued loans, rounded down to whole fen."""
    return Fen(int(multiple * contributed) - issued)
