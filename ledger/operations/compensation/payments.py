"""Payment of claims (代偿拨付): the oldest approval first, up to the balance of the locked fund account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from moneyed import Money
from sqlalchemy import select

from ledger import movements
from ledger.errors import RuleViolation
from ledger.events import ClaimPaid
from ledger.money import NIL, Fen, of_fen, plain
from ledger.operations.compensation.workflow import (
    CLAIM,
    held_claim,
    live_claim,
    scheme_of,
)
from ledger.operations.servicing import run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.policy import compensation
from ledger.policy.loan_transactions import Particulars, PayClaim
from ledger.queries.claims_owed import UNPAID, frozen_of, net_of, owed, paid_of
from ledger.statuses import ClaimStatus, ClaimStep
from ledger.tables.claims import Claim, Recovery
from ledger.unit_of_work import Unit
from ledger.workflow import check, move

PAID = ReversalReason("代偿拨付 claim payment")
_SETTLED = (ClaimStatus.RETURNED, ClaimStatus.PAID, ClaimStatus.RECOVERING, ClaimStatus.CLOSED)


class OlderClaimQueued(RuleViolation):
    code = "older_claim_queued"
    zh = "专户 {county}/{bank} 有先核准的代偿申请 {found} 尚欠 {limit} 元排队等候（{rule}）"
    en = "the claim {found}, approved before, waits for {limit} yuan of the account {county}/{bank} ({rule})"


class NothingOwed(RuleViolation):
    code = "nothing_owed"
    zh = "贷款已由他人清偿，代偿申请不再应付（{found} 元），请退回（{rule}）"
    en = "others have paid what was claimed; nothing is owed on it ({found} yuan): return it ({rule})"


class ClaimStands(RuleViolation):
    code = "claim_stands"
    zh = "该贷款的代偿申请 {found}（状态 {status:claim_status}）尚未付清，只能核销无人代偿的部分（{rule}）"
    en = "the loan's claim {found} is {status:claim_status}; only what nobody compensates is written off ({rule})"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of a claim: the amount paid, the shares of fund and county in it, and the amount still queued."""

    claim_id: int
    status: str
    paid: Money
    city_share: Money
    county_share: Money
    queued: Money


def pay(unit: Unit, claim_id: int, on: date | None = None) -> Payment:
    """Pay an approved claim, or its unpaid part, up to the balance of the fund account from the day on (6.4).

    A part of the claim above the balance stays queued; without a balance nothing is posted. Raise NotFound,
    WrongStatus, SamePerson, FutureDate, BeforeClaimStep, PeriodClosed, OlderClaimQueued, NothingOwed, RestsOnLater.
    """
    on = on or unit.today
    claim = held_claim(unit, claim_id)
    check(unit, CLAIM, claim, ClaimStep.PAY, on)
    movements.held_balance(unit, claim.county, claim.bank)
    _check_turn(unit, claim)
    available = max(0, movements.lowest_balance(unit, claim.county, claim.bank, on))
    before = net_of(claim)
    event_id = _post(unit, claim, on, Fen(available)) if available else None
    paid = net_of(claim) - before
    left = owed(unit.connection, [claim])[claim.id].total
    if not paid and not left:
        raise NothingOwed(rule="6.4", limit=plain(NIL), found=plain(NIL))
    if left:
        claim.queued_on = claim.queued_on or on
    move(unit, CLAIM, claim, ClaimStep.PAY, on, to=status_by_figures(unit, claim), fen=paid, event_id=event_id)
    scheme = scheme_of(unit, claim.loan_id)
    now, then = compensation.borne(scheme, net_of(claim)), compensation.borne(scheme, before)
    return Payment(
        claim.id,
        claim.status,
        of_fen(paid),
        of_fen(now.city - then.city),
        of_fen(now.county - then.county),
        of_fen(left),
    )


def _post(unit: Unit, claim: Claim, on: date, available: Fen) -> int | None:
    """Post the fund's payment on the loan; return the event's id, or None where the fund owes nothing."""
    payment = PayClaim(
        on=on,
        about=Particulars(document=f"claim/{claim.id}", made_by=claim.approved_by or "", checked_by=unit.user),
        scheme=scheme_of(unit, claim.loan_id),
        claim=claim.id,
        frozen=frozen_of(claim),
        paid=paid_of(claim),
        net=net_of(claim),
        available=available,
    )
    (posted,) = run.apply_transactions(unit, {claim.loan_id: [payment]}, PAID)[claim.loan_id]
    for event, event_id in zip(posted.events, posted.event_ids, strict=True):
        if isinstance(event, ClaimPaid):
            claim.paid_principal += event.principal + event.overdue_principal
            claim.paid_interest += event.interest
            return event_id
    return None


def _check_turn(unit: Unit, claim: Claim) -> None:
    """Raise OlderClaimQueued while an older claim is queued: claims are paid by approval day, then id (6.4)."""
    place = (claim.approved_on or unit.today, claim.id)
    older = [row for row in _queueing(unit, claim.county, claim.bank) if _place(row) < place]
    unpaid = owed(unit.connection, older)
    for row in sorted(older, key=_place):
        if unpaid[row.id].total:
            raise OlderClaimQueued(
                rule="6.4", county=claim.county, bank=claim.bank, limit=plain(unpaid[row.id].total), found=str(row.id)
            )


def _place(claim: Claim) -> tuple[date, int]:
    assert claim.approved_on is not None
    return claim.approved_on, claim.id


def _queueing(unit: Unit, county: str, bank: str) -> Sequence[Claim]:
    query = select(Claim).where(
        Claim.county == county, Claim.bank == bank, Claim.status.in_(UNPAID), Claim.queued_on.is_not(None)
    )
    return unit.session.execute(query.execution_options(populate_existing=True)).scalars().all()


def check_compensated(unit: Unit, loan_id: int) -> None:
    """Raise ClaimStands where a claim on the loan may still be paid."""
    claim = live_claim(unit, loan_id)
    if claim is not None and claim.status not in _SETTLED:
        raise ClaimStands(rule="books 3", limit="paid", found=str(claim.id), status=claim.status)


def status_by_figures(unit: Unit, claim: Claim) -> ClaimStatus:
    """Return the claim status that follows from a claim's amounts (6.8): partly paid, paid, or recovering."""
    unit.session.flush()
    if not claim.paid_principal and not claim.paid_interest:
        return ClaimStatus.APPROVED
    if owed(unit.connection, [claim])[claim.id].total:
        return ClaimStatus.PARTLY_PAID
    came_back = unit.session.execute(
        select(Recovery.id).where(Recovery.claim_id == claim.id, Recovery.live.is_(True)).limit(1)
    ).scalar()
    return ClaimStatus.PAID if came_back is None else ClaimStatus.RECOVERING
