"""Corrections of subsidies that are drafted, submitted or paid, after new bills and payments (scheme 4.9).

Lines of a draft are updated. Lines that are submitted, approved or verified are marked stale, and must be rejected or
returned before payment. For a paid line the difference is recorded at once as a claw-back, or as a shortfall for the
next batch.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, delete, func, insert, or_, select, update
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from ledger import journal, period_lock
from ledger.chart import Kind, book_of
from ledger.database import among, table_of
from ledger.events import ClawbackRaised
from ledger.ids import new_id
from ledger.journal import Record
from ledger.money import NIL, Fen
from ledger.operations.subsidy import drafts
from ledger.operations.subsidy.drafts import DraftLine, StoredLine, period_of
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy import subsidy
from ledger.policy.subsidy import Period, Standing
from ledger.queries.settlement_lines import BilledLine, claimed_lines, earned_lines
from ledger.statuses import BatchStatus
from ledger.tables.loans import Loan
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_LINES = table_of(SubsidyLine)
_CLAWBACKS = table_of(Clawback)
_OWN, _OTHER = aliased(_LOANS, name="own"), aliased(_LOANS, name="other")

REBILLED = "结息单重新计息或还款变更 billed or paid anew"


def follow(unit: Unit, loan_ids: Collection[int]) -> None:
    """Update subsidies after settlement lines of the given loans were billed again or paid again.

    The caller must have locked the loans and stored the new bills and payments.
    """
    if not loan_ids:
        return
    unit.session.flush()
    loans = _with_loans_of_same_borrowers(unit, loan_ids)
    batches = _batches(unit, loans)
    if not batches:
        return
    lines = list(drafts.stored_lines(unit, among(unit.connection, _LINES.c.loan_id, loans)))
    paid = [line for line in lines if batches[line.batch_id].status == BatchStatus.PAID]
    _settle(unit, [line for line in paid if line.content.of_line is None], paid, batches)
    submitted = [line for line in lines if batches[line.batch_id].status not in (BatchStatus.PAID, *OPEN)]
    _mark(unit, submitted, batches)
    for batch in sorted(batches.values(), key=lambda batch: (batch.period, batch.id)):
        if batch.status in OPEN:
            drafts.refresh(unit, batch, loans)


def _with_loans_of_same_borrowers(unit: Unit, loan_ids: Collection[int]) -> list[int]:
    """Return the given loans and all other loans of their borrowers, which share a cap (4.6); lock all these loans."""
    own, other = _OWN.c, _OTHER.c
    same = or_(other.household_id == own.household_id, other.organisation_id == own.organisation_id)
    query = select(other.id).join(_OWN, same).where(among(unit.connection, own.id, loan_ids)).distinct()
    loans = set(unit.connection.execute(query).scalars()) | set(loan_ids)
    if others := loans - set(loan_ids):
        locked = select(_LOANS.c.id).where(among(unit.connection, _LOANS.c.id, sorted(others)))
        unit.connection.execute(locked.order_by(_LOANS.c.id).with_for_update()).all()
    return sorted(loans)


def _batches(unit: Unit, loan_ids: Sequence[int]) -> dict[int, SubsidyBatch]:
    """Return the batches in which the given loans have or might get lines; lock the batches that are not paid."""
    b, connection = SubsidyBatch, unit.connection
    lent = select(_LOANS.c.bank, _LOANS.c.county).where(among(connection, _LOANS.c.id, loan_ids)).distinct()
    offices = connection.execute(lent).all()
    entered = select(_LINES.c.batch_id).where(among(connection, _LINES.c.loan_id, loan_ids), _LINES.c.live)
    for bank, county in offices:
        unpaid = select(b.id).where(b.bank == bank, b.county == county, b.status != BatchStatus.PAID).order_by(b.id)
        connection.execute(unpaid.with_for_update()).all()
    query = select(b).where(
        or_(
            b.id.in_(entered),
            *((b.bank == bank) & (b.county == county) & b.status.in_(OPEN) for bank, county in offices),
        )
    )
    batches = unit.session.execute(query.execution_options(populate_existing=True)).scalars()
    return {batch.id: batch for batch in batches}


class _Entitlement(NamedTuple):
    """A line's content if drafted now (None if the line earns nothing), and the claims that the line has lost."""

    content: DraftLine | None
    lost: tuple[date, ...]


def _entitlements(
    unit: Unit, lines: Sequence[StoredLine], batches: Mapping[int, SubsidyBatch]
) -> dict[int, _Entitlement]:
    """Return by line id the entitlement of each line, computed only from the settlement lines that the line claims."""
    billed = claimed_lines(unit, [line.id for line in lines])
    beside = _standings(unit, billed.values(), batches)
    counted: dict[int, list[BilledLine]] = {}
    for line in lines:
        batch = batches[line.batch_id]
        claimed = (billed.get((line.content.loan, claim.start)) for claim in line.content.claims)
        counted[line.id] = [present for present in claimed if present is not None and _counts(present, batch, beside)]
    earned = {
        (line.billed.loan, line.billed.conditions.start): line
        for line in earned_lines(unit, list(chain.from_iterable(counted.values())))
    }
    entitlements = {}
    for line in lines:
        starts = [settlement.conditions.start for settlement in counted[line.id]]
        of_line = {start: earned[line.content.loan, start] for start in starts if (line.content.loan, start) in earned}
        content = next(drafts.draft_lines(of_line.values(), period_of(batches[line.batch_id])), None)
        lost = tuple(claim.start for claim in line.content.claims if claim.start not in of_line)
        entitlements[line.id] = _Entitlement(content, lost)
    return entitlements


_Office = tuple[str, str, str]
"""The key of an office: a bank, a county and a cycle."""


def _office(batch: SubsidyBatch) -> _Office:
    return batch.bank, batch.county, batch.cycle


def _standings(
    unit: Unit, billed: Iterable[BilledLine], batches: Mapping[int, SubsidyBatch]
) -> dict[_Office, Mapping[Period, Standing]]:
    """Return the batches' open states and cut-offs by office; empty unless a scheme makes late interest forfeit."""
    if all(line.conditions.terms.scheme.late_interest != "forfeit" for line in billed):
        return {}
    one_of_each = {_office(batch): batch for batch in batches.values()}
    return {office: drafts.standings(unit, batch) for office, batch in one_of_each.items()}


def _counts(line: BilledLine, batch: SubsidyBatch, beside: Mapping[_Office, Mapping[Period, Standing]]) -> bool:
    """Return whether a settlement line was paid on or before its batch's cut-off, or ever if the batch is paid."""
    if line.paid_on is None:
        return False
    scheme = line.conditions.terms.scheme
    if scheme.late_interest == "forfeit":
        own = subsidy.standing_of(line.conditions.own, beside[_office(batch)], scheme.subsidy_submit_day)
        if subsidy.is_forfeit(line.paid_on, own.cut_off, scheme.late_interest):
            return False
    return batch.status == BatchStatus.PAID or batch.cut_off is None or line.paid_on <= batch.cut_off


def _mark(unit: Unit, lines: Sequence[StoredLine], batches: Mapping[int, SubsidyBatch]) -> None:
    """Mark submitted lines stale where their days or amounts would differ if drafted now; stale lines are not paid."""
    if not lines:
        return
    entitlements = _entitlements(unit, [line for line in lines if line.content.of_line is None], batches)
    supplements = [line.id for line in lines if line.content.of_line is not None]
    s = subsidy_shortfalls.c
    carried = select(s.supplement_id, s.fen).where(among(unit.connection, s.supplement_id, supplements))
    short = {row.supplement_id: row.fen for row in unit.connection.execute(carried)}
    changed: dict[bool, list[int]] = {True: [], False: []}
    for line in lines:
        if line.content.of_line is not None:
            stale = short.get(line.id) != line.content.fen
        else:
            now = entitlements[line.id]
            stale = bool(now.lost) or _days_and_amounts(now.content) != _days_and_amounts(line.content)
        if stale != line.stale:
            changed[stale].append(line.id)
    for stale, line_ids in changed.items():
        if line_ids:
            unit.connection.execute(
                update(_LINES).where(among(unit.connection, _LINES.c.id, line_ids)).values(stale=stale)
            )


def _days_and_amounts(content: DraftLine | None) -> tuple[Any, ...] | None:
    """Return the days and amounts of a subsidy line, without the versions of its settlement lines."""
    if content is None:
        return None
    return content.start, content.end, content.days, content.interest, content.eligible, content.fen


def _settle(
    unit: Unit, lines: Sequence[StoredLine], paid: Iterable[StoredLine], batches: Mapping[int, SubsidyBatch]
) -> None:
    """Record the differences between the amounts paid on lines and the lines' present entitlements."""
    if not lines:
        return
    received = _net_payments(unit, lines, paid)
    entitlements = _entitlements(unit, lines, batches)
    for line in lines:
        content, lost = entitlements[line.id]
        excess, short = subsidy.difference(received[line.id], NIL if content is None else content.fen)
        if lost:
            c = subsidy_claims.c
            released = update(subsidy_claims).where(c.line_id == line.id, c.period_start.in_(lost))
            unit.connection.execute(released.values(live=None))
        if excess:
            _claw_back(unit, line, batches[line.batch_id], excess)
        _keep_shortfall(unit, line.id, short)


def _net_payments(unit: Unit, lines: Sequence[StoredLine], paid: Iterable[StoredLine]) -> dict[int, int]:
    """Return by line id the payments on each line and its supplements, less claw-backs, in fen."""
    sums: dict[int, int] = {line.id: line.content.fen for line in lines}
    for line in paid:
        if line.content.of_line in sums:
            sums[line.content.of_line] += line.content.fen
    c = _CLAWBACKS.c
    query = select(c.line_id, sql_cast(func.sum(c.fen), BigInteger)).group_by(c.line_id)
    for line_id, fen in unit.connection.execute(query.where(among(unit.connection, c.line_id, sums))):
        sums[line_id] -= fen
    return sums


def _claw_back(unit: Unit, line: StoredLine, batch: SubsidyBatch, excess: Fen) -> None:
    """Record a claw-back dated the day of payment, or the first open day after the payment.

    A claw-back dated the day of payment keeps the books from showing more paid subsidy than is due on any day.
    """
    assert batch.paid_on is not None
    on = max(batch.paid_on, period_lock.first_open(unit, [book_of(Kind.SUBSIDY, bank="", county=batch.county)]))
    clawback = new_id()
    household = unit.session.get_one(Loan, line.content.loan).household_id is not None
    unit.session.add(
        Clawback(
            id=clawback,
            line_id=line.id,
            batch_id=batch.id,
            loan_id=line.content.loan,
            bank=batch.bank,
            county=batch.county,
            fen=excess,
            received=0,
            raised_on=on,
            raised_by=unit.user,
            reason=REBILLED,
        )
    )
    event = ClawbackRaised(
        effective_on=on,
        county=batch.county,
        bank=batch.bank,
        loan=line.content.loan,
        clawback=clawback,
        households=excess if household else NIL,
        organisations=NIL if household else excess,
    )
    document = f"贴息 {batch.bank}/{batch.county}/{batch.period}"
    journal.record_all(unit, [Record(event, document=document, reason=REBILLED)])


def _keep_shortfall(unit: Unit, line_id: int, short: Fen) -> None:
    """Store the shortfall of a paid line, in fen, for the next batch to pay; zero removes the stored shortfall."""
    s, connection = subsidy_shortfalls, unit.connection
    of_line = s.c.line_id == line_id
    present = connection.execute(select(s.c.fen).where(of_line)).scalar()
    if short and present is None:
        connection.execute(insert(s).values(line_id=line_id, fen=short))
    elif short and present != short:
        connection.execute(update(s).where(of_line).values(fen=short))
    elif not short and present is not None:
        connection.execute(delete(s).where(of_line))
