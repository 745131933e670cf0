"""A loan's life (贷后管理, scheme 3): lines, credit, transitions, repayments, in the order of the days.

A `Life` is where one loan stands; the functions walk it on and answer the events that happened. Nothing is
read or written here: what the events do to the books, and the rows behind a life, are the operations' part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.dates import DAY, next_settlement
from ledger.errors import RuleViolation
from ledger.events import Applied, CreditApplied, Event, InterestBilled, PrincipalOverdue, RepaymentReceived
from ledger.money import NIL, Fen
from ledger.policy.accrual import Interest, Steps, Terms, interest


class LoanSettled(RuleViolation):
    code = "loan_closed"
    zh = "贷款在 {found} 已结清，不能再登记此项业务"
    en = "the loan was settled by {found}; nothing more is recorded on it"


@dataclass(slots=True)
class Line:
    """A settlement line with something still to pay, or paid within the open period."""

    period_start: date
    posted_on: date
    contract: Fen
    compound: Fen
    penalty: Fen
    unpaid: Steps = field(default_factory=Steps)  # of contract interest, by day

    @property
    def open(self) -> Fen:
        return Fen(self.contract + self.compound + self.penalty)


@dataclass(slots=True)
class Life:
    """Where a loan stands after everything recorded so far. Amounts are whole fen.

    `billed_to` starts the open period; `owed` says what principal stood at on its days. `next_step_on` is the
    next day on which a line or a transition falls due, None when none ever will.
    """

    loan: int
    county: str
    bank: str
    terms: Terms
    status: str
    billed_to: date
    next_step_on: date | None
    principal: Fen = NIL  # on 130301
    overdue: Fen = NIL  # on 130302
    credit: Fen = NIL
    written_off: Fen = NIL
    lines: list[Line] = field(default_factory=list)  # oldest first
    owed: Steps = field(default_factory=Steps)

    @property
    def open_principal(self) -> Fen:
        return Fen(self.principal + self.overdue)

    @property
    def open_lines(self) -> Fen:
        return Fen(sum(line.open for line in self.lines))

    def facts(self, on: date) -> dict[str, Any]:
        """The base fields of an event of this loan."""
        return {"effective_on": on, "county": self.county, "bank": self.bank, "loan": self.loan}


def carry(life: Life, through: date) -> Iterator[Event]:
    """Every line and transition due on or before `through`, in date order (scheme: order of one day)."""
    while life.next_step_on is not None and life.next_step_on <= through:
        on, rolled_on = life.next_step_on, life.terms.rolled_on
        if on > rolled_on:
            yield from _turn_overdue(life, on)
        if on == rolled_on or on == next_settlement(on - DAY):
            yield from bill(life, on)
            yield from _apply_credit(life, on)
        life.next_step_on = next_step(life, on)


def next_step(life: Life, after: date) -> date | None:
    """The first day after `after` on which something falls due; None when nothing can accrue any more."""
    nothing_open = not life.open_principal and not any(line.contract for line in life.lines)
    if nothing_open and not any(accrued(life, after + DAY)):
        return None
    rolled_on = life.terms.rolled_on
    if after < rolled_on:
        return min(next_settlement(after), rolled_on)
    if after == rolled_on or life.principal:  # principal: a repayment was taken back after the due date
        return after + DAY
    return next_settlement(after)


def resume(life: Life, on: date) -> None:
    """Go on from the end of `on`, to which a life was taken back: settled where nothing is left, else its next step."""
    if life.status in ("active", "overdue") and is_settled(life, on):
        life.status = "closed"
    life.next_step_on = next_step(life, on)


def is_settled(life: Life, on: date) -> bool:
    """Nothing is open, and nothing unbilled has accrued by the end of `on`."""
    return not life.open_principal and not life.open_lines and not any(accrued(life, on + DAY))


def accrued(life: Life, on: date) -> Interest:
    """Interest of the open period, of the days before `on`."""
    if on <= life.billed_to:
        return Interest(NIL, NIL, NIL)
    unpaid = [(line.posted_on, line.unpaid) for line in life.lines]
    return interest(life.terms, life.billed_to, on, life.owed, unpaid)


def bill(life: Life, on: date, cause: str = "") -> Iterator[InterestBilled]:
    """The line of the open period to `on`, not counted; none for zero days or three zeros (3.4)."""
    start, found = life.billed_to, accrued(life, on)
    life.billed_to = on
    if any(found):
        life.lines.append(Line(start, on, found.contract, found.compound, found.penalty))
        yield InterestBilled(
            **life.facts(on),
            period_start=start,
            contract=found.contract,
            penalty=found.penalty,
            compound=found.compound,
            cause=cause,
        )
    life.owed[:] = [(on, life.open_principal)]
    life.lines[:] = [line for line in life.lines if line.open]
    for line in life.lines:
        line.unpaid[:] = [(on, line.contract)]


@dataclass(frozen=True, slots=True)
class Payoff:
    """What settles a loan on a day (结清试算): lines and the open period together; whole fen."""

    principal: Fen
    contract: Fen
    penalty: Fen
    compound: Fen
    credit: Fen

    @property
    def total(self) -> Fen:
        """What is to be paid: never below zero."""
        return Fen(max(0, self.principal + self.contract + self.penalty + self.compound - self.credit))


def payoff(life: Life, on: date) -> Payoff:
    """The pay-off of a life carried through `on` (3.9)."""
    coming = accrued(life, on)
    return Payoff(
        life.open_principal,
        Fen(coming.contract + sum(line.contract for line in life.lines)),
        Fen(coming.penalty + sum(line.penalty for line in life.lines)),
        Fen(coming.compound + sum(line.compound for line in life.lines)),
        life.credit,
    )


def repay(life: Life, on: date, *, repayment: int, amount: Fen, surplus: str, payer: str) -> Iterator[Event]:
    """A repayment on a life carried through `on`, applied by 3.9; on a written-off loan to what was lost."""
    made: dict[str, Any] = {"repayment": repayment, "amount": amount, "surplus": surplus, "payer": payer}
    if life.status == "written_off":
        loss = Fen(min(amount, life.written_off))
        life.written_off = Fen(life.written_off - loss)
        yield RepaymentReceived(**life.facts(on), **made, loss=loss, income=Fen(amount - loss))
        return
    if life.status == "closed":
        raise LoanSettled(rule="3.9", found=on)
    settles = amount >= payoff(life, on).total
    if settles:
        yield from bill(life, on, cause="payoff")
        yield from use_credit(life, on, cause="payoff", to_principal=True)
    to_principal = settles or surplus == "principal" or on >= life.terms.rolled_on
    paid, rest = apply(life, on, amount, to_principal=to_principal)
    life.credit = Fen(life.credit + rest)
    yield RepaymentReceived(**life.facts(on), **made, **paid, credit=rest)
    if settles:
        life.status = "closed"
    life.next_step_on = next_step(life, on)


def apply(life: Life, on: date, amount: Fen, *, to_principal: bool) -> tuple[dict[str, Any], Fen]:
    """Pay lines, oldest first (contract, compound, penalty), then principal; answer the event's fields and the rest.

    More than 90 days overdue principal comes first (3.9; the days are the scheme's).
    """
    paid: dict[str, Any] = {}
    days_overdue = (on - life.terms.rolled_on).days
    if to_principal and days_overdue > life.terms.uplifts.principal_first_over:
        amount = _pay_principal(life, on, amount, paid)
        amount = _pay_lines(life, on, amount, paid)
    else:
        amount = _pay_lines(life, on, amount, paid)
        if to_principal:
            amount = _pay_principal(life, on, amount, paid)
    return paid, amount


def pay_line(life: Life, on: date, line: Line, contract: Fen, compound: Fen, penalty: Fen) -> Applied:
    """Take amounts off a line; they must be open on it."""
    line.contract = Fen(line.contract - contract)
    line.compound = Fen(line.compound - compound)
    line.penalty = Fen(line.penalty - penalty)
    assert min(line.contract, line.compound, line.penalty) >= 0
    line.unpaid.set(on, line.contract)
    return Applied(line.period_start, contract, compound, penalty)


def take_principal(life: Life, on: date, amount: Fen) -> dict[str, Any]:
    """Take an amount off the principal, wherever it lies; answer the event's two fields."""
    overdue = Fen(min(amount, life.overdue))
    normal = Fen(amount - overdue)
    assert normal <= life.principal
    life.overdue, life.principal = Fen(life.overdue - overdue), Fen(life.principal - normal)
    life.owed.set(on, life.open_principal)
    return {"principal": normal, "overdue_principal": overdue}


def _pay_principal(life: Life, on: date, amount: Fen, paid: dict[str, Any]) -> Fen:
    part = Fen(min(amount, life.open_principal))
    if part:
        paid.update(take_principal(life, on, part))
    return Fen(amount - part)


def _pay_lines(life: Life, on: date, amount: Fen, paid: dict[str, Any]) -> Fen:
    applied: list[Applied] = []
    for line in life.lines:
        if not amount:
            break
        contract = min(amount, line.contract)
        compound = min(amount - contract, line.compound)
        penalty = min(amount - contract - compound, line.penalty)
        part = Fen(contract + compound + penalty)
        if part:
            applied.append(pay_line(life, on, line, Fen(contract), Fen(compound), Fen(penalty)))
            amount = Fen(amount - part)
    if applied:
        paid["applied"] = tuple(applied)
        paid["interest"] = Fen(sum(row.contract for row in applied))
        paid["charges"] = Fen(sum(row.compound + row.penalty for row in applied))
    return amount


def use_credit(life: Life, on: date, *, cause: str = "", to_principal: bool = False) -> Iterator[Event]:
    """Borrower credit applied like a repayment of that day (3.9), as far as there is something to pay."""
    fields, life.credit = apply(life, on, life.credit, to_principal=to_principal)
    if fields:
        yield CreditApplied(**life.facts(on), **fields, cause=cause)


def _apply_credit(life: Life, on: date) -> Iterator[Event]:
    """Credit is applied at once on a line's day; from the rolled due date on to principal too."""
    if life.credit:
        settles = life.credit >= life.open_principal + life.open_lines
        yield from use_credit(life, on, to_principal=settles or on >= life.terms.rolled_on)
    if not life.open_principal and not life.open_lines and life.status in ("active", "overdue"):
        life.status = "closed"


def _turn_overdue(life: Life, on: date) -> Iterator[PrincipalOverdue]:
    """The principal open at the end of the rolled due date is overdue from the day after (3.7)."""
    if life.principal:
        yield PrincipalOverdue(**life.facts(on), principal=life.principal)
        life.principal, life.overdue = NIL, life.open_principal
        if life.status == "active":
            life.status = "overdue"
