"""The whole life of a subsidy batch (贴息批次): drafted, submitted, approved, verified, paid; or returned and again.

Job or officer drafts, the bank's checker submits, the poverty office approves, rejecting lines, the finance officer
verifies, the finance checker pays: five persons, each a step of `SUBSIDY_STEPS`, each kept with who, when and why.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from ledger.database import among
from ledger.errors import NotFound, RuleViolation, SamePerson, WrongStatus
from ledger.events import SubsidyApproved, SubsidyPaid
from ledger.ids import new_id
from ledger.money import NIL, Fen
from ledger.operations.lending.workflow import Step
from ledger.operations.subsidy import drafts, sources
from ledger.operations.subsidy import lines as subsidy_lines
from ledger.operations.subsidy.drafts import OPEN, period_of
from ledger.policy import subsidy
from ledger.policy.subsidy import Period
from ledger.queries import reference
from ledger.tables.loans import Loan
from ledger.tables.reference import Bank
from ledger.tables.subsidies import SubsidyBatch, subsidy_shortfalls
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_MIDDLE = ("submitted", "approved", "verified")

SUBSIDY_STATUSES = ("draft", "submitted", "returned", "approved", "verified", "paid")

# fmt: off
SUBSIDY_STEPS: Mapping[str, Step] = {
    "submit":  Step(OPEN,           "submitted"),
    "approve": Step(("submitted",), "approved"),
    "return":  Step(_MIDDLE,        "returned"),  # of the whole; single lines leave, and the batch stays where it is
    "verify":  Step(("approved",),  "verified"),
    "pay":     Step(("verified",),  "paid"),
}
# fmt: on


class PeriodNotOver(RuleViolation):
    code = "period_not_over"
    zh = "{period} 贴息期至 {limit} 方结束，{found} 不能编制或上报（{rule}）"
    en = "the subsidy period {period} is over on {limit}; there is no batch for it on {found} ({rule})"


class BeforeEarlierStep(RuleViolation):
    code = "before_earlier_step"
    zh = "日期 {found} 早于上一环节的日期 {limit}"
    en = "{found} lies before the step it follows, of {limit}"


class LineRebilled(RuleViolation):
    code = "line_rebilled"
    zh = "有 {count} 笔明细的结息单在上报后已重新计息或变更还款（{found}），须先退回再拨付（{rule}）"
    en = "{count} lines were billed or paid anew since their submission ({found}); return them before payment ({rule})"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step taken on a batch: where it stands now."""

    id: int
    status: str


def draft(unit: Unit, bank: str, county: str, period: Period, on: date | None = None) -> Taken:
    """Draft a period's batch, or bring the one that is there in step with what is billed and paid by now.

    Raises NotFound, FutureDate, PeriodNotOver before its 21st (4.1), WrongStatus once it is submitted.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    if unit.session.get(Bank, bank) is None:
        raise NotFound(what="bank", id=bank)
    county = reference.county_of(unit.session, county)
    _check_over(period, on)
    batch = _put(unit, bank, county, period, on)
    if batch.status not in OPEN:
        raise WrongStatus(status=batch.status, allowed=", ".join(OPEN), step="draft")
    drafts.refresh(unit, batch)
    return Taken(batch.id, batch.status)


def submit(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Submit a draft, refreshed to the day, by another than its maker (上报). The first submission sets the cut-off.

    The loans are held while it is refreshed: what is recorded on one of them later finds the line submitted.
    Raises NotFound, WrongStatus, SamePerson, FutureDate, PeriodNotOver.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    known = unit.session.get(SubsidyBatch, batch_id)
    if known is not None:
        _hold_loans(unit, known)
    batch = _held(unit, batch_id, "submit")
    _check_over(period_of(batch), on)
    _check_other(unit, batch.maker)
    batch.cut_off = batch.cut_off or subsidy.cut_off(batch.submit_by, on)
    drafts.refresh(unit, batch)
    batch.submitted_by, batch.submitted_on, batch.submitted_recorded_on = unit.user, on, unit.recorded_on
    batch.return_reason = None
    return _take(unit, batch, "submit", on)


def approve(unit: Unit, batch_id: int, rejected: Mapping[int, str] | None = None, on: date | None = None) -> Taken:
    """Approve a batch, rejecting lines with reasons; each line's subsidy becomes payable (核准).

    Raises NotFound (a line too), WrongStatus, SamePerson, FutureDate, BeforeEarlierStep, PeriodClosed.
    """
    on = on or unit.today
    batch = _held(unit, batch_id, "approve")
    _check_day(unit, on, batch.submitted_on)
    _check_other(unit, batch.maker, batch.submitted_by)
    subsidy_lines.let_go(unit, batch, rejected or {}, "rejected", on)
    lines = subsidy_lines.live_lines(unit, batch)
    subsidy_lines.post(
        unit,
        batch,
        lines,
        lambda line: SubsidyApproved(
            effective_on=on,
            county=batch.county,
            bank=batch.bank,
            loan=line.loan_id,
            batch=batch.id,
            line=line.id,
            households=Fen(line.fen) if line.household else NIL,
            organisations=NIL if line.household else Fen(line.fen),
        ),
    )
    batch.approved_by, batch.approved_on = unit.user, on
    return _take(unit, batch, "approve", on)


def send_back(unit: Unit, batch_id: int, reason: str, line_ids: Collection[int] = (), on: date | None = None) -> Taken:
    """Return a batch, or lines of it (退回); what was approved of them is reversed in red.

    Lines returned leave the batch, which goes on without them; they may enter the next. A batch returned whole, or
    by its last line, is refreshed with its first cut-off. Raises NotFound, WrongStatus, FutureDate,
    BeforeEarlierStep, PeriodClosed.
    """
    on = on or unit.today
    batch = _held(unit, batch_id, "return")
    _check_day(unit, on, batch.verified_on or batch.approved_on or batch.submitted_on)
    live = {line.id for line in subsidy_lines.live_lines(unit, batch)}
    if line_ids and set(line_ids) != live:
        subsidy_lines.let_go(unit, batch, dict.fromkeys(line_ids, reason), "returned", on)
        return Taken(batch.id, batch.status)
    subsidy_lines.end(unit, batch, live, "superseded", reason)
    batch.return_reason = reason
    batch.submitted_by = batch.submitted_on = batch.submitted_recorded_on = None
    batch.approved_by = batch.approved_on = batch.verified_by = batch.verified_on = None
    taken = _take(unit, batch, "return", on, reason)
    drafts.refresh(unit, batch)
    return taken


def verify(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Verify an approved batch (审核); raises NotFound, WrongStatus, SamePerson, FutureDate, BeforeEarlierStep."""
    on = on or unit.today
    batch = _held(unit, batch_id, "verify")
    _check_day(unit, on, batch.approved_on)
    _check_other(unit, batch.maker, batch.submitted_by, batch.approved_by)
    batch.verified_by, batch.verified_on = unit.user, on
    return _take(unit, batch, "verify", on)


def pay(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Pay a verified batch (拨付), line by line, once.

    Raises NotFound, WrongStatus, SamePerson, FutureDate, BeforeEarlierStep, PeriodClosed, and LineRebilled while a
    line of it says something else than what is billed and paid by now (4.9).
    """
    on = on or unit.today
    batch = _held(unit, batch_id, "pay")
    _check_day(unit, on, batch.verified_on)
    _check_other(unit, batch.maker, batch.submitted_by, batch.approved_by, batch.verified_by)
    lines = subsidy_lines.live_lines(unit, batch)
    if stale := [str(line.id) for line in lines if line.stale]:
        raise LineRebilled(rule="4.9", count=len(stale), found=stale)
    subsidy_lines.post(
        unit,
        batch,
        lines,
        lambda line: SubsidyPaid(
            effective_on=on,
            county=batch.county,
            bank=batch.bank,
            loan=line.loan_id,
            batch=batch.id,
            line=line.id,
            amount=Fen(line.fen),
        ),
    )
    supplements = [line.id for line in lines if line.of_line_id is not None]
    made_good = among(unit.connection, subsidy_shortfalls.c.supplement_id, supplements)
    unit.connection.execute(delete(subsidy_shortfalls).where(made_good))
    batch.paid_by, batch.paid_on = unit.user, on
    return _take(unit, batch, "pay", on)


def _put(unit: Unit, bank: str, county: str, period: Period, on: date) -> SubsidyBatch:
    """The batch of a period, held; made where there is none."""
    b = SubsidyBatch
    mine = select(b).where(b.bank == bank, b.county == county, b.cycle == period.cycle, b.period == str(period))
    held = mine.with_for_update().execution_options(populate_existing=True)
    if (found := unit.session.execute(held).scalar()) is not None:
        return found
    schemes = sources.schemes_of(unit, bank, county, period.cycle)
    batch = SubsidyBatch(
        id=new_id(),
        bank=bank,
        county=county,
        cycle=period.cycle,
        period=str(period),
        status="draft",
        submit_by=period.submit_by(min(scheme.subsidy_submit_day for scheme in schemes)),
        pay_days=min(scheme.subsidy_pay_working_days for scheme in schemes),
        maker=unit.user,
        drafted_on=on,
        refreshed_on=on,
    )
    try:
        with unit.session.begin_nested():
            unit.session.add(batch)
    except IntegrityError:  # somebody else drafted it in the same moment: theirs it is
        return unit.session.execute(held).scalar_one()
    subsidy_lines.keep_change(unit, batch, "draft", "", on)
    return batch


def _hold_loans(unit: Unit, batch: SubsidyBatch) -> None:
    """Before the batch: whoever records something on a loan holds it before he looks for its batch."""
    c = _LOANS.c
    loans = select(c.id).where(c.county == batch.county, c.bank == batch.bank, c.disbursed_on.is_not(None))
    unit.connection.execute(loans.order_by(c.id).with_for_update(read=True)).all()


def _held(unit: Unit, batch_id: int, step: str) -> SubsidyBatch:
    """The batch, held to the end of the transaction, in a status from which the step is possible."""
    batch = unit.session.get(SubsidyBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(what="subsidy batch", id=str(batch_id))
    allowed = SUBSIDY_STEPS[step].allowed
    if batch.status not in allowed:
        raise WrongStatus(status=batch.status, allowed=", ".join(allowed), step=step)
    return batch


def _take(unit: Unit, batch: SubsidyBatch, step: str, on: date, reason: str = "") -> Taken:
    before, batch.status = batch.status, SUBSIDY_STEPS[step].to
    subsidy_lines.keep_change(unit, batch, step, before, on, reason)
    unit.session.flush()
    return Taken(batch.id, batch.status)


def _check_over(period: Period, on: date) -> None:
    if on < period.days.end:
        raise PeriodNotOver(rule="4.1", period=str(period), limit=period.days.end, found=on)


def _check_other(unit: Unit, *before: str | None) -> None:
    """Nobody takes two steps of one round (1)."""
    if unit.user in before:
        raise SamePerson(user=unit.user, rule="1")


def _check_day(unit: Unit, on: date, earlier: date | None) -> None:
    unit.not_future(on, "on")
    if earlier is not None and on < earlier:
        raise BeforeEarlierStep(rule="4.4", limit=earlier, found=on)
