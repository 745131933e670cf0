"""Reversals by hand (红字冲销) of claim payments, recoveries, remittances and closings of recourse, newest first."""

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
from ledger.operations.compensation.payments import status_by_figures
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
    """Reverse the loan's latest claim payment, so that the fund owes the amount again.

    Raise RestsOnLater, AlreadyReversed.
    """
    event = _as(event, ClaimPaid)
    claim = _held(unit, event.claim)
    _undo(unit, claim, [event_id], approval)
    claim.paid_principal -= event.principal + event.overdue_principal
    claim.paid_interest -= event.interest
    _move(unit, claim, event, event_id, approval, event.paid)


def undo_recovery(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse the receipt of a recovery, with the bank's part.

    Raise RestsOnLater where a remittance of the recovery is not reversed.
    """
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
    """Reverse the remittance of a recovery, so that the fund's part must be remitted a second time.

    Raise RestsOnLater, FundOverdrawn.
    """
    event = _as(event, RecoveryRemitted)
    recovery = _recovery(unit, event.recovery)
    claim = _held(unit, event.claim)
    _undo(unit, claim, [event_id], approval)
    recovery.remitted_on = recovery.remitted_by = None
    claim.returned -= event.amount
    _move(unit, claim, event, event_id, approval, event.amount)


def undo_closing(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse the closing of recourse, with its interest bill and waiver, so that later money can be recorded."""
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
    """Reverse events of a claim.

    Raise NotFound, and RestsOnLater where a later compensation event depends on the events to be reversed.
    """
    posted = {each.id: each for each in _unreversed(unit, claim.loan_id)}
    if missing := [event_id for event_id in event_ids if event_id not in posted]:
        raise NotFound(what="event", id=str(missing[0]))
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
    if claim.status == ClaimStatus.CLOSED:  # the claim was closed together with its loan
        claim.closed_on = None
    to = status_by_figures(unit, claim)
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
