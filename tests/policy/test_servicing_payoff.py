"""Tests of paying off a loan (3.9): interest up to the day, credit, surplus, and payments that close no loan."""

from datetime import date

import pytest

from ledger.errors import RuleViolation
from ledger.money import plain
from ledger.policy.servicing import payoff
from tests.oracle.facts import Contract, Fact, Misused, Refunded
from tests.policy.pages import contract, fen, page, paid, text
from tests.support.loan_states import walk

LOAN = contract("2018-06-21", "2019-05-10")
OVERDUE = contract("2019-03-21", "2019-05-10")


@pytest.mark.parametrize(
    "case, loan, facts, on, quote",
    [
        ("on the day it was paid out", LOAN, [], "2018-06-21", "50000.00"),
        ("the next day", LOAN, [], "2018-06-22", "50006.60"),
        ("ten days on", LOAN, [], "2018-07-01", "50065.97"),
        ("on a posting day: the line is open, no day more", LOAN, [], "2018-09-21", "50606.94"),
        # On 22 September contract interest is 6.60 yuan and compound interest 0.08 yuan.
        ("a line open and a day of the next period", LOAN, [], "2018-09-22", "50613.62"),
        ("less what was left as credit", LOAN, [paid("2018-07-01", "700.00")], "2018-09-22", "49913.54"),
        ("after part of the principal", LOAN, [paid("2018-07-01", "20000.00", "principal")], "2018-07-11", "30105.56"),
        ("on the due date", OVERDUE, [], "2019-05-10", "50329.86"),
        ("the first overdue day: a night's penalty and compound", OVERDUE, [], "2019-05-11", "50339.83"),
        ("misused", OVERDUE, [Misused(date(2019, 3, 21))], "2019-03-31", "50131.94"),
    ],
)
def test_what_it_takes_to_pay_off(case: str, loan: Contract, facts: list[Fact], on: str, quote: str) -> None:
    day = date.fromisoformat(on)
    assert plain(payoff(walk(loan, facts, day).state, day).total) == quote
    assert page(loan, [*facts, paid(on, quote)], on).endswith("closed")
    assert not page(loan, [*facts, paid(on, plain(fen(quote) - 1))], on).endswith("closed")


@pytest.mark.parametrize("case, surplus", [("kept as credit", "credit"), ("to principal", "principal")])
def test_a_repayment_that_reaches_the_payoff_closes_whatever_it_says(case: str, surplus: str) -> None:
    assert page(LOAN, [paid("2018-07-01", "50070.00", surplus)], "2018-09-21") == text("""
        2018-07-01 line from 2018-06-21 (payoff): 65.97
        2018-07-01 repaid: contract 65.97, principal 50000.00, credit 4.03
        closed
    """)


def test_a_fen_less_is_credit_where_nothing_is_due_yet() -> None:
    assert page(LOAN, [paid("2018-07-01", "50065.96")], "2018-09-21") == text("""
        2018-07-01 repaid: credit 50065.96
        2018-09-21 line from 2018-06-21: 606.94
        2018-09-21 credit used: contract 606.94
        active
    """)


def test_a_fen_less_to_principal_leaves_the_interest_of_the_days_before() -> None:
    facts = [paid("2018-07-01", "50065.96", "principal"), paid("2018-09-22", "0.01")]
    assert page(LOAN, facts, "2018-12-21") == text("""
        2018-07-01 repaid: principal 50000.00, credit 65.96
        2018-09-21 line from 2018-06-21: 65.97
        2018-09-21 credit used: contract 65.96
        2018-09-22 repaid: contract 0.01
        closed
    """)


def test_a_payoff_on_a_posting_day_has_no_line_of_its_own() -> None:
    assert page(LOAN, [paid("2018-09-21", "50606.94")], "2018-12-21") == text("""
        2018-09-21 line from 2018-06-21: 606.94
        2018-09-21 repaid: contract 606.94, principal 50000.00
        closed
    """)


def test_a_payoff_on_the_day_of_disbursement_bills_nothing() -> None:
    assert page(LOAN, [paid("2018-06-21", "50000.00")], "2018-09-21") == text("""
        2018-06-21 repaid: principal 50000.00
        closed
    """)


def test_credit_is_used_up_by_a_payoff_on_principal_too() -> None:
    facts = [paid("2018-07-01", "700.00"), paid("2018-09-22", "49913.54")]
    assert page(LOAN, facts, "2018-09-22", since="2018-09-21") == text("""
        2018-09-21 line from 2018-06-21: 606.94
        2018-09-21 credit used: contract 606.94
        2018-09-22 line from 2018-09-21 (payoff): 6.60
        2018-09-22 credit used: contract 6.60, principal 86.46
        2018-09-22 repaid: principal 49913.54
        closed
    """)


def test_more_than_ninety_days_overdue_a_payoff_pays_principal_first_and_still_everything() -> None:
    day = "2019-08-09"  # At the pay-off the oldest unpaid interest is 91 days overdue.
    quote = plain(payoff(walk(OVERDUE, [], date.fromisoformat(day)).state, date.fromisoformat(day)).total)
    ended = page(OVERDUE, [paid(day, quote)], day, since="2019-08-01").splitlines()
    assert ended[-1] == "closed"
    assert "overdue principal 50000.00" in ended[-2]


def test_what_was_paid_too_much_is_refunded_after_the_loan_is_closed() -> None:
    facts = [paid("2018-07-01", "50070.00"), Refunded(date(2018, 7, 5), fen("4.03"))]
    assert page(LOAN, facts, "2018-07-05", since="2018-07-02") == text("""
        2018-07-05 refunded 4.03
        closed
    """)


def test_a_closed_loan_takes_no_more_money() -> None:
    with pytest.raises(RuleViolation) as refused:
        page(LOAN, [paid("2018-07-01", "50065.97"), paid("2018-07-02", "0.01")], "2018-07-02")
    assert (refused.value.code, refused.value.facts["found"]) == ("loan_closed", "2018-07-02")


@pytest.mark.parametrize(
    "case, facts, status",
    [
        ("principal repaid, its interest not billed yet", [paid("2018-07-01", "50000.00", "principal")], "active"),
        (
            "principal and billed interest repaid, the rest not billed yet",
            [paid("2018-09-25", "50606.94", "principal")],
            "active",
        ),
        ("all of it repaid", [paid("2018-09-25", "50636.24", "principal")], "closed"),
    ],
)
def test_a_loan_closes_when_nothing_is_open_and_nothing_unbilled_has_accrued(
    case: str, facts: list[Fact], status: str
) -> None:
    assert page(LOAN, facts, "2018-09-25").splitlines()[-1] == status
