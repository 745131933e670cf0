"""What becomes of subsidies when settlement lines are billed or paid anew (scheme 4.9): nothing is paid twice.

Draft: refreshed. Submitted, approved or verified: marked, to be rejected or returned before payment. Paid: the
difference is raised at once, as a claw-back or as what the next batch makes good.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, cast, delete, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from ledger import journal, period_lock
from ledger.chart import Kind, book_of
from ledger.database import among
from ledger.events import ClawbackRaised
from ledger.ids import new_id
from ledger.journal import Record
from ledger.money import NIL, Fen
from ledger.operations.subsidy import drafts, entitlement, sources
from ledger.operations.subsidy.drafts import Figure, Stored, period_of
from ledger.operations.subsidy.sources import Billed
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy import subsidy
from ledger.statuses import BatchStatus
from ledger.tables.loans import Loan
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_LINES: Any = SubsidyLine.__table__
_OWN, _OTHER = aliased(_LOANS, name="own"), aliased(_LOANS, name="other")

REBILLED = "结息单重新计息或还款变更 billed or paid anew"


def follow(unit: Unit, loan_ids: Collection[int]) -> None:
    """Bring subsidies in step with loans, which are held, after their lines were billed or paid anew.

    To be called once that is stored.
    """
    if not loan_ids:
        return
    unit.session.flush()
    loans = _with_borrowers_others(unit, loan_ids)
    batches = _batches(unit, loans)
    if not batches:
        return
    lines = list(drafts.stored(unit, among(unit.connection, _LINES.c.loan_id, loans)))
    by_status = defaultdict(list)
    for line in lines:
        by_status[batches[line.batch_id].status].append(line)
    paid = by_status.pop(BatchStatus.PAID, [])
    _settle(unit, [line for line in paid if line.figure.of_line is None], paid, batches)
    _mark(unit, [line for status, of_it in by_status.items() if status not in OPEN for line in of_it], batches)
    for batch in sorted(batches.values(), key=lambda batch: (batch.period, batch.id)):
        if batch.status in OPEN:
            drafts.refresh(unit, batch, loans)


def _with_borrowers_others(unit: Unit, loan_ids: Collection[int]) -> list[int]:
    """These loans and the others of their borrowers, held too: they share a cap (4.6)."""
    own, other = _OWN.c, _OTHER.c
    same = or_(other.household_id == own.household_id, other.organisation_id == own.organisation_id)
    query = select(other.id).join(_OWN, same).where(among(unit.connection, own.id, loan_ids)).distinct()
    found = set(unit.connection.execute(query).scalars()) | set(loan_ids)
    if others := found - set(loan_ids):
        held = select(_LOANS.c.id).where(among(unit.connection, _LOANS.c.id, sorted(others)))
        unit.connection.execute(held.order_by(_LOANS.c.id).with_for_update()).all()
    return sorted(found)


def _batches(unit: Unit, loan_ids: Sequence[int]) -> dict[int, SubsidyBatch]:
    """The batches these loans have lines in, and those they might enter; held while they are not paid."""
    b, connection = SubsidyBatch, unit.connection
    lent = select(_LOANS.c.bank, _LOANS.c.county).where(among(connection, _LOANS.c.id, loan_ids)).distinct()
    scopes = connection.execute(lent).all()
    entered = select(_LINES.c.batch_id).where(among(connection, _LINES.c.loan_id, loan_ids), _LINES.c.live)
    for bank, county in scopes:
        coming = select(b.id).where(b.bank == bank, b.county == county, b.status != BatchStatus.PAID).order_by(b.id)
        connection.execute(coming.with_for_update()).all()
    query = select(b).where(
        or_(
            b.id.in_(entered),
            *((b.bank == bank) & (b.county == county) & b.status.in_(OPEN) for bank, county in scopes),
        )
    )
    found = unit.session.execute(query.execution_options(populate_existing=True)).scalars()
    return {batch.id: batch for batch in found}


class _Now(NamedTuple):
    """What a line would be drafted as now: its figure, None when it earns nothing, and the claims it has lost."""

    figure: Figure | None
    lost: tuple[date, ...]


def _now(unit: Unit, lines: Sequence[Stored], batches: Mapping[int, SubsidyBatch]) -> dict[int, _Now]:
    """Lines as they would be drafted now, each for the settlement lines it claims and no others.

    A line not paid yet must have been paid for by its batch's cut-off; for a paid one any day will do.
    """
    billed = sources.claimed_lines(unit, [line.id for line in lines])
    cut_offs = _CutOffs(unit)
    kept: dict[int, list[Billed]] = {line.id: [] for line in lines}
    for line in lines:
        batch = batches[line.batch_id]
        for claim in line.figure.claims:
            found = billed.get((line.figure.loan, claim.start))
            if found is not None and _counts(found, batch, cut_offs):
                kept[line.id].append(found)
    earned = entitlement.earn(unit, [each for of_line in kept.values() for each in of_line])
    dues = {(due.billed.loan, due.billed.conditions.start): due for due in earned}
    now = {}
    for line in lines:
        mine = [due for each in kept[line.id] if (due := dues.get((each.loan, each.conditions.start))) is not None]
        figure = next(drafts.figures(mine, period_of(batches[line.batch_id])), None)
        there = {due.billed.conditions.start for due in mine}
        now[line.id] = _Now(figure, tuple(claim.start for claim in line.figure.claims if claim.start not in there))
    return now


class _CutOffs:
    """The cut-offs of lines' own periods, asked only where late interest is forfeit."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._known: dict[tuple[str, str, str], Mapping[subsidy.Period, subsidy.Standing]] = {}

    def forfeit(self, each: Billed, batch: SubsidyBatch) -> bool:
        scheme = each.conditions.terms.scheme
        if scheme.late_interest != "forfeit" or each.paid_on is None:
            return False
        key = (batch.bank, batch.county, batch.cycle)
        if key not in self._known:
            self._known[key] = drafts.standings(self._unit, batch)
        own = subsidy.standing_of(each.conditions.own, self._known[key], scheme.subsidy_submit_day)
        return subsidy.is_forfeit(each.paid_on, own.cut_off, scheme.late_interest)


def _counts(each: Billed, batch: SubsidyBatch, cut_offs: _CutOffs) -> bool:
    if each.paid_on is None or cut_offs.forfeit(each, batch):
        return False
    return batch.status == BatchStatus.PAID or batch.cut_off is None or each.paid_on <= batch.cut_off


def _mark(unit: Unit, lines: Sequence[Stored], batches: Mapping[int, SubsidyBatch]) -> None:
    """Lines on their way to payment that say something else than they would now: they are not paid like that."""
    now = _now(unit, [line for line in lines if line.figure.of_line is None], batches)
    supplements = [line.id for line in lines if line.figure.of_line is not None]
    s = subsidy_shortfalls.c
    carried = select(s.supplement_id, s.fen).where(among(unit.connection, s.supplement_id, supplements))
    short = {row.supplement_id: row.fen for row in unit.connection.execute(carried)}
    for line in lines:
        if line.figure.of_line is not None:
            stale = short.get(line.id) != line.figure.fen
        else:
            stale = bool(now[line.id].lost) or _said(now[line.id].figure) != _said(line.figure)
        if stale != line.stale:
            unit.connection.execute(update(_LINES).where(_LINES.c.id == line.id).values(stale=stale))


def _said(figure: Figure | None) -> tuple[Any, ...] | None:
    """What a line says of days and amounts, whatever version of its settlement lines it was drafted from."""
    if figure is None:
        return None
    return figure.start, figure.end, figure.days, figure.interest, figure.eligible, figure.fen


def _settle(unit: Unit, lines: Sequence[Stored], paid: Iterable[Stored], batches: Mapping[int, SubsidyBatch]) -> None:
    """Raise the difference between what was paid on lines and what they are entitled to now."""
    had = _had(unit, lines, paid)
    for line_id, now in _now(unit, lines, batches).items():
        line, stands = had[line_id]
        entitled = NIL if now.figure is None else now.figure.fen
        back, short = subsidy.difference(stands, entitled)
        if now.lost:
            c = subsidy_claims.c
            lost = update(subsidy_claims).where(c.line_id == line_id, c.period_start.in_(now.lost))
            unit.connection.execute(lost.values(live=None))
        if back:
            _claw_back(unit, line, batches[line.batch_id], back)
        _keep_short(unit, line_id, short)


class _Had(NamedTuple):
    """What a paid line has come to: its own payment and its supplements' less what was clawed back."""

    line: Stored
    fen: Fen


def _had(unit: Unit, lines: Sequence[Stored], paid: Iterable[Stored]) -> dict[int, _Had]:
    sums = {line.id: line.figure.fen for line in lines}
    for line in paid:
        if line.figure.of_line in sums:
            sums[line.figure.of_line] = Fen(sums[line.figure.of_line] + line.figure.fen)
    query = (
        select(Clawback.line_id, cast(func.sum(Clawback.fen), BigInteger))
        .where(among(unit.connection, Clawback.__table__.c.line_id, sums))
        .group_by(Clawback.line_id)
    )
    for line_id, fen in unit.session.execute(query):
        sums[line_id] = Fen(sums[line_id] - fen)
    return {line.id: _Had(line, sums[line.id]) for line in lines}


def _claw_back(unit: Unit, line: Stored, batch: SubsidyBatch, back: Fen) -> None:
    """Dated the day it was paid, so that on no day more stands paid than is due; or the first open day after."""
    assert batch.paid_on is not None
    on = max(batch.paid_on, period_lock.first_open(unit, [book_of(Kind.SUBSIDY, bank="", county=batch.county)]))
    clawback = new_id()
    household = unit.session.get_one(Loan, line.figure.loan).household_id is not None
    unit.session.add(
        Clawback(
            id=clawback,
            line_id=line.id,
            batch_id=batch.id,
            loan_id=line.figure.loan,
            bank=batch.bank,
            county=batch.county,
            fen=back,
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
        loan=line.figure.loan,
        clawback=clawback,
        households=back if household else NIL,
        organisations=NIL if household else back,
    )
    document = f"贴息 {batch.bank}/{batch.county}/{batch.period}"
    journal.record_all(unit, [Record(event, document=document, reason=REBILLED)])


def _keep_short(unit: Unit, line_id: int, short: Fen) -> None:
    """What the next batch is to make good on a paid line; a supplement on its way that says otherwise turns stale."""
    s, connection = subsidy_shortfalls, unit.connection
    mine = s.c.line_id == line_id
    there = connection.execute(select(s.c.fen).where(mine)).scalar()
    if short and there is None:
        connection.execute(insert(s).values(line_id=line_id, fen=short))
    elif short and there != short:
        connection.execute(update(s).where(mine).values(fen=short))
    elif not short and there is not None:
        connection.execute(delete(s).where(mine))
