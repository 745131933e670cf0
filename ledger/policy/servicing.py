"""Servicing of a loan (贷后管理, scheme 3): interest bills, use of credit, the transition to overdue, repayments.

A `LoanState` holds one loan's open amounts, status and next due step. The functions of this module change a loan's
state, and return or yield the events that happened. The functions of this module do not read or write the database. The
code in ledger/operations loads states, and stores and posts events.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ledger.dates import DAY, next_settlement
from ledger.errors import RuleViolation
from ledger.events import Applied, CreditApplied, Event, InterestBilled, PrincipalOverdue, RepaymentReceived
from ledger.money import NIL, Fen
from ledger.policy.accrual import Interest, Steps, Terms, interest
from ledger.policy.loan_transactions import Repay


class LoanSettled(RuleViolation):
    code = "loan_closed"
    zh = "贷款在 {found} 已结清，不能再登记此项业务"
    en = "the loan was settled by {found}; nothing more is recorded on it"


@dataclass(slots=True)
class InterestBill:
    """A settlement line (结息单), in whole fen, that has an amount open or was paid within the open period."""

    period_start: date
    posted_on: date
    contract: Fen
    compound: Fen
    penalty: Fen
    # The unpaid contract interest of a bill at the end of each day on which the amount changed.
    unpaid: Steps = field(default_factory=Steps)

    @property
    def open(self) -> Fen:
        return Fen(self.contract + self.compound + self.penalty)


@dataclass(slots=True)
class LoanState:
    """The state of one loan after all events recorded so far. Amounts are whole fen.

    `billed_to` is the first day of the open period, which consists of the days that no interest bill covers yet. `owed`
    holds the open principal on the days of the open period. `next_step_on` is the next day on which an interest bill or
    the transition to overdue falls due, or None when nothing will fall due any more.
    """

    loan: int
    county: str
    bank: str
    terms: Terms
    status: str
    billed_to: date
    next_step_on: date | None
    principal: Fen = NIL  # The amount of principal that is not overdue (account 130301).
    overdue: Fen = NIL  # The amount of overdue principal (account 130302).
    credit: Fen = NIL
    written_off: Fen = NIL
    interest_bills: list[InterestBill] = field(default_factory=list)  # The interest bills, sorted by day, oldest first.
    owed: Steps = field(default_factory=Steps)

    @property
    def open_principal(self) -> Fen:
        return Fen(self.principal + self.overdue)

    @property
    def open_bills(self) -> Fen:
        return Fen(sum(bill.open for bill in self.interest_bills))

    @property
    def open_contract(self) -> Fen:
        """Return the contract interest that is billed and unpaid, in fen."""
        return Fen(sum(bill.contract for bill in self.interest_bills))

    def copy(self) -> "LoanState":
        """Return an independent copy of a loan's state, so that changes of the copy leave the original unchanged."""
        bills = [replace(bill, unpaid=Steps(bill.unpaid)) for bill in self.interest_bills]
        return replace(self, interest_bills=bills, owed=Steps(self.owed))

    def event_fields(self, on: date) -> dict[str, Any]:
        """Return the fields that every event of a loan has: day, county, bank and loan."""
        return {"effective_on": on, "county": self.county, "bank": self.bank, "loan": self.loan}


def run_to(state: LoanState, through: date) -> Iterator[Event]:
    """Yield, sorted by day, each interest bill, use of credit and transition to overdue due on or before `through`."""
    while state.next_step_on is not None and state.next_step_on <= through:
        on, rolled_on = state.next_step_on, state.terms.rolled_on
        if on > rolled_on:
            yield from _turn_overdue(state, on)
        if on == rolled_on or on == next_settlement(on - DAY):
            yield from bill_interest(state, on)
            yield from _apply_credit(state, on)
        state.next_step_on = next_step(state, on)


def next_step(state: LoanState, after: date) -> date | None:
    """Return the first day after `after` on which a bill or transition is due; None if nothing can accrue any more."""
    nothing_open = not state.open_principal and not any(bill.contract for bill in state.interest_bills)
    if nothing_open and not any(accrued(state, after + DAY)):
        return None
    rolled_on = state.terms.rolled_on
    if after < rolled_on:
        return min(next_settlement(after), rolled_on)
    # A reversed repayment can leave principal that is past its due date but not yet marked as overdue.
    if after == rolled_on or state.principal:
        return after + DAY
    return next_settlement(after)


def resume(state: LoanState, on: date) -> None:
    """Set the status and next step of a loan's state as of the end of `on`; close a loan with nothing left to pay."""
    if state.status in ("active", "overdue") and is_settled(state, on):
        state.status = "closed"
    state.next_step_on = next_step(state, on)


def is_settled(state: LoanState, on: date) -> bool:
    """Return whether no amount is open and no unbilled interest has accrued by the end of `on`."""
    return not state.open_principal and not state.open_bills and not any(accrued(state, on + DAY))


def accrued(state: LoanState, on: date) -> Interest:
    """Return the interest accrued in the open period on the days before `on`, in fen."""
    if on <= state.billed_to:
        return Interest(NIL, NIL, NIL)
    unpaid = [(bill.posted_on, bill.unpaid) for bill in state.interest_bills]
    return interest(state.terms, state.billed_to, on, state.owed, unpaid)


def bill_interest(state: LoanState, on: date, cause: str = "") -> Iterator[InterestBilled]:
    """Bill the open period from `billed_to` to `on`, excluding `on`; zero days or zero amounts make no bill (3.4)."""
    start, found = state.billed_to, accrued(state, on)
    state.billed_to = on
    if any(found):
        state.interest_bills.append(InterestBill(start, on, found.contract, found.compound, found.penalty))
        yield InterestBilled(
            **state.event_fields(on),
            period_start=start,
            contract=found.contract,
            penalty=found.penalty,
            compound=found.compound,
            cause=cause,
        )
    state.owed[:] = [(on, state.open_principal)]
    state.interest_bills[:] = [bill for bill in state.interest_bills if bill.open]
    for bill in state.interest_bills:
        bill.unpaid[:] = [(on, bill.contract)]


@dataclass(frozen=True, slots=True)
class Payoff:
    """The pay-off of a loan on a day (结清试算), in whole fen: the sum of interest bills and unbilled interest."""

    principal: Fen
    contract: Fen
    penalty: Fen
    compound: Fen
    credit: Fen

    @property
    def total(self) -> Fen:
        """Return the amount that settles the loan, in fen, never below zero."""
        return Fen(max(0, self.principal + self.contract + self.penalty + self.compound - self.credit))


def payoff(state: LoanState, on: date) -> Payoff:
    """Return the pay-off as of `on` for a loan's state that was already advanced to `on` (3.9)."""
    coming = accrued(state, on)
    return Payoff(
        state.open_principal,
        Fen(coming.contract + state.open_contract),
        Fen(coming.penalty + sum(bill.penalty for bill in state.interest_bills)),
        Fen(coming.compound + sum(bill.compound for bill in state.interest_bills)),
        state.credit,
    )


def repay(state: LoanState, transaction: Repay) -> Iterator[Event]:
    """Allocate a repayment (3.9), or count it against the loss of a written-off loan; raise LoanSettled if settled."""
    on, amount = transaction.on, transaction.amount
    made: dict[str, Any] = {
        "repayment": transaction.repayment,
        "amount": amount,
        "surplus": transaction.surplus,
        "payer": transaction.payer,
    }
    if state.status == "written_off":
        loss = Fen(min(amount, state.written_off))
        state.written_off = Fen(state.written_off - loss)
        yield RepaymentReceived(**state.event_fields(on), **made, loss=loss, income=Fen(amount - loss))
        return
    if state.status == "closed":
        raise LoanSettled(rule="3.9", found=on)
    settles = amount >= payoff(state, on).total
    if settles:
        yield from bill_interest(state, on, cause="payoff")
        yield from use_credit(state, on, cause="payoff", to_principal=True)
    to_principal = settles or transaction.surplus == "principal" or on >= state.terms.rolled_on
    paid, rest = allocate(state, on, amount, to_principal=to_principal)
    state.credit = Fen(state.credit + rest)
    yield RepaymentReceived(**state.event_fields(on), **made, **paid, credit=rest)
    if settles:
        state.status = "closed"
    state.next_step_on = next_step(state, on)


def allocate(state: LoanState, on: date, amount: Fen, *, to_principal: bool) -> tuple[dict[str, Any], Fen]:
    """Pay interest bills, oldest first, then principal; return the event's fields and the money left over, in fen.

    Each bill's contract interest is paid first, then compound interest, then penalty. If a loan is overdue for more
    days than the scheme allows (90), principal is paid before interest (3.9).
    """
    paid: dict[str, Any] = {}
    days_overdue = (on - state.terms.rolled_on).days
    if to_principal and days_overdue > state.terms.uplifts.principal_first_over:
        amount = _pay_principal(state, on, amount, paid)
        amount = _pay_bills(state, on, amount, paid)
    else:
        amount = _pay_bills(state, on, amount, paid)
        if to_principal:
            amount = _pay_principal(state, on, amount, paid)
    return paid, amount


def pay_bill(state: LoanState, on: date, bill: InterestBill, contract: Fen, compound: Fen, penalty: Fen) -> Applied:
    """Subtract amounts in fen from the open amounts of an interest bill, which must be at least as large."""
    bill.contract = Fen(bill.contract - contract)
    bill.compound = Fen(bill.compound - compound)
    bill.penalty = Fen(bill.penalty - penalty)
    assert min(bill.contract, bill.compound, bill.penalty) >= 0
    bill.unpaid.set(on, bill.contract)
    return Applied(bill.period_start, contract, compound, penalty)


def take_principal(state: LoanState, on: date, amount: Fen) -> dict[str, Any]:
    """Subtract an amount in fen from the principal, overdue principal first; return the event's principal fields."""
    overdue = Fen(min(amount, state.overdue))
    normal = Fen(amount - overdue)
    assert normal <= state.principal
    state.overdue, state.principal = Fen(state.overdue - overdue), Fen(state.principal - normal)
    state.owed.set(on, state.open_principal)
    return {"principal": normal, "overdue_principal": overdue}


def _pay_principal(state: LoanState, on: date, amount: Fen, paid: dict[str, Any]) -> Fen:
    part = Fen(min(amount, state.open_principal))
    if part:
        paid.update(take_principal(state, on, part))
    return Fen(amount - part)


def _pay_bills(state: LoanState, on: date, amount: Fen, paid: dict[str, Any]) -> Fen:
    applied: list[Applied] = []
    for bill in state.interest_bills:
        if not amount:
            break
        contract = min(amount, bill.contract)
        compound = min(amount - contract, bill.compound)
        penalty = min(amount - contract - compound, bill.penalty)
        part = Fen(contract + compound + penalty)
        if part:
            applied.append(pay_bill(state, on, bill, Fen(contract), Fen(compound), Fen(penalty)))
            amount = Fen(amount - part)
    if applied:
        paid["applied"] = tuple(applied)
        paid["interest"] = Fen(sum(row.contract for row in applied))
        paid["charges"] = Fen(sum(row.compound + row.penalty for row in applied))
    return amount


def use_credit(state: LoanState, on: date, *, cause: str = "", to_principal: bool = False) -> Iterator[Event]:
    """Use the borrower's credit like a repayment dated `on`, up to the open amounts (3.9)."""
    fields, state.credit = allocate(state, on, state.credit, to_principal=to_principal)
    if fields:
        yield CreditApplied(**state.event_fields(on), **fields, cause=cause)


def _apply_credit(state: LoanState, on: date) -> Iterator[Event]:
    """Use credit on the day of an interest bill; from the rolled due date on, or for a pay-off, pay principal too."""
    if state.credit:
        settles = state.credit >= state.open_principal + state.open_bills
        yield from use_credit(state, on, to_principal=settles or on >= state.terms.rolled_on)
    if not state.open_principal and not state.open_bills and state.status in ("active", "overdue"):
        state.status = "closed"


def _turn_overdue(state: LoanState, on: date) -> Iterator[PrincipalOverdue]:
    """Mark principal still open at the end of the rolled due date as overdue; the event is dated a day later (3.7)."""
    if state.principal:
        yield PrincipalOverdue(**state.event_fields(on), principal=state.principal)
        state.principal, state.overdue = NIL, state.open_principal
        if state.status == "active":
            state.status = "overdue"
