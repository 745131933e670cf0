"""Tests of a loan day by day (3.4-3.9): interest bills, status changes, use of credit, payments that close a loan."""

import pytest

from tests.oracle.facts import Fact
from tests.policy.pages import contract, page, paid, text

LOAN = contract("2019-03-21", "2019-05-10")  # The loan has one interest bill of 329.86 yuan, posted on the due date.


def test_the_line_comes_first_then_what_was_paid_that_day() -> None:
    assert page(LOAN, [paid("2019-05-10", "50000.00")], "2019-05-10") == text("""
        2019-05-10 line from 2019-03-21: 329.86
        2019-05-10 repaid: contract 329.86, principal 49670.14
        active
    """)


def test_principal_open_at_the_end_of_the_due_date_is_overdue_the_day_after() -> None:
    assert page(LOAN, [], "2019-05-10").endswith("active")
    assert page(LOAN, [paid("2019-05-10", "329.86")], "2019-06-21", since="2019-05-11") == text("""
        2019-05-11 overdue: principal 50000.00
        2019-06-21 line from 2019-05-10: 0.00 penalty 415.63
        overdue
    """)


def test_a_roll_moves_payment_and_overdue_alike() -> None:
    loan = contract("2019-06-21", "2019-10-01", rolled_on="2019-10-08")
    assert page(loan, [paid("2019-09-21", "606.94")], "2019-10-09") == text("""
        2019-09-21 line from 2019-06-21: 606.94
        2019-09-21 repaid: contract 606.94
        2019-10-08 line from 2019-09-21: 112.15
        2019-10-09 overdue: principal 50000.00
        overdue
    """)


def test_due_on_a_posting_day_there_is_one_line_and_overdue_the_day_after() -> None:
    loan = contract("2018-06-21", "2019-06-21", rolled_on="2019-06-21", compound=False)
    assert page(loan, [], "2019-06-22", since="2019-03-22") == text("""
        2019-06-21 line from 2019-03-21: 606.94
        2019-06-22 overdue: principal 50000.00
        overdue
    """)


def test_due_on_a_settlement_day_the_transition_comes_before_the_next_days_line() -> None:
    loan = contract("2019-03-21", "2019-06-20")
    assert page(loan, [], "2019-06-21") == text("""
        2019-06-20 line from 2019-03-21: 600.35
        2019-06-21 overdue: principal 50000.00
        2019-06-21 line from 2019-06-20: 0.00 compound 0.12 penalty 9.90
        overdue
    """)


def test_what_is_paid_on_the_first_overdue_day_is_paid_off_overdue_principal() -> None:
    assert page(LOAN, [paid("2019-05-11", "20339.86")], "2019-05-11") == text("""
        2019-05-10 line from 2019-03-21: 329.86
        2019-05-11 overdue: principal 50000.00
        2019-05-11 repaid: contract 329.86, overdue principal 20010.00
        overdue
    """)


@pytest.mark.parametrize(
    "case, facts, status",
    [
        ("nothing paid", [], "overdue"),
        ("everything but a fen of principal", [("2019-05-10", "50329.85")], "overdue"),
        ("everything on the day", [("2019-05-10", "50329.86")], "closed"),
        ("the interest only", [("2019-05-10", "329.86")], "overdue"),
    ],
)
def test_overdue_is_a_matter_of_principal(case: str, facts: list[tuple[str, str]], status: str) -> None:
    assert page(LOAN, [paid(*fact) for fact in facts], "2019-05-11").splitlines()[-1] == status


def test_interest_without_principal_is_never_overdue_but_goes_on_bearing_interest() -> None:
    # All principal is repaid 20 days before the due date. The interest of 30 days is due at the end of the loan and
    # stays unpaid.
    assert page(LOAN, [paid("2019-04-20", "50000.00", "principal")], "2019-06-21") == text("""
        2019-04-20 repaid: principal 50000.00
        2019-05-10 line from 2019-03-21: 197.92
        2019-06-21 line from 2019-05-10: 0.00 compound 1.65
        active
    """)


def test_credit_waits_for_the_next_line_and_never_touches_principal_before_the_due_date() -> None:
    loan = contract("2018-06-21", "2019-05-10")
    assert page(loan, [paid("2018-07-01", "700.00")], "2018-12-21") == text("""
        2018-07-01 repaid: credit 700.00
        2018-09-21 line from 2018-06-21: 606.94
        2018-09-21 credit used: contract 606.94
        2018-12-21 line from 2018-09-21: 600.35
        2018-12-21 credit used: contract 93.06
        active
    """)


def test_credit_goes_to_principal_too_on_the_due_date() -> None:
    loan = contract("2018-06-21", "2019-05-10")
    facts = [paid("2018-07-01", "20000.00"), paid("2019-05-10", "32130.90")]
    assert page(loan, facts, "2019-05-11", since="2019-05-10") == text("""
        2019-05-10 line from 2019-03-21: 329.86
        2019-05-10 credit used: contract 329.86, principal 17869.10
        2019-05-10 repaid: principal 32130.90
        closed
    """)


def test_repaid_on_a_due_date_that_is_a_settlement_day_leaves_nothing_for_the_day_after() -> None:
    loan = contract("2019-03-21", "2019-06-20")
    assert page(loan, [paid("2019-06-20", "50600.35")], "2019-06-21", since="2019-06-20") == text("""
        2019-06-20 line from 2019-03-21: 600.35
        2019-06-20 repaid: contract 600.35, principal 50000.00
        closed
    """)


def test_credit_left_after_the_due_date_pays_the_next_line() -> None:
    # At the repayment, ten days of penalty have accrued but are not billed. The repayment pays all billed amounts and
    # the principal, and the rest is credit until the next bill.
    assert page(LOAN, [paid("2019-05-20", "50420.00")], "2019-06-21", since="2019-05-11") == text("""
        2019-05-11 overdue: principal 50000.00
        2019-05-20 repaid: contract 329.86, overdue principal 50000.00, credit 90.14
        2019-06-21 line from 2019-05-10: 0.00 compound 0.65 penalty 98.96
        2019-06-21 credit used: charges 90.14
        overdue
    """)


def test_a_fen_less_than_the_payoff_leaves_a_fen_of_the_coming_line() -> None:
    assert page(LOAN, [paid("2019-05-20", "50429.46")], "2019-06-21", since="2019-05-20") == text("""
        2019-05-20 repaid: contract 329.86, overdue principal 50000.00, credit 99.60
        2019-06-21 line from 2019-05-10: 0.00 compound 0.65 penalty 98.96
        2019-06-21 credit used: charges 99.60
        overdue
    """)


def test_a_closed_loan_has_no_more_days() -> None:
    ended = page(LOAN, [paid("2019-05-10", "50329.86")], "2022-12-31").splitlines()
    assert ended[1:] == ["2019-05-10 repaid: contract 329.86, principal 50000.00", "closed"]


@pytest.mark.parametrize(
    "case, facts",
    [
        ("before the first line", [paid("2016-05-20", "300.00")]),
        ("on the day of disbursement", [paid("2016-05-10", "300.00")]),
    ],
)
def test_what_comes_before_the_first_line_waits_for_it(case: str, facts: list[Fact]) -> None:
    loan = contract("2016-05-10", "2019-05-10")
    assert page(loan, facts, "2016-06-21", since="2016-06-21") == text("""
        2016-06-21 line from 2016-05-10: 277.08
        2016-06-21 credit used: contract 277.08
        active
    """)
