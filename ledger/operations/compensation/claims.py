"""Claims on the fund (代偿申请): draft, submit, review, approve, and return to the bank.

Five persons take part in a claim: a bank officer drafts the claim, a bank checker submits the claim, the poverty office
reviews the claim, and two persons of the finance bureau approve and pay the claim. Each action on a claim is a step of
`workflow.CLAIM`, recorded with the user, the time and the reason. Payments are made in `payments.py`; recoveries are
recorded in `recoveries.py`.
"""

import json
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from ledger.errors import NotFound, RuleViolation
from ledger.events import InsuranceReceived
from ledger.ids import new_id
from ledger.money import Fen, portion
from ledger.operations.compensation.workflow import (
    CLAIM,
    held_claim,
    live_claim,
    scheme_of,
)
from ledger.operations.servicing import backdating, load, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.policy.compensation import InsuranceAwaited
from ledger.policy.loan_transactions import DraftClaim, Particulars, Parts
from ledger.policy.schemes import Scheme
from ledger.statuses import ClaimStatus, ClaimStep
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from ledger.workflow import Taken, begin, take

CLAIMED = ReversalReason("补记代偿申请 back-dated claim")


class ClaimExists(RuleViolation):
    code = "claim_exists"
    zh = "该贷款已有代偿申请 {found}（状态 {status:claim_status}）（{rule}）"
    en = "the loan has a claim already, {found}, which is {status:claim_status} ({rule})"


def draft(unit: Unit, loan_id: int, claimed_on: date, cause: str, documents: Sequence[str] = ()) -> Taken:
    """Draft a claim, after billing interest to its day and using the borrower's credit; freeze the open amounts (6.2).

    The new claim replaces a returned claim of the loan. Raise NotFound, FutureDate, PeriodClosed, ClaimExists,
    InsuranceAwaited, NotOverdueEnough, NothingToClaim, LoanSettled, WrongStatus.
    """
    unit.not_future(claimed_on, "claimed_on")
    loan = _loan(unit, loan_id)
    earlier = live_claim(unit, loan_id)
    if earlier is not None and earlier.status != ClaimStatus.RETURNED:
        raise ClaimExists(rule="6.2", limit=1, found=str(earlier.id), status=earlier.status)
    scheme = scheme_of(unit, loan_id)
    insurer_paid = _insurance(unit, loan, claimed_on)
    frozen = _freeze(unit, loan_id, claimed_on, scheme, cause)
    if earlier is not None:
        earlier.live = None
        unit.session.flush()
    claim = Claim(
        id=new_id(),
        loan_id=loan_id,
        county=loan.county,
        bank=loan.bank,
        claimed_on=claimed_on,
        cause=cause,
        documents=json.dumps(list(documents), ensure_ascii=False),
        status=ClaimStatus.DRAFT,
        live=True,
        principal=frozen.principal,
        interest=frozen.interest,
        share=scheme.fund_share_of_loss,
        insurer_paid=insurer_paid,
        insurer_expected=portion(frozen.principal + insurer_paid, scheme.insurer_share),
        paid_principal=0,
        paid_interest=0,
        received=0,
        returned=0,
        drafted_by=unit.user,
        drafted_on=unit.today,
    )
    unit.session.add(claim)
    unit.session.flush()
    return begin(unit, CLAIM, claim, ClaimStep.DRAFT, claimed_on)


def submit(unit: Unit, claim_id: int, on: date | None = None) -> Taken:
    """Submit a drafted or returned claim (上报); the user must differ from the maker.

    Raise NotFound, WrongStatus, SamePerson, FutureDate, BeforeClaimStep.
    """
    claim = held_claim(unit, claim_id)
    taken = take(unit, CLAIM, claim, ClaimStep.SUBMIT, on)
    claim.return_reason = None
    return taken


def review(unit: Unit, claim_id: int, on: date | None = None) -> Taken:
    """Review a submitted claim at the poverty office (审核). Raise the same errors as `submit`."""
    return take(unit, CLAIM, held_claim(unit, claim_id), ClaimStep.REVIEW, on)


def approve(unit: Unit, claim_id: int, on: date | None = None) -> Taken:
    """Approve a reviewed claim at the finance bureau (核准); claims queue in the order of approval.

    Raise the same errors as `submit`.
    """
    return take(unit, CLAIM, held_claim(unit, claim_id), ClaimStep.APPROVE, on)


def send_back(unit: Unit, claim_id: int, reason: str, on: date | None = None) -> Taken:
    """Return a claim that is not paid, with a reason (退回); the interest billed for the claim is kept (6.2).

    A returned claim loses its place in the payment queue. Raise NotFound, WrongStatus, FutureDate, BeforeClaimStep.
    """
    claim = held_claim(unit, claim_id)
    taken = take(unit, CLAIM, claim, ClaimStep.RETURN, on, reason=reason)
    claim.return_reason, claim.queued_on = reason, None
    return taken


def _loan(unit: Unit, loan_id: int) -> Loan:
    """Return the loan with this id, locked to the end of the transaction.

    Whether a claim is allowed depends on the loan's status on the day of the claim, so `_loan` does not check the
    current status.
    """
    load.lock(unit, [loan_id])
    loan = unit.session.execute(
        select(Loan).where(Loan.id == loan_id).execution_options(populate_existing=True)
    ).scalar()
    if loan is None:
        raise NotFound(what="loan", id=str(loan_id))
    return loan


def _insurance(unit: Unit, loan: Loan, on: date) -> Fen:
    """Return the principal in fen that the insurer paid on the loan on or before the day `on`.

    Raise InsuranceAwaited for an insured loan on which the insurer has neither paid nor refused (6.2, 6.3).
    """
    received = [
        each.event
        for each in backdating.unreversed(unit, [loan.id])
        if isinstance(each.event, InsuranceReceived) and each.event.effective_on <= on
    ]
    if loan.policy_no and not received:
        raise InsuranceAwaited(rule="6.2", limit="InsuranceReceived", found=loan.policy_no)
    return Fen(sum(event.principal + event.overdue_principal for event in received))


def _freeze(unit: Unit, loan_id: int, on: date, scheme: Scheme, cause: str) -> Parts:
    """Post the interest bill and the use of credit for a claim; return the amounts that remain open after both."""
    claim = DraftClaim(on=on, about=Particulars(document=cause), scheme=scheme, cause=cause)
    (posted,) = run.apply_transactions(unit, {loan_id: [claim]}, CLAIMED)[loan_id]
    return posted.open_parts
