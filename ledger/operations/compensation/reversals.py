"""What of compensation is taken back by hand (红字冲销): payments, receipts, remittances, closings, latest first."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select

from ledger.catalogue import Replay, events_where
from ledger.errors import NotFound
from ledger.events import (
    ClaimPaid,
    Event,
    PenaltyWaived,
    RecourseClosed,
    RecoveryReceived,
    RecoveryRemitted,
    RecoveryRetained,
)
from ledger.operations.compensation.payments import standing_status
from ledger.operations.compensation.workflow import CLAIM, held_claim
from ledger.operations.servicing import backdating, run
from ledger.operations.servicing.backdating import PostedEvent, RestsOnLater, ReversalReason
from ledger.statuses import ClaimStatus, ClaimStep
from ledger.tables.claims import Claim, Recovery
from ledger.tables.loans import Approval
from ledger.unit_of_work import Unit
from ledger.workflow import check_status, move

_COMPENSATION = events_where(lambda row: row.replay is Replay.LATEST_FIRST)
E = TypeVar("E", bound=Event)


def undo_payment(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse the loan's latest claim payment; the claim owes it again. Raises RestsOnLater, AlreadyReversed."""
    event = _as(event, ClaimPaid)
    claim = _held(unit, event.claim)
    _undo(unit, claim, [event_id], approval)
    claim.paid_principal -= event.principal + event.overdue_principal
    claim.paid_interest -= event.interest
    _move(unit, claim, event, event_id, approval, event.paid)


def undo_recovery(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse a receipt with what of it the bank kept; its remittance first. Raises RestsOnLater."""
    event = _as(event, RecoveryReceived)
    recovery = _recovery(unit, event.recovery)
    claim = _held(unit, recovery.claim_id)
    kept = [
        each.id
        for each in _unreversed(unit, claim.loan_id)
        if isinstance(each.event, RecoveryRetained) and each.event.recovery == recovery.id
    ]
    _undo(unit, claim, [event_id, *kept], approval)
    recovery.live = None
    claim.received -= recovery.to_fund
    _move(unit, claim, event, event_id, approval, event.amount)


def undo_remittance(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse the remittance of a recovery; the money is to be remitted again. Raises RestsOnLater, FundOverdrawn."""
    event = _as(event, RecoveryRemitted)
    recovery = _recovery(unit, event.recovery)
    claim = _held(unit, event.claim)
    _undo(unit, claim, [event_id], approval)
    recovery.remitted_on = recovery.remitted_by = None
    claim.returned -= event.amount
    _move(unit, claim, event, event_id, approval, event.amount)


def undo_closing(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Open recourse again, as when money comes after all; the closing line and its waiver go with it."""
    event = _as(event, RecourseClosed)
    claim = _held(unit, event.claim)
    waived = [
        each.id
        for each in _unreversed(unit, claim.loan_id)
        if isinstance(each.event, PenaltyWaived) and each.event.approval == claim.closing_id
    ]
    _undo(unit, claim, [event_id, *waived], approval)
    claim.closed_on = claim.closing_id = None
    _move(unit, claim, event, event_id, approval, event.amount)


def _undo(unit: Unit, claim: Claim, event_ids: Sequence[int], approval: Approval) -> None:
    """Reverse events of a claim, after which nothing of its compensation stands. Raises NotFound, RestsOnLater."""
    posted = {each.id: each for each in _unreversed(unit, claim.loan_id)}
    if gone := [event_id for event_id in event_ids if event_id not in posted]:
        raise NotFound(what="event", id=str(gone[0]))
    first = min((posted[event_id].event.effective_on, event_id) for event_id in event_ids)
    for each in posted.values():
        later = (each.event.effective_on, each.id) > first and each.id not in event_ids
        if later and isinstance(each.event, _COMPENSATION):
            raise RestsOnLater(
                rule="books 3",
                event=type(each.event).__name__,
                found=each.event.effective_on,
                on=first[0],
                first_open=each.event.effective_on,
            )
    reason = ReversalReason(approval.reason, approval.made_by, unit.user)
    run.undo_transactions(unit, {claim.loan_id: event_ids}, reason)


def _move(unit: Unit, claim: Claim, event: Event, event_id: int, approval: Approval, fen: int) -> None:
    if claim.status == ClaimStatus.CLOSED:  # it closed with its loan, by itself
        claim.closed_on = None
    to = standing_status(unit, claim)
    on, reason = event.effective_on, approval.reason
    move(unit, CLAIM, claim, ClaimStep.UNDO, on, to=to, reason=reason, fen=-fen, event_id=event_id)


def _held(unit: Unit, claim_id: int) -> Claim:
    claim = held_claim(unit, claim_id)
    check_status(CLAIM, claim, ClaimStep.UNDO)
    return claim


def _recovery(unit: Unit, recovery_id: int) -> Recovery:
    query = select(Recovery).where(Recovery.id == recovery_id, Recovery.live.is_(True))
    found = unit.session.execute(query).scalar()
    if found is None:
        raise NotFound(what="recovery", id=str(recovery_id))
    return found


def _unreversed(unit: Unit, loan_id: int) -> list[PostedEvent]:
    return backdating.unreversed(unit, [loan_id])


def _as(event: Event, kind: type[E]) -> E:
    assert isinstance(event, kind)
    return event
