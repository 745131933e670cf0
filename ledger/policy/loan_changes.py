"""Decisions about a loan after its payout: extension, renewal, misuse, waiver, refund, insurance, write-off.

Each rule takes the state of a loan on the day of the decision, changes the state, and yields events.
"""

from collections.abc import Iterator, Mapping

from ledger import events as e
from ledger.errors import RuleViolation, WrongStatus
from ledger.events import Event
from ledger.money import NIL, Fen, plain
from ledger.policy import servicing
from ledger.policy.loan_transactions import (
    Extend,
    FindMisuse,
    ReceiveInsurance,
    RefundCredit,
    Renew,
    WaivePenalty,
    WriteOff,
)
from ledger.policy.servicing import LoanState


class NotThatMuch(RuleViolation):
    code = "exceeds_open_amount"
    zh = "{what:taken}最多 {limit} 元，申请 {found} 元（{rule}）"
    en = "{what:taken}: at most {limit} yuan can be taken, {found} was asked ({rule})"


class CreditOverdrawn(RuleViolation):
    code = "credit_used"
    zh = "该笔款项形成的暂收款已被使用 {found} 元，请先冲销其后的业务"
    en = "{found} yuan of the credit it left has been used since; reverse what used it first"


class InterestUnpaid(RuleViolation):
    code = "interest_unpaid"
    zh = "续贷前须结清至当日利息，尚欠 {found} 元（{rule}）"
    en = "a renewal needs interest billed and paid to the day; {found} yuan is unpaid ({rule})"


class NothingOpen(RuleViolation):
    code = "nothing_open"
    zh = "贷款已无未还款项（{found} 元），无可核销（{rule}）"
    en = "nothing is open on the loan ({found} yuan): there is nothing to write off ({rule})"


_LENDING = ("active", "overdue")

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "extension": ("active",),
    "renewal": _LENDING,
    "misuse": _LENDING,
    "write_off": (*_LENDING, "compensated"),
    "waiver": (*_LENDING, "compensated"),
    "insurance": _LENDING,
}
"""The statuses that allow a decision; the status on the day of the decision counts, not a later status."""


def refund(state: LoanState, transaction: RefundCredit) -> Iterator[Event]:
    """Pay the borrower's credit back (暂收款退还); raise NotThatMuch for an amount above the credit."""
    amount = transaction.amount
    if not 0 < amount <= state.credit:
        raise NotThatMuch(rule="3.9", what="暂收款退还 credit refund", limit=plain(state.credit), found=plain(amount))
    state.credit = Fen(state.credit - amount)
    yield e.CreditRefunded(**state.event_fields(transaction.on), amount=amount, approval=transaction.approval)


def waive(state: LoanState, transaction: WaivePenalty) -> Iterator[Event]:
    """Waive penalty and compound interest (减免), the oldest bill first.

    A request to waive zero waives the whole open amount of penalty and compound interest. Raise NotThatMuch for a
    request to waive more than the open amount.
    """
    on, asked = transaction.on, transaction.asked
    _check_status(state, "waiver")
    open_now = sum(bill.compound + bill.penalty for bill in state.interest_bills)
    amount = asked or Fen(open_now)
    if not 0 < amount <= open_now:
        raise NotThatMuch(rule="books 3", what="减免 waiver", limit=plain(open_now), found=plain(amount))
    applied, left = [], amount
    for bill in state.interest_bills:
        compound = Fen(min(left, bill.compound))
        penalty = Fen(min(left - compound, bill.penalty))
        if compound or penalty:
            applied.append(servicing.pay_bill(state, on, bill, NIL, compound, penalty))
            left = Fen(left - compound - penalty)
    yield e.PenaltyWaived(
        **state.event_fields(on), amount=amount, asked=asked, applied=tuple(applied), approval=transaction.approval
    )
    servicing.resume(state, on)


def misuse(state: LoanState, transaction: FindMisuse) -> Iterator[Event]:
    """Charge the misuse rate from the transaction's day on (认定挪用, 3.7)."""
    _check_status(state, "misuse")
    on = transaction.on
    earliest = on if state.terms.misused_on is None else min(on, state.terms.misused_on)
    state.terms = state.terms._replace(misused_on=earliest)
    yield e.MisuseFound(**state.event_fields(on), found_on=transaction.found_on, approval=transaction.approval)


def extend(state: LoanState, transaction: Extend) -> Iterator[Event]:
    """Set a new due date, and a new rate from the old due date on (展期, 3.10)."""
    _check_status(state, "extension")
    state.terms = state.terms._replace(rolled_on=transaction.rolled_on, rates=transaction.rates)
    state.next_step_on = servicing.next_step(state, transaction.on)
    yield e.LoanExtended(
        **state.event_fields(transaction.on),
        months=transaction.months,
        due_on=transaction.due_on,
        annual_rate=str(transaction.annual_rate),
        approval=transaction.approval,
    )


def insure(state: LoanState, transaction: ReceiveInsurance) -> Iterator[Event]:
    """Deduct the insurer's payment from the principal (6.3); an amount of zero means that the insurer refused to pay.

    Raise NotThatMuch for an amount above the open principal.
    """
    _check_status(state, "insurance")
    on, amount = transaction.on, transaction.amount
    if amount > state.open_principal:
        raise NotThatMuch(rule="6.3", what="保险赔付 insurance", limit=plain(state.open_principal), found=plain(amount))
    taken = servicing.take_principal(state, on, amount) if amount else {}
    yield e.InsuranceReceived(
        **state.event_fields(on), **taken, policy_no=transaction.policy_no, approval=transaction.approval
    )
    servicing.resume(state, on)


def write_off(state: LoanState, transaction: WriteOff) -> Iterator[Event]:
    """Write a loan off (核销): bill interest to the day, use credit, waive penalty, and write off the rest of the debt.

    Raise NothingOpen if the loan has no open amount.
    """
    _check_status(state, "write_off")
    on, approval = transaction.on, transaction.approval
    yield from servicing.bill_interest(state, on, cause="write_off")
    yield from servicing.use_credit(state, on, cause="write_off", to_principal=True)
    if any(bill.compound or bill.penalty for bill in state.interest_bills):
        yield from waive(state, WaivePenalty(on=on, asked=NIL, approval=approval))
    lost = Fen(state.open_principal + state.open_bills)
    if not lost:
        raise NothingOpen(rule="books 3", found=plain(lost))
    applied = tuple(
        servicing.pay_bill(state, on, bill, bill.contract, NIL, NIL) for bill in state.interest_bills if bill.contract
    )
    taken = servicing.take_principal(state, on, state.open_principal)
    state.written_off = Fen(state.written_off + lost)
    # A compensated loan stays compensated, since recoveries still go to the fund first.
    state.status = "compensated" if state.status == "compensated" else "written_off"
    state.next_step_on = None
    interest = Fen(sum(row.contract for row in applied))
    yield e.LoanWrittenOff(**state.event_fields(on), **taken, interest=interest, applied=applied, approval=approval)


def renew(state: LoanState, transaction: Renew) -> Iterator[Event]:
    """Move the open principal to a new loan (续贷, 3.11); raise InterestUnpaid if interest to that day is unpaid."""
    _check_status(state, "renewal")
    on = transaction.on
    yield from servicing.bill_interest(state, on, cause="renewal")
    yield from servicing.use_credit(state, on, cause="renewal")
    if unpaid := state.open_bills:
        raise InterestUnpaid(rule="3.11", found=plain(unpaid))
    taken = servicing.take_principal(state, on, state.open_principal)
    state.status, state.next_step_on = "closed", None
    yield e.LoanRenewed(**state.event_fields(on), **taken, renewal=transaction.renewal, approval=transaction.approval)


def check_credit(state: LoanState) -> None:
    """Raise CreditOverdrawn if a transaction to be reversed gave credit that has since been used."""
    if state.credit < 0:
        raise CreditOverdrawn(found=plain(-state.credit))


def _check_status(state: LoanState, step: str) -> None:
    if state.status not in ALLOWED[step]:
        raise WrongStatus(status=state.status, allowed=", ".join(ALLOWED[step]), step=step)
