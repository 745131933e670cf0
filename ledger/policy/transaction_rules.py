"""The rules that apply the kinds of loan transaction, and the function that makes a transaction from its event."""

from collections.abc import Iterator

from ledger import events as e
from ledger.errors import RuleViolation
from ledger.events import Event
from ledger.policy import compensation, loan_changes, servicing
from ledger.policy import loan_transactions as t
from ledger.policy.loan_transactions import LoanTransaction, Particulars
from ledger.policy.servicing import LoanState


class BeforeDisbursement(RuleViolation):
    code = "before_disbursement"
    zh = "日期 {found} 早于放款日 {limit}"
    en = "{found} lies before the loan was disbursed on {limit}"


def apply(state: LoanState, transaction: LoanTransaction) -> Iterator[Event]:
    """Apply a transaction to a state already advanced to the transaction's day, and yield its events.

    Raise BeforeDisbursement, or a refusal of the transaction's rule.
    """
    if transaction.on < state.terms.disbursed_on:
        raise BeforeDisbursement(rule="2.6", limit=state.terms.disbursed_on, found=transaction.on)
    match transaction:
        case t.Repay():
            return servicing.repay(state, transaction)
        case t.RefundCredit():
            return loan_changes.refund(state, transaction)
        case t.WaivePenalty():
            return loan_changes.waive(state, transaction)
        case t.FindMisuse():
            return loan_changes.misuse(state, transaction)
        case t.Extend():
            return loan_changes.extend(state, transaction)
        case t.Renew():
            return loan_changes.renew(state, transaction)
        case t.WriteOff():
            return loan_changes.write_off(state, transaction)
        case t.ReceiveInsurance():
            return loan_changes.insure(state, transaction)
        case t.DraftClaim():
            return compensation.claim(state, transaction)
        case t.BillClaim():
            return compensation.bill_claim(state, transaction.on)
        case t.PayClaim():
            return compensation.pay(state, transaction)
        case t.ReceiveRecovery():
            return compensation.receive(state, transaction)
        case t.RemitRecovery():
            return compensation.remit(state, transaction)
        case t.CloseRecourse():
            return compensation.close_recourse(state, transaction)
    raise AssertionError(transaction)


def transaction_of(event: Event, about: Particulars) -> LoanTransaction | None:
    """Return the transaction that made an event, so that back-dating can apply the transaction again.

    Return None for an event that no transaction made, such as a quarterly interest bill. Return None also for an event
    on which other records depend, since back-dating never reverses such an event
    (`ledger/operations/servicing/backdating.py`).
    """
    on = event.effective_on
    match event:
        case e.RepaymentReceived():
            return t.Repay(
                on=on,
                about=about,
                repayment=event.repayment,
                amount=event.amount,
                surplus=event.surplus,
                payer=event.payer,
            )
        case e.CreditRefunded():
            return t.RefundCredit(on=on, about=about, amount=event.amount, approval=event.approval)
        case e.PenaltyWaived():
            return t.WaivePenalty(on=on, about=about, asked=event.asked, approval=event.approval)
        case e.MisuseFound():
            return t.FindMisuse(on=on, about=about, found_on=event.found_on, approval=event.approval)
        case e.InterestBilled(cause="claim") | e.CreditApplied(cause="claim"):
            return t.BillClaim(on=on, about=about)
    return None
