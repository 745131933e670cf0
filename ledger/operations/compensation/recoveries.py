"""Recoveries (追偿): money received on a compensated loan, whose fund part is remitted within some working days."""

from dataclasses import dataclass
from datetime import date

from moneyed import Money
from sqlalchemy import select

from ledger import money
from ledger.balances import loan_balance
from ledger.chart import RECOVERY_SUSPENSE
from ledger.errors import NotFound, RuleViolation, WrongStatus
from ledger.events import RecoveryRetained
from ledger.ids import new_id
from ledger.money import Fen, of_fen, plain
from ledger.operations.compensation.payments import status_by_figures
from ledger.operations.compensation.workflow import (
    CLAIM,
    BeforeClaimStep,
    live_claim,
    scheme_of,
)
from ledger.operations.servicing import load, repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.run import PostedTransaction
from ledger.policy.loan_transactions import LoanTransaction, Particulars, ReceiveRecovery, RemitRecovery
from ledger.queries import reference
from ledger.queries.claims_owed import net_of
from ledger.statuses import ClaimStatus, ClaimStep, LoanStatus
from ledger.tables.claims import Claim, Recovery
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from ledger.workflow import move

RECOVERED = ReversalReason("补记追回款 back-dated recovery")


class RecourseIsClosed(RuleViolation):
    code = "recourse_closed"
    zh = "该贷款的追偿已于 {found} 终结，收到款项前须先冲销“追偿终结”（{rule}）"
    en = "recourse of the loan was closed on {found}; reverse that first ({rule})"


class NothingToRemit(RuleViolation):
    code = "nothing_to_remit"
    zh = "该笔追回款无须缴回专户（{found} 元）（{rule}）"
    en = "nothing of this recovery belongs to the fund ({found} yuan) ({rule})"


class RemittanceDiffers(RuleViolation):
    code = "remittance_differs"
    zh = "应缴回 {limit} 元，填写为 {found} 元（{rule}）"
    en = "{limit} yuan is to be remitted, {found} was given ({rule})"


@dataclass(frozen=True, slots=True)
class Recovered:
    """A recorded recovery: the fund's part, the bank's part, and the last day for remitting the fund's part."""

    id: int
    loan_id: int
    claim_id: int
    amount: Money
    to_fund: Money
    retained: Money
    remit_by: date


def receive(unit: Unit, loan_id: int, amount: Money, received_on: date, receipt_no: str = "") -> Recovered:
    """Record money received on a compensated loan, and split the money between the fund and the bank (6.6).

    Raise NotFound, WrongStatus, AmountNotPositive, AboveDebt, RecourseIsClosed, FutureDate, PeriodClosed, RestsOnLater.
    """
    if amount <= money.ZERO:
        raise repayments.AmountNotPositive(found=amount)
    unit.not_future(received_on, "received_on")
    claim = _claim(unit, loan_id)
    scheme, recovery_id, fen = scheme_of(unit, loan_id), new_id(), money.to_fen(amount)
    to_fund = Fen(claim.paid_principal + claim.paid_interest - claim.received)
    receipt = ReceiveRecovery(
        on=received_on,
        about=Particulars(document=receipt_no),
        scheme=scheme,
        recovery=recovery_id,
        amount=fen,
        to_fund=to_fund,
        fund_settled=fund_settled(unit, claim),
    )
    posted = _post(unit, claim, receipt)
    kept = sum(_kept(event) for event in posted.events if isinstance(event, RecoveryRetained))
    remit_by = reference.work_calendar(unit.session).add_working_days(received_on, scheme.remittance_working_days)
    unit.session.add(
        Recovery(
            id=recovery_id,
            loan_id=loan_id,
            claim_id=claim.id,
            county=claim.county,
            bank=claim.bank,
            fen=fen,
            to_fund=fen - kept,
            received_on=received_on,
            receipt_no=receipt_no,
            recorded_by=unit.user,
            remit_by=remit_by,
            live=True,
        )
    )
    claim.received += fen - kept
    _move(unit, claim, received_on, fen, closed=posted.status == "closed")
    return Recovered(recovery_id, loan_id, claim.id, amount, of_fen(fen - kept), of_fen(kept), remit_by)


def remit(unit: Unit, recovery_id: int, on: date | None = None, amount: Money | None = None, slip_no: str = "") -> Fen:
    """Remit the fund's part of a recovery to the fund account (缴回); return that part in fen.

    Raise NotFound, WrongStatus, NothingToRemit, RemittanceDiffers, FutureDate, PeriodClosed, RestsOnLater.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    recovery = _held(unit, recovery_id)
    if recovery.remitted_on is not None or not recovery.live:
        status = "remitted" if recovery.live else "reversed"
        raise WrongStatus(status=status, allowed="received", step="remit")
    if on < recovery.received_on:
        raise BeforeClaimStep(rule="6.6", limit=recovery.received_on, found=on)
    if not recovery.to_fund:
        raise NothingToRemit(rule="6.6", found=plain(0))
    due = of_fen(recovery.to_fund)
    if amount is not None and amount != due:
        raise RemittanceDiffers(rule="6.6", limit=due, found=amount)
    claim = _claim(unit, recovery.loan_id)
    net = net_of(claim)
    claim.returned += recovery.to_fund
    remittance = RemitRecovery(
        on=on,
        about=Particulars(document=slip_no),
        scheme=scheme_of(unit, claim.loan_id),
        recovery=recovery.id,
        claim=claim.id,
        amount=Fen(recovery.to_fund),
        net=net,
        fund_settled=fund_settled(unit, claim),
    )
    posted = _post(unit, claim, remittance)
    recovery.remitted_on, recovery.remitted_by = on, unit.user
    _move(unit, claim, on, recovery.to_fund, closed=posted.status == "closed")
    return Fen(recovery.to_fund)


def _held(unit: Unit, recovery_id: int) -> Recovery:
    """Return the recovery with this id, locked together with its loan; raise NotFound for an unknown id."""
    loan_id = unit.session.execute(select(Recovery.loan_id).where(Recovery.id == recovery_id)).scalar()
    if loan_id is None:
        raise NotFound(what="recovery", id=str(recovery_id))
    load.lock(unit, [loan_id])
    return unit.session.get_one(Recovery, recovery_id, with_for_update=True, populate_existing=True)


def _claim(unit: Unit, loan_id: int) -> Claim:
    """Return the claim of a compensated loan, locked together with the loan.

    Raise NotFound, RecourseIsClosed, WrongStatus.
    """
    load.lock(unit, [loan_id])
    status = unit.session.execute(select(Loan.status).where(Loan.id == loan_id)).scalar()
    if status is None:
        raise NotFound(what="loan", id=str(loan_id))
    claim = live_claim(unit, loan_id)
    if claim is not None and claim.status == ClaimStatus.CLOSED and net_of(claim):
        raise RecourseIsClosed(rule="6.7", limit="RecourseClosed", found=claim.closed_on)
    if claim is None or status != LoanStatus.COMPENSATED:
        raise WrongStatus(status=status, allowed=LoanStatus.COMPENSATED, step=ClaimStep.RECOVER)
    return claim


def _post(unit: Unit, claim: Claim, transaction: LoanTransaction) -> PostedTransaction:
    (posted,) = run.apply_transactions(unit, {claim.loan_id: [transaction]}, RECOVERED)[claim.loan_id]
    return posted


def fund_settled(unit: Unit, claim: Claim) -> bool:
    """Return whether a claim is settled for the fund, with no recovery outstanding and no suspense money of the loan.

    No recovery is outstanding once everything that the fund paid was returned, or recourse is closed.
    """
    held = loan_balance(unit.connection, claim.loan_id).get(RECOVERY_SUSPENSE, 0)
    back = claim.status == ClaimStatus.CLOSED or claim.returned == claim.paid_principal + claim.paid_interest
    return back and claim.received == claim.returned and not held


def _kept(event: RecoveryRetained) -> int:
    return event.interest + event.charges + event.principal + event.overdue_principal + event.loss


def _move(unit: Unit, claim: Claim, on: date, fen: int, *, closed: bool) -> None:
    """Set a claim's status after a recovery: the claim is closed when its loan is, and a closed claim stays closed."""
    unit.session.flush()
    if claim.status == ClaimStatus.CLOSED:
        to = ClaimStatus.CLOSED
    elif closed:
        to, claim.closed_on = ClaimStatus.CLOSED, on
    else:
        to = status_by_figures(unit, claim)
    move(unit, CLAIM, claim, ClaimStep.RECOVER, on, to=to, fen=fen)
