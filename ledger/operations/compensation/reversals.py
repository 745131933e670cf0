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
from ledger.operations.servicing.backdating import Past, RestsOnLater, Why
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
        past.id
        for past in _standing(unit, claim.loan_id)
        if isinstance(past.event, RecoveryRetained) and past.event.recovery == recovery.id
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
        past.id
        for past in _standing(unit, claim.loan_id)
        if isinstance(past.event, PenaltyWaived) and past.event.approval == claim.closing_id
    ]
    _undo(unit, claim, [event_id, *waived], approval)
    claim.closed_on = claim.closing_id = None
    _move(unit, claim, event, event_id, approval, event.amount)


def _undo(unit: Unit, claim: Claim, event_ids: Sequence[int], approval: Approval) -> None:
    """In red, on the loan's life, where nothing of its compensation stands after it."""
    pasts = {past.id: past for past in _standing(unit, claim.loan_id)}
    if gone := [each for each in event_ids if each not in pasts]:
        raise NotFound(what="event", id=str(gone[0]))
    first = min((pasts[each].event.effective_on, each) for each in event_ids)
    for past in pasts.values():
        later = (past.event.effective_on, past.id) > first and past.id not in event_ids
        if later and isinstance(past.event, _COMPENSATION):
            raise RestsOnLater(
                rule="books 3",
                event=type(past.event).__name__,
                found=past.event.effective_on,
                on=first[0],
                first_open=past.event.effective_on,
            )
    why = Why(approval.reason, approval.made_by, unit.user)
    run.undo_facts(unit, {claim.loan_id: event_ids}, why)


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


def _standing(unit: Unit, loan_id: int) -> list[Past]:
    return backdating.all_standing(unit, [loan_id])


def _as(event: Event, kind: type[E]) -> E:
    assert isinstance(event, kind)
    return event
