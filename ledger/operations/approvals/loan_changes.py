"""Changes of a loan after its payout, which one person requests and a second person approves.

Each kind of change builds the loan transaction that is posted when the change is applied. A request for a change tries
the transaction on the loan's state and saves no part of the trial.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from ledger.balances import loan_balance
from ledger.chart import LOAN_PRINCIPAL
from ledger.database import rate_parts
from ledger.errors import NotFound, RuleViolation, WrongStatus
from ledger.ids import new_id
from ledger.money import Fen, to_fen, yuan
from ledger.operations.compensation import payments
from ledger.operations.lending import checks, contracts, loans
from ledger.operations.lending.workflow import LOAN
from ledger.operations.notices import issue
from ledger.operations.servicing import load, repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.policy import eligibility, terms
from ledger.policy.loan_transactions import (
    Extend,
    FindMisuse,
    LoanTransaction,
    Particulars,
    ReceiveInsurance,
    RefundCredit,
    Renew,
    WaivePenalty,
    WriteOff,
)
from ledger.policy.rates import Extended, Priced, RateTable, rate_steps
from ledger.policy.schemes import Scheme
from ledger.policy.terms import Extension
from ledger.queries import reference
from ledger.statuses import LoanStatus, LoanStep
from ledger.tables import borrowers as t
from ledger.tables.loans import Approval, Loan
from ledger.unit_of_work import Unit
from ledger.workflow import begin

_Payload = Mapping[str, Any]


class MisuseAfterFound(RuleViolation):
    code = "misuse_after_found"
    zh = "挪用起始日 {found} 不能晚于认定日 {limit}"
    en = "misuse that begins on {found} cannot have been found on {limit}"


class PolicyMismatch(RuleViolation):
    code = "policy_mismatch"
    zh = "保单号 {found:text} 与贷款登记的保单号 {limit:text} 不一致（{rule}）"
    en = "the policy {found:text} is not the loan's, {limit:text} ({rule})"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal's new loan, which takes over the open principal of an older loan, and the contract of the new loan."""

    loan: Loan
    contract: checks.Contract


@dataclass(frozen=True, slots=True)
class Decision:
    """A transaction ready to be posted, the changed columns of the loan's row, and the new loan of a renewal."""

    transaction: LoanTransaction
    changes: Mapping[str, Any] = field(default_factory=dict)
    renewal: Renewal | None = None


_Builder = Callable[[Unit, Loan, _Payload, int], Decision]


def check(kind: str, unit: Unit, loan_id: int, payload: _Payload) -> None:
    """Raise the refusals of a change that can be known when the change is requested; save nothing."""
    loan = _loan(unit, kind, loan_id)
    run.check_transaction(unit, loan_id, BUILDERS[kind](unit, loan, payload, 0).transaction)


def apply(kind: str, unit: Unit, approval: Approval, payload: _Payload) -> None:
    """Apply an approved change on the day of the change, after checking every rule a second time."""
    assert approval.loan_id is not None
    load.lock(unit, [approval.loan_id])
    loan = _loan(unit, kind, approval.loan_id)
    decision = BUILDERS[kind](unit, loan, payload, approval.id)
    about = Particulars(str(payload.get("document") or ""), approval.reason, approval.made_by, unit.user)
    reason = ReversalReason(approval.reason, approval.made_by, unit.user)
    run.apply_transactions(unit, {loan.id: [replace(decision.transaction, about=about)]}, reason)
    if decision.changes:
        unit.session.execute(update(Loan).where(Loan.id == loan.id).values(**decision.changes))
        issue.reconcile_before_commit(unit, [loan.id])
    unit.session.expire(loan)
    if decision.renewal is not None:
        _begin_renewal(unit, loan, approval, decision.renewal)


def _loan(unit: Unit, kind: str, loan_id: int) -> Loan:
    loan = unit.session.get(Loan, loan_id, populate_existing=True)
    if loan is None:
        raise NotFound(what="loan", id=str(loan_id))
    if loan.status not in run.LENT:  # the transaction's rule checks the status on the day of the change
        raise WrongStatus(status=loan.status, allowed=", ".join(run.LENT), step=kind)
    return loan


def _waiver(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    asked = Fen(0) if payload.get("amount") is None else _positive(payload["amount"])
    on = date.fromisoformat(payload["on"])
    return Decision(WaivePenalty(on=on, asked=asked, approval=approval))


def _credit_refund(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    on = date.fromisoformat(payload["on"])
    amount = _positive(payload["amount"])
    return Decision(RefundCredit(on=on, amount=amount, approval=approval))


def _misuse(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    on, found_on = date.fromisoformat(payload["effective_on"]), date.fromisoformat(payload["found_on"])
    unit.not_future(found_on, "found_on")
    if on > found_on:
        raise MisuseAfterFound(rule="3.7", limit=found_on, found=on)
    return Decision(FindMisuse(on=on, found_on=found_on, approval=approval))


def _write_off(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    payments.check_compensated(unit, loan.id)
    return Decision(WriteOff(on=date.fromisoformat(payload["on"]), approval=approval))


def _insurance(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    on, policy_no = date.fromisoformat(payload["received_on"]), payload["policy_no"]
    if policy_no != loan.policy_no:
        raise PolicyMismatch(rule="6.2", limit=loan.policy_no, found=policy_no)
    amount = to_fen(yuan(payload["amount"]))
    return Decision(ReceiveInsurance(on=on, amount=amount, policy_no=policy_no, approval=approval))


def _extension(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    """Build an extension: from the old due date on, the band rate of the cumulative term applies (3.10).

    The rate is the one published for the day of the agreement.
    """
    assert loan.disbursed_on is not None
    on = date.fromisoformat(payload["agreed_on"])
    scheme = reference.scheme_of(unit.session, loan.scheme, loan.scheme_version)
    earlier = 1 if loan.extended_months else 0
    extension = terms.extend_term(scheme, loan.disbursed_on, loan.term_months, earlier, on, int(payload["months"]))
    table = reference.rate_tables(unit.session)[scheme.rate_table]
    rate = table.rate(extension.cumulative_months, on)
    rolled_on = terms.rolled(extension.due_on, reference.work_calendar(unit.session), scheme.due_date_roll)
    transaction = Extend(
        on=on,
        months=extension.months,
        due_on=extension.due_on,
        rolled_on=rolled_on,
        annual_rate=rate,
        rates=_rates(unit, loan, scheme, table, extension),
        approval=approval,
    )
    changes = {
        "due_on": extension.due_on,
        "rolled_on": rolled_on,
        "extended_on": on,
        "extended_months": extension.months,
        "extended_rate": rate,
    }
    return Decision(transaction, changes)


def _rates(
    unit: Unit, loan: Loan, scheme: Scheme, table: RateTable, extension: Extension
) -> tuple[tuple[date, int], ...]:
    """Return the rates of an extended loan by day, including published rate changes after the old due date."""
    assert loan.disbursed_on is not None
    priced = Priced(loan.annual_rate, loan.signed_on, loan.disbursed_on, loan.term_months)
    extended = Extended(extension.agreed_on, extension.old_due_on, extension.cumulative_months)
    through = min(unit.today, table.covered_through)
    steps = rate_steps(scheme, table, priced, through, extended)
    return tuple((since, rate_parts(rate)) for since, rate in steps)


def _renewal(unit: Unit, loan: Loan, payload: _Payload, approval: int) -> Decision:
    """Build a renewal: a new loan of the open principal, linked to the old loan, without cash (3.11)."""
    on, renewal = date.fromisoformat(payload["signed_on"]), new_id()
    asked = replace(
        contracts.request_of(unit, loan),
        contract_no=payload["contract_no"],
        signed_on=on,
        term_months=int(payload["term_months"]),
        annual_rate=Decimal(payload["annual_rate"]),
    )
    new = Loan(id=renewal, status=LoanStatus.ACTIVE, bank=loan.bank, county=loan.county)
    with unit.session.no_autoflush:
        contract = contracts.fill(unit, new, asked)
        _check_renewal(unit, new, contract, on)
    return Decision(Renew(on=on, renewal=renewal, approval=approval), renewal=Renewal(new, contract))


def _check_renewal(unit: Unit, new: Loan, contract: checks.Contract, on: date) -> None:
    """Check the rules of a renewal's contract and borrower; the caps count the renewed principal only once."""
    for refusal in checks.contract_refusals(contract, checks.reference_snapshot(unit.session), on):
        raise refusal
    if new.member_id is not None:
        eligibility.check_age(contract.scheme, unit.session.get_one(t.Member, new.member_id).born_on, on)


def _begin_renewal(unit: Unit, old: Loan, approval: Approval, renewal: Renewal) -> None:
    new = renewal.loan
    opened = loan_balance(unit.connection, new.id)
    new.principal_fen = opened[LOAN_PRINCIPAL]
    new.recorded_by, new.recorded_on = approval.made_by, approval.made_on
    new.approved_by = new.disbursed_by = unit.user
    new.approved_on = unit.today
    loans.set_dates(new, loans.due_dates(unit, renewal.contract, new.signed_on))
    new.first_disbursed_on, new.renews_id = old.first_disbursed_on, old.id
    contracts.put(unit, new)
    begin(unit, LOAN, new, LoanStep.RECORD, new.signed_on, reason=approval.reason)


def _positive(amount: str) -> Fen:
    found = yuan(amount)
    if to_fen(found) <= 0:
        raise repayments.AmountNotPositive(found=found)
    return to_fen(found)


BUILDERS: Mapping[str, _Builder] = {
    "extension": _extension,
    "misuse": _misuse,
    "write_off": _write_off,
    "waiver": _waiver,
    "credit_refund": _credit_refund,
    "insurance": _insurance,
    "renewal": _renewal,
}
