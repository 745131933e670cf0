"""Reversal by hand (红字冲销): an event is undone through the operation that knows it."""

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
    """The event somebody asks to reverse; raises NotFound, NotReversible, AlreadyReversed."""
    event_id = int(payload["event_id"])
    event = journal.stored(unit, [event_id])[event_id]
    by_hand(event)  # an event that is undone in another way is refused before its reversals are looked for
    journal.check_not_reversed(unit, [event_id])
    return event


def apply(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Reverse it, on the second person's approval."""
    event = check(unit, payload)
    OPERATIONS[by_hand(event).operation](unit, int(payload["event_id"]), event, approval)


def by_hand(event: Event) -> ByHand:
    """Return how an event is reversed by hand; raises NotReversible naming the operation to use where it is not."""
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


def _as_it_stands(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
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
    "entry": _as_it_stands,
}
"""How an event is undone by hand, by the operation that its row of the catalogue names."""
