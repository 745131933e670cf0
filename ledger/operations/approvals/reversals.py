"""Reversal by hand (红字冲销): an event is undone through the operation that knows it."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from ledger import events as e
from ledger import journal
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event
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
    if type(event) not in UNDONE_BY:
        raise NotReversible(rule="books 3", event=type(event).__name__, instead=_instead(event))
    journal.check_not_reversed(unit, [event_id])
    return event


def apply(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Reverse it, on the second person's approval."""
    event = check(unit, payload)
    UNDONE_BY[type(event)](unit, int(payload["event_id"]), event, approval)


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


UNDONE_BY: Mapping[type[Event], Callable[[Unit, int, Event, Approval], None]] = {
    e.LoanDisbursed: _disbursement,
    e.RepaymentReceived: _repayment,
    e.ManualAdjustment: _as_it_stands,
    e.ClaimPaid: reversals.undo_payment,
    e.RecoveryReceived: reversals.undo_recovery,
    e.RecoveryRemitted: reversals.undo_remittance,
    e.RecourseClosed: reversals.undo_closing,
    e.CountyShareReceived: county_shares.undo_share,
    e.FundDeposited: _fund_step,
    e.FundAppropriated: _fund_step,
    e.FundInterestCredited: _as_it_stands,
}

# What undoes the others. Lines, credit and transitions follow from what people recorded.
_INSTEAD: Mapping[type[Event], str] = {
    e.InterestBilled: "/loans/{id}/repayments",
    e.CreditApplied: "/loans/{id}/repayments",
    e.PrincipalOverdue: "/loans/{id}/repayments",
    e.EventReversed: "/ledger/adjustments",
    e.RecoveryRetained: "/ledger/events/{id}/reversal of its RecoveryReceived",
    e.CountyShareReturned: "/fund/county-shares",
    e.SuspenseRecorded: "/fund/suspense/{id}/release",
    e.SuspenseReleased: "/fund/suspense",
    e.FundPlanApproved: "/fund/plans of a later quarter",
    e.CountyFundContributed: "/ledger/adjustments",
    e.SubsidyApproved: "/subsidy-batches/{id}/return",
    e.SubsidyPaid: "/clawbacks",
}


def _instead(event: Event) -> str:
    return _INSTEAD.get(type(event), "/ledger/adjustments")
