"""Reversal by hand (红字冲销): the catalogue of events names the operation that reverses each kind of event."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from ledger import journal
from ledger.catalogue import CATALOGUE, ByHand, Instead
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event
from ledger.labels import Said
from ledger.operations.compensation import county_shares, reversals
from ledger.operations.fund import plans
from ledger.operations.lending import loans
from ledger.operations.servicing import repayments
from ledger.operations.servicing.backdating import ReversalReason
from ledger.tables.loans import Approval, Repayment
from ledger.unit_of_work import Unit


class NotReversible(RuleViolation):
    code = "not_reversible"
    zh = "业务“{event}”不能手工冲销，请改用：{instead}"
    en = "{event} is not reversed by hand; use instead: {instead}"


def check(unit: Unit, payload: Mapping[str, Any]) -> Event:
    """Return the event that a request wants reversed.

    Raise NotFound where no event has this id, NotReversible where a different operation undoes the event,
    AlreadyReversed where the event was reversed before.
    """
    event_id = int(payload["event_id"])
    event = journal.stored(unit, [event_id])[event_id]
    by_hand(event)  # Raises NotReversible, which names the operation to use, before AlreadyReversed can be raised.
    journal.check_not_reversed(unit, [event_id])
    return event


def apply(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Reverse the event of an approved request; raise the same errors as `check`."""
    event = check(unit, payload)
    OPERATIONS[by_hand(event).operation](unit, int(payload["event_id"]), event, approval)


def by_hand(event: Event) -> ByHand:
    """Return the operation that reverses an event by hand, and the office that may ask for the reversal.

    Raise NotReversible, which names the operation to use, where a different operation undoes events of this kind.
    """
    undone = CATALOGUE[type(event)].undone
    if isinstance(undone, Instead):
        raise NotReversible(rule="books 3", event=type(event).__name__, instead=Said(undone.route, undone.zh))
    return undone


def _disbursement(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    loans.undo_disbursement(unit, event_id, approval.reason, approval.made_by, unit.user)


def _repayment(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    repayment = unit.session.execute(
        select(Repayment.id).where(Repayment.event_id == event_id, Repayment.live.is_(True))
    ).scalar()
    if repayment is None:
        raise NotFound(what="repayment", id=str(event_id))
    repayments.reverse(unit, repayment, ReversalReason(approval.reason, approval.made_by, unit.user))


def _plain_entry(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    journal.reverse_all(unit, [event_id], approval.reason, unit.user, approval.made_by)


def _fund_step(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    journal.reverse_all(unit, [event_id], approval.reason, unit.user, approval.made_by)
    plans.undo_step(unit, event_id)


OPERATIONS: Mapping[str, Callable[[Unit, int, Event, Approval], None]] = {
    "disbursement": _disbursement,
    "repayment": _repayment,
    "claim_payment": reversals.undo_payment,
    "recovery": reversals.undo_recovery,
    "remittance": reversals.undo_remittance,
    "closing": reversals.undo_closing,
    "county_share": county_shares.undo_share,
    "fund_step": _fund_step,
    "entry": _plain_entry,
}
"""The operation that reverses an event by hand, by the name that the catalogue uses for the operation."""
