"""Close recourse (追偿终结, scheme 6.7): with two persons' approval, waive the penalties and make the loss final."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ledger import workflow
from ledger.balances import loan_balance
from ledger.chart import RECOVERIES_TO_REMIT, RECOVERY_SUSPENSE
from ledger.errors import RuleViolation
from ledger.money import NIL, plain
from ledger.operations.compensation.workflow import CLAIM, held_claim
from ledger.operations.servicing import run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.policy.loan_transactions import CloseRecourse, Particulars
from ledger.queries.claims_owed import net_of
from ledger.statuses import ClaimStep
from ledger.tables.claims import Claim
from ledger.tables.loans import Approval
from ledger.unit_of_work import Unit


class RecoveryUnremitted(RuleViolation):
    code = "recovery_unremitted"
    zh = "尚有 {found} 元追回款未缴回专户，须先缴回（{rule}）"
    en = "{found} yuan of recoveries is not remitted yet; remit it first ({rule})"


class SuspenseOpen(RuleViolation):
    code = "suspense_open"
    zh = "该贷款尚有挂账款 {found} 元，须先退出（{rule}）"
    en = "{found} yuan of the loan is in suspense; release it first ({rule})"


def check(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Check that the recourse of a claim may be closed now.

    Raise NotFound, WrongStatus while some of the claim is unpaid, FutureDate, RecoveryUnremitted, SuspenseOpen.
    """
    _ready(unit, payload)


def _ready(unit: Unit, payload: Mapping[str, Any]) -> Claim:
    claim = held_claim(unit, int(payload["claim_id"]))
    workflow.check(unit, CLAIM, claim, ClaimStep.CLOSE, date.fromisoformat(payload["on"]))
    balances = loan_balance(unit.connection, claim.loan_id)
    if unremitted := balances.get(RECOVERIES_TO_REMIT, NIL):
        raise RecoveryUnremitted(rule="6.6", limit="0.00", found=plain(unremitted))
    if held := balances.get(RECOVERY_SUSPENSE, NIL):
        raise SuspenseOpen(rule="books 3", limit="0.00", found=plain(held))
    return claim


def apply(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Close recourse as approved: bill interest, waive penalties, and post account 1301 against 1391 (books.md §3).

    The loan is closed too where no amount is open at the bank. Raise the same errors as `check`, and PeriodClosed and
    RestsOnLater.
    """
    claim, on = _ready(unit, payload), date.fromisoformat(payload["on"])
    net = net_of(claim)
    about = Particulars("", approval.reason, approval.made_by, unit.user)
    closing = CloseRecourse(on=on, about=about, claim=claim.id, amount=net, approval=approval.id)
    reason = ReversalReason(approval.reason, approval.made_by, unit.user)
    run.apply_transactions(unit, {claim.loan_id: [closing]}, reason)
    claim.closed_on, claim.closing_id = on, approval.id
    workflow.move(unit, CLAIM, claim, ClaimStep.CLOSE, on, reason=approval.reason, fen=net)
