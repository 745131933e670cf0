"""Operations that draft, submit, approve, verify, pay and return subsidy batches (贴息批次).

The daily job or an officer drafts a batch, the bank's checker submits the batch, the poverty office approves the batch
and may reject lines, the finance officer verifies the batch, and the finance checker pays the batch. A different person
takes each step (`workflow.BATCH`), and the history stores each step with the person, the day and the reason.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from ledger import activity, journal
from ledger.catalogue import key_from, key_of
from ledger.database import among, table_of
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event, SubsidyApproved, SubsidyPaid
from ledger.ids import new_id
from ledger.journal import Record
from ledger.money import NIL, Fen
from ledger.operations.subsidy import drafts
from ledger.operations.subsidy.drafts import period_of
from ledger.operations.subsidy.workflow import BATCH
from ledger.policy import subsidy
from ledger.policy.subsidy import Period
from ledger.queries import reference, subsidy_terms
from ledger.statuses import BatchStatus, BatchStep
from ledger.tables.loans import Loan
from ledger.tables.reference import Bank
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit
from ledger.workflow import Taken, begin, check, move, note, take

_LOANS = table_of(Loan)
_LINES = table_of(SubsidyLine)


class PeriodNotOver(RuleViolation):
    code = "period_not_over"
    zh = "{period} 贴息期至 {limit} 方结束，{found} 不能编制或上报（{rule}）"
    en = "the subsidy period {period} is over on {limit}; there is no batch for it on {found} ({rule})"


class LineRebilled(RuleViolation):
    code = "line_rebilled"
    zh = "有 {count} 笔明细的结息单在上报后已重新计息或变更还款（{found}），须先退回再拨付（{rule}）"
    en = "{count} lines were billed or paid anew since their submission ({found}); return them before payment ({rule})"


def draft(unit: Unit, bank: str, county: str, period: Period, on: date | None = None) -> Taken:
    """Draft the batch of a period, or update the open batch of the period from bills and payments.

    Raise NotFound, FutureDate, PeriodNotOver before the period's 21st (4.1), WrongStatus for a submitted batch.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    if unit.session.get(Bank, bank) is None:
        raise NotFound(what="bank", id=bank)
    county = reference.county_of(unit.session, county)
    _check_over(period, on)
    batch = _find_or_add(unit, bank, county, period, on)
    check(unit, BATCH, batch, BatchStep.DRAFT)
    drafts.refresh(unit, batch)
    return Taken(batch.id, batch.status)


def submit(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Update a draft and submit it (上报); the first submission sets the cut-off of the batch for good.

    The submitter must not be the maker. The loans are locked before the batch is refreshed, so that every later
    operation on a loan finds the loan's line submitted. Raise NotFound, WrongStatus, SamePerson, FutureDate,
    PeriodNotOver.
    """
    on = on or unit.today
    unlocked = unit.session.get(SubsidyBatch, batch_id)
    if unlocked is not None:
        _lock_loans(unit, unlocked)
    batch = _locked(unit, batch_id)
    check(unit, BATCH, batch, BatchStep.SUBMIT, on)
    _check_over(period_of(batch), on)
    batch.cut_off = batch.cut_off or subsidy.cut_off(batch.submit_by, on)
    drafts.refresh(unit, batch)
    batch.return_reason = None
    return move(unit, BATCH, batch, BatchStep.SUBMIT, on)


def approve(unit: Unit, batch_id: int, rejected: Mapping[int, str] | None = None, on: date | None = None) -> Taken:
    """Approve a batch except the lines rejected with reasons; the subsidy of each approved line becomes payable (核准).

    Raise NotFound for the batch or a rejected line, WrongStatus, SamePerson, FutureDate, BeforeEarlierStep,
    PeriodClosed.
    """
    on = on or unit.today
    batch = _locked(unit, batch_id)
    check(unit, BATCH, batch, BatchStep.APPROVE, on)
    _remove_lines(unit, batch, rejected or {}, "rejected", on)
    _post(
        unit,
        batch,
        [
            SubsidyApproved(
                effective_on=on,
                county=batch.county,
                bank=batch.bank,
                loan=line.loan,
                batch=batch.id,
                line=line.id,
                households=line.fen if line.household else NIL,
                organisations=NIL if line.household else line.fen,
            )
            for line in _live_lines(unit, batch)
        ],
    )
    return move(unit, BATCH, batch, BatchStep.APPROVE, on)


def send_back(unit: Unit, batch_id: int, reason: str, line_ids: Collection[int] = (), on: date | None = None) -> Taken:
    """Return a batch, or only some of its lines (退回); approvals of returned lines are reversed in red.

    Returned lines leave the batch and may enter the next batch; the batch continues with its remaining lines. A batch
    that is returned whole, or whose last line is returned, is updated with the cut-off of its first submission. Raise
    NotFound, WrongStatus, FutureDate, BeforeEarlierStep, PeriodClosed.
    """
    on = on or unit.today
    batch = _locked(unit, batch_id)
    check(unit, BATCH, batch, BatchStep.RETURN, on, reason=reason)
    live = {line.id for line in _live_lines(unit, batch)}
    if line_ids and set(line_ids) != live:
        _remove_lines(unit, batch, dict.fromkeys(line_ids, reason), "returned", on)
        return Taken(batch.id, batch.status)
    _end_lines(unit, batch, live, "superseded", reason)
    batch.return_reason = reason
    taken = move(unit, BATCH, batch, BatchStep.RETURN, on, reason=reason)
    drafts.refresh(unit, batch)
    return taken


def verify(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Verify an approved batch (审核); raise NotFound, WrongStatus, SamePerson, FutureDate, BeforeEarlierStep."""
    return take(unit, BATCH, _locked(unit, batch_id), BatchStep.VERIFY, on)


def pay(unit: Unit, batch_id: int, on: date | None = None) -> Taken:
    """Pay a verified batch (拨付); no line is paid twice.

    Raise NotFound, WrongStatus, SamePerson, FutureDate, BeforeEarlierStep, PeriodClosed, and LineRebilled while bills
    and payments no longer support a line of the batch (4.9).
    """
    on = on or unit.today
    batch = _locked(unit, batch_id)
    check(unit, BATCH, batch, BatchStep.PAY, on)
    lines = _live_lines(unit, batch)
    if stale := [str(line.id) for line in lines if line.stale]:
        raise LineRebilled(rule="4.9", count=len(stale), found=stale)
    _post(
        unit,
        batch,
        [
            SubsidyPaid(
                effective_on=on,
                county=batch.county,
                bank=batch.bank,
                loan=line.loan,
                batch=batch.id,
                line=line.id,
                amount=line.fen,
            )
            for line in lines
        ],
    )
    supplements = [line.id for line in lines if line.of_line is not None]
    made_good = among(unit.connection, subsidy_shortfalls.c.supplement_id, supplements)
    unit.connection.execute(delete(subsidy_shortfalls).where(made_good))
    return move(unit, BATCH, batch, BatchStep.PAY, on)


class _LiveLine(NamedTuple):
    """A live line with its amount and whether the borrower is a household; `of_line` is set for a supplement."""

    id: int
    loan: int
    fen: Fen
    stale: bool
    of_line: int | None
    household: bool


def _live_lines(unit: Unit, batch: SubsidyBatch) -> list[_LiveLine]:
    c = _LINES.c
    query = (
        select(c.id, c.loan_id, c.fen, c.stale, c.of_line_id, _LOANS.c.household_id.is_not(None))
        .join(_LOANS, _LOANS.c.id == c.loan_id)
        .where(c.batch_id == batch.id, c.live)
        .order_by(c.id)
    )
    return [_LiveLine._make(row) for row in unit.connection.execute(query)]


def _post(unit: Unit, batch: SubsidyBatch, events: Iterable[Event]) -> None:
    """Record one event for each line; the natural key keeps a line from being approved or paid twice."""
    document = f"贴息 {batch.bank}/{batch.county}/{batch.period}"
    journal.record_all(unit, [Record(event, document=document, key=key_of(event)) for event in events])


def _remove_lines(unit: Unit, batch: SubsidyBatch, reasons: Mapping[int, str], outcome: str, on: date) -> None:
    """Take lines out of a batch, each with a reason, and free the lines' settlement lines for a later batch.

    Raise NotFound.
    """
    live = {line.id for line in _live_lines(unit, batch)}
    by_reason: dict[str, list[int]] = {}
    for line_id, reason in sorted(reasons.items()):
        if line_id not in live:
            raise NotFound(what="subsidy line", id=str(line_id))
        note(unit, BATCH, batch, outcome, on, before=batch.status, reason=reason, line_id=line_id)
        by_reason.setdefault(reason, []).append(line_id)
    for reason, line_ids in by_reason.items():
        _end_lines(unit, batch, line_ids, outcome, reason)


def _end_lines(unit: Unit, batch: SubsidyBatch, line_ids: Collection[int], outcome: str, reason: str) -> None:
    """End lines: reverse their approvals in red and release their claims on settlement lines."""
    connection, claims, shortfalls = unit.connection, subsidy_claims, subsidy_shortfalls
    if batch.approved_on is not None:
        keys = [key_from(SubsidyApproved, line=line_id) for line_id in line_ids]
        journal.reverse_all(unit, activity.ids_of_keys(connection, keys), reason)
    ended = update(_LINES).where(among(connection, _LINES.c.id, line_ids))
    connection.execute(ended.values(live=None, outcome=outcome, reason=reason))
    connection.execute(update(claims).where(among(connection, claims.c.line_id, line_ids)).values(live=None))
    freed = update(shortfalls).where(among(connection, shortfalls.c.supplement_id, line_ids))
    connection.execute(freed.values(supplement_id=None))


def _find_or_add(unit: Unit, bank: str, county: str, period: Period, on: date) -> SubsidyBatch:
    """Return the batch of a period, locked; add the batch where the period has no batch."""
    b = SubsidyBatch
    query = select(b).where(b.bank == bank, b.county == county, b.cycle == period.cycle, b.period == str(period))
    locked = query.with_for_update().execution_options(populate_existing=True)
    if (present := unit.session.execute(locked).scalar()) is not None:
        return present
    schemes = subsidy_terms.schemes_of_office(unit.session, bank, county, period.cycle)
    batch = SubsidyBatch(
        id=new_id(),
        bank=bank,
        county=county,
        cycle=period.cycle,
        period=str(period),
        status=BatchStatus.DRAFT,
        submit_by=period.submit_by(min(scheme.subsidy_submit_day for scheme in schemes)),
        pay_days=min(scheme.subsidy_pay_working_days for scheme in schemes),
        maker=unit.user,
        drafted_on=on,
        refreshed_on=on,
    )
    try:
        with unit.session.begin_nested():
            unit.session.add(batch)
    except IntegrityError:  # Another transaction drafted this batch at the same moment; use that transaction's batch.
        return unit.session.execute(locked).scalar_one()
    begin(unit, BATCH, batch, BatchStep.DRAFT, on)
    return batch


def _lock_loans(unit: Unit, batch: SubsidyBatch) -> None:
    """Lock the loans of the batch's bank and county before the batch, in the order in which repayments lock them."""
    c = _LOANS.c
    loans = select(c.id).where(c.county == batch.county, c.bank == batch.bank, c.disbursed_on.is_not(None))
    unit.connection.execute(loans.order_by(c.id).with_for_update(read=True)).all()


def _locked(unit: Unit, batch_id: int) -> SubsidyBatch:
    """Return the batch, locked until the transaction ends; raise NotFound."""
    batch = unit.session.get(SubsidyBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(what="subsidy batch", id=str(batch_id))
    return batch


def _check_over(period: Period, on: date) -> None:
    if on < period.days.end:
        raise PeriodNotOver(rule="4.1", period=str(period), limit=period.days.end, found=on)
