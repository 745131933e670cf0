"""Tests that each kind of loan transaction has a rule.

A transaction rebuilt from its stored event must have the effect of the original transaction.
"""

from datetime import date
from typing import Any

import pytest

from ledger.events import CreditApplied, Event, InterestBilled
from ledger.policy import loan_transactions
from ledger.policy.loan_transactions import BillClaim, LoanTransaction, Particulars
from ledger.policy.servicing import run_to
from ledger.policy.transaction_rules import BeforeDisbursement, apply, transaction_of
from tests.oracle.facts import Fact, Misused, Refunded, Repaid, Waived
from tests.support.loan_states import begin, transaction_for, walk
from tests.support.serviced import loan_of

LOAN = loan_of("4.75", "2016-05-10", "2019-05-10")
JUNE = date(2019, 6, 15)
ABOUT = Particulars("S-1", "r", "officer", "checker")
KINDS = [
    kind
    for kind in vars(loan_transactions).values()
    if isinstance(kind, type) and issubclass(kind, LoanTransaction) and kind is not LoanTransaction
]
AGAIN: dict[str, tuple[list[Fact], Fact]] = {
    "repayment": ([], Repaid(JUNE, 100_000)),
    "repayment that pays off": ([], Repaid(JUNE, 6_000_000)),
    "repayment ahead to principal": ([], Repaid(date(2018, 6, 15), 100_000, "principal", "guarantor")),
    "refund of credit": ([Repaid(date(2018, 6, 14), 500_000)], Refunded(date(2018, 6, 15), 2_000)),
    "waiver of a part": ([], Waived(date(2019, 9, 30), 100)),
    "waiver of all": ([], Waived(date(2019, 9, 30), 0)),
    "misuse": ([], Misused(date(2018, 6, 15))),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_rule(kind: type[LoanTransaction]) -> None:
    bare = object.__new__(kind)
    object.__setattr__(bare, "on", JUNE)
    # Finding the rule of a transaction must not raise an error; the rule itself runs only when its events are iterated.
    apply(begin(LOAN).state, bare)


@pytest.mark.parametrize("case", AGAIN)
def test_made_from_its_event_it_does_the_same_again(case: str) -> None:
    before, fact = AGAIN[case]
    first, second = (walk(LOAN, before, fact.on).state for _ in range(2))
    recorded = list(apply(first, transaction_for(LOAN, fact)))
    again = transaction_of(recorded[-1], ABOUT)
    assert again is not None
    assert again.about == ABOUT
    assert list(apply(second, again)) == recorded
    assert second == first


@pytest.mark.parametrize(
    ("case", "cause", "kind"),
    [
        ("a calendar day's", "", None),
        ("a pay-off's", "payoff", None),
        ("a write-off's", "write_off", None),
        ("a claim's", "claim", BillClaim),
    ],
)
def test_bills_and_uses_of_credit_are_made_again_for_a_claim_only(
    case: str, cause: str, kind: type[LoanTransaction] | None
) -> None:
    bill = next(each for each in run_to(begin(LOAN).state, date(2016, 6, 21)) if isinstance(each, InterestBilled))
    about_it: dict[str, Any] = {
        "effective_on": bill.effective_on,
        "county": bill.county,
        "bank": bill.bank,
        "loan": bill.loan,
    }
    figures: dict[str, Any] = {
        "period_start": bill.period_start,
        "contract": bill.contract,
        "penalty": 0,
        "compound": 0,
    }
    events: list[Event] = [
        InterestBilled(**about_it, **figures, cause=cause),
        CreditApplied(**about_it, cause=cause),
    ]
    for event in events:
        made = transaction_of(event, ABOUT)
        assert (None if made is None else type(made)) == kind


def test_nothing_is_done_to_a_loan_before_it_is_paid_out() -> None:
    state = begin(LOAN).state
    with pytest.raises(BeforeDisbursement):
        apply(state, transaction_for(LOAN, Repaid(date(2016, 5, 9), 100)))
    list(apply(state, transaction_for(LOAN, Repaid(date(2016, 5, 10), 100))))
