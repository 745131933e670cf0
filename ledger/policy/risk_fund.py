"""The risk-buffer fund's rules (scheme 5): what a quarter calls for, how far a step may go, when reports are due."""

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
    "county": (PlanStep.APPROVAL, PlanStep.DEPOSIT),  # county money needs no appropriation (5.3)
}
"""The steps of a line by its source, each resting on the one before."""

REACHED: Final[Mapping[str, PlanStatus]] = {
    PlanStep.APPROVAL: PlanStatus.APPROVED,
    PlanStep.APPROPRIATION: PlanStatus.APPROPRIATED,
    PlanStep.DEPOSIT: PlanStatus.DEPOSITED,
}
"""The plan's status once every line has come through a step."""


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
    """Loans a bank issued in a county under one scheme version; renewals and reversals are out. Whole fen."""

    scheme: Scheme
    in_quarter: Fen
    cumulative: Fen


@dataclass(frozen=True, slots=True)
class Call:
    """What a quarter calls for at one account from one source; whole fen."""

    issued: Fen
    issued_cumulative: Fen
    required_cumulative: Fen
    contributed_cumulative: Fen

    @property
    def due(self) -> Fen:
        """The call (应缴存): never below zero, so an advance is used up first (5.2)."""
        return Fen(max(0, self.required_cumulative - self.contributed_cumulative))


def quarterly_call(issued: Iterable[Issued], contributed: Fen) -> Call:
    """The call of an account and source: each loan at its own scheme's rate, rounded once (5.2)."""
    rows = list(issued)
    exact = sum((Fraction(row.scheme.fund_rate) * row.cumulative for row in rows), Fraction(0))
    return Call(
        Fen(sum(row.in_quarter for row in rows)),
        Fen(sum(row.cumulative for row in rows)),
        half_up(exact.numerator, exact.denominator),
        contributed,
    )


def check_quarter(quarter: Quarter, on: date) -> None:
    """A plan or report is made once its quarter is over; raises QuarterNotOver (5.1, 5.5)."""
    if on < quarter.calendar.end:
        raise QuarterNotOver(rule="5.2", limit=quarter.calendar.end, found=str(quarter))


def report_due_by(scheme: Scheme, quarter: Quarter) -> date:
    """The day by which a bank's issuance report is due: a natural day, it does not move (5.5)."""
    return quarter.calendar.end.replace(day=scheme.issuance_report_day)


def left_of(reached: Mapping[str, Fen], source: FundSource, step: str, approved: Fen) -> Fen:
    """What a step may still take of a line, given what every step of it has reached (5.3)."""
    steps = STEPS[source]
    if step not in steps:
        return NIL
    place = steps.index(step)
    before = approved if place == 0 else reached.get(steps[place - 1], NIL)
    return Fen(before - reached.get(step, NIL))


def check_step(county: str, bank: str, step: str, amount: Fen, left: Fen) -> None:
    """Raises NotAnAmount, BeyondStep."""
    if amount <= 0:
        raise NotAnAmount(rule="5.3", found=plain(amount))
    if amount > left:
        raise BeyondStep(rule="5.3", county=county, bank=bank, step=step, limit=plain(left), found=plain(amount))


def head_room(multiple: Fraction, contributed: Fen, issued: Fen) -> Fen:
    """What may still be lent on the contributions (2.8): multiple x contributions - issued; whole fen, cut down."""
    return Fen(int(multiple * contributed) - issued)
