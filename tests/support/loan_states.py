"""Loan states in memory, made from the oracle's contracts and facts without a database."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from ledger.errors import Refusal
from ledger.events import Event, InterestBilled, LoanDisbursed
from ledger.money import Fen
from ledger.policy import servicing
from ledger.policy.accrual import Steps, Terms, Uplifts
from ledger.policy.loan_transactions import (
    Extend,
    FindMisuse,
    LoanTransaction,
    ReceiveInsurance,
    RefundCredit,
    Renew,
    Repay,
    WaivePenalty,
    WriteOff,
)
from ledger.policy.servicing import LoanState
from ledger.policy.transaction_rules import apply
from ledger.posting import postings_of
from tests.oracle import facts as oracle
from tests.oracle.facts import Contract, Line, Row

LOAN, RENEWAL = 1, 2
PARTS = 10**8
_numbers = count(1)


@dataclass
class Walk:
    """A loan state with the past events and daily statuses of the loan."""

    state: LoanState
    events: list[Event] = field(default_factory=list)
    statuses: dict[date, str] = field(default_factory=dict)

    @property
    def rows(self) -> Counter[Row]:
        """Return the loan's own postings, without those of the loan that renews it."""
        return Counter(
            Row(event.effective_on, type(event).__name__, row.debit, row.credit, row.amount)
            for event in self.events
            for row in postings_of(event)
            if row.loan == LOAN
        )

    @property
    def lines(self) -> list[Line]:
        return [
            Line(event.period_start, event.effective_on, event.contract, event.compound, event.penalty)
            for event in self.events
            if isinstance(event, InterestBilled)
        ]


def begin(contract: Contract) -> Walk:
    """Return a loan's state on the day of payout."""
    first, principal = contract.disbursed_on, Fen(contract.principal)
    rates = tuple((since, int(rate * PARTS)) for since, rate in contract.rates)
    uplifts = Uplifts(
        int(contract.overdue * 10**4),
        int(contract.misuse * 10**4),
        int(contract.overdue * 10**4),
        contract.compound,
        timedelta(days=contract.grace_days),
        contract.principal_first_over,
    )
    terms = Terms(first, contract.rolled_on, rates, None, uplifts)
    state = LoanState(LOAN, "360781", "GZRCB", terms, "active", first, None, principal=principal)
    state.owed = Steps([(first, principal)])
    state.next_step_on = servicing.next_step(state, first)
    paid_out = LoanDisbursed(effective_on=first, county=state.county, bank=state.bank, loan=LOAN, principal=principal)
    return Walk(state, [paid_out])


def walk(contract: Contract, facts: Sequence[oracle.Fact], through: date, *, daily: bool = False) -> Walk:
    """Apply facts in the order of their days and process the loan up to a day; with `daily`, stop on every day."""
    walked = begin(contract)
    waiting = sorted(facts, key=lambda fact: fact.on)
    for day in _stops(contract, waiting, through, daily):
        walked.events += servicing.run_to(walked.state, day)
        while waiting and waiting[0].on == day:
            walked.events += apply(walked.state, transaction_for(contract, waiting.pop(0)))
        walked.statuses[day] = walked.state.status
    return walked


def _stops(contract: Contract, facts: Iterable[oracle.Fact], through: date, daily: bool) -> Iterator[date]:
    if not daily:
        yield from sorted({fact.on for fact in facts} | {through})
        return
    for offset in range((through - contract.disbursed_on).days + 1):
        yield contract.disbursed_on + timedelta(days=offset)


def refusal_of(contract: Contract, facts: Sequence[oracle.Fact]) -> str | None:
    """Return the code of the first refusal of one of the facts, or None."""
    try:
        walk(contract, facts, max(fact.on for fact in facts))
    except Refusal as refusal:
        return refusal.code
    return None


def transaction_for(contract: Contract, fact: oracle.Fact) -> LoanTransaction:
    """Return the loan transaction of an oracle's fact."""
    number, on = next(_numbers), fact.on
    match fact:
        case oracle.Repaid():
            return Repay(on=on, repayment=number, amount=Fen(fact.amount), surplus=fact.surplus, payer=fact.payer)
        case oracle.Misused():
            return FindMisuse(on=on, found_on=on, approval=number)
        case oracle.Waived():
            return WaivePenalty(on=on, asked=Fen(fact.asked), approval=number)
        case oracle.Refunded():
            return RefundCredit(on=on, amount=Fen(fact.amount), approval=number)
        case oracle.Insured():
            return ReceiveInsurance(on=on, amount=Fen(fact.amount), policy_no="P", approval=number)
        case oracle.WrittenOff():
            return WriteOff(on=on, approval=number)
        case oracle.Renewed():
            return Renew(on=on, renewal=RENEWAL, approval=number)
        case oracle.Extended():
            kept = [(since, int(rate * PARTS)) for since, rate in contract.rates if since < contract.due_on]
            parts = int(fact.rate * PARTS)
            return Extend(
                on=on,
                months=fact.months,
                due_on=fact.due_on,
                rolled_on=fact.rolled_on,
                annual_rate=Decimal(parts).scaleb(-8),
                rates=(*kept, (contract.due_on, parts)),
                approval=number,
            )
    raise AssertionError(fact)


def copy_of(state: LoanState) -> LoanState:
    return deepcopy(state)
