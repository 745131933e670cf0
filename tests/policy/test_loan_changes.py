"""Tests of changes that two people decide after payout.

The tested changes are extension, misuse, waiver, refund, insurance, write-off and renewal.
"""

from datetime import date
from fractions import Fraction

import pytest

from ledger.errors import Refusal
from ledger.policy import loan_changes
from ledger.policy.transaction_rules import apply
from tests.oracle.facts import (
    Extended,
    Fact,
    Insured,
    Misused,
    Refunded,
    Renewed,
    Waived,
    WrittenOff,
)
from tests.policy.pages import contract, fen, page, paid, text
from tests.support.loan_states import transaction_for, walk

LOAN = contract("2018-06-21", "2019-05-10")
OVERDUE = contract("2019-03-21", "2019-05-10")
JUNE = date(2019, 6, 21)


def refusal(facts: list[Fact], on: date) -> tuple[str, object]:
    with pytest.raises(Refusal) as refused:
        walk(OVERDUE, facts, on)
    return refused.value.code, refused.value.facts.get("limit")


# Extension 展期.


def test_an_extension_moves_the_due_date_and_its_line_and_nothing_is_overdue_on_the_old_one() -> None:
    longer = Extended(date(2019, 5, 9), 6, date(2019, 11, 10), date(2019, 11, 11), Fraction(490, 10_000))
    assert page(OVERDUE, [longer, paid("2019-06-21", "615.00")], "2019-11-12") == text("""
        2019-05-09 extended
        2019-06-21 line from 2019-03-21: 615.69
        2019-06-21 repaid: contract 615.00
        2019-09-21 line from 2019-06-21: 626.11 compound 0.01
        2019-11-11 line from 2019-09-21: 347.08 compound 4.35
        2019-11-12 overdue: principal 50000.00
        overdue
    """)


# Waiver 减免.


@pytest.mark.parametrize(
    "case, asked, waived, left",
    [
        ("all of it", "0.00", "418.37", "0.00"),
        ("all of it, in figures", "418.37", "418.37", "0.00"),
        ("a part: compound first, as it is paid", "2.74", "2.74", "415.63"),
        ("a part", "100.00", "100.00", "318.37"),
    ],
)
def test_penalty_and_compound_are_let_off(case: str, asked: str, waived: str, left: str) -> None:
    told = page(OVERDUE, [Waived(JUNE, fen(asked))], "2019-06-21", since="2019-06-21").splitlines()
    line = "2019-06-21 line from 2019-05-10: 0.00 compound 2.74 penalty 415.63"
    assert told == [line, f"2019-06-21 waived {waived}", "overdue"]
    state = walk(OVERDUE, [Waived(JUNE, fen(asked))], JUNE).state
    assert sum(line.compound + line.penalty for line in state.interest_bills) == fen(left)


@pytest.mark.parametrize(
    "case, on, asked, limit",
    [
        ("a fen more than is open", JUNE, "418.38", "418.37"),
        ("nothing is open yet", date(2019, 5, 20), "0.00", "0.00"),
    ],
)
def test_no_more_is_let_off_than_is_open(case: str, on: date, asked: str, limit: str) -> None:
    assert refusal([Waived(on, fen(asked))], on) == ("exceeds_open_amount", limit)


def test_the_waiver_of_the_last_open_fen_closes_the_loan() -> None:
    late = paid("2019-05-11", "50329.86")
    assert page(OVERDUE, [late, Waived(JUNE)], "2019-06-21", since="2019-05-11") == text("""
        2019-05-11 overdue: principal 50000.00
        2019-05-11 repaid: contract 329.86, overdue principal 50000.00
        2019-06-21 line from 2019-05-10: 0.00 compound 0.07 penalty 9.90
        2019-06-21 waived 9.97
        closed
    """)


# Refund 退还.


@pytest.mark.parametrize(
    "case, amount, refused",
    [
        ("all of it", "700.00", False),
        ("a part", "0.01", False),
        ("a fen more", "700.01", True),
    ],
)
def test_credit_is_handed_back_as_far_as_there_is_any(case: str, amount: str, refused: bool) -> None:
    facts = [paid("2018-07-01", "700.00"), Refunded(date(2018, 7, 1), fen(amount))]
    if refused:
        with pytest.raises(loan_changes.NotThatMuch):
            walk(LOAN, facts, date(2018, 7, 1))
    else:
        assert walk(LOAN, facts, date(2018, 7, 1)).state.credit == fen("700.00") - fen(amount)


# Insurance 保险赔付.


@pytest.mark.parametrize(
    "case, on, amount, told",
    [
        ("before the due date", "2019-04-01", "20000.00", "insured: principal 20000.00"),
        ("when overdue", "2019-05-20", "20000.00", "insured: overdue principal 20000.00"),
        ("the insurer refuses", "2019-05-20", "0.00", "insured"),
    ],
)
def test_insurance_lowers_the_principal_wherever_it_lies(case: str, on: str, amount: str, told: str) -> None:
    day = date.fromisoformat(on)
    assert f"{on} {told}" in page(OVERDUE, [Insured(day, fen(amount))], on).splitlines()


def test_insurance_pays_no_more_than_the_principal() -> None:
    assert refusal([Insured(JUNE, fen("50000.01"))], JUNE) == ("exceeds_open_amount", "50000.00")


def test_credit_larger_than_the_rest_closes_the_loan_with_the_next_line() -> None:
    facts = [paid("2018-07-01", "700.00"), Insured(date(2018, 7, 11), fen("50000.00"))]
    assert page(LOAN, facts, "2018-09-21") == text("""
        2018-07-01 repaid: credit 700.00
        2018-07-11 insured: principal 50000.00
        2018-09-21 line from 2018-06-21: 131.94
        2018-09-21 credit used: contract 131.94
        closed
    """)


# Write-off 核销.


def test_a_write_off_bills_to_the_day_waives_the_penalty_and_loses_principal_and_contract_interest() -> None:
    day = date(2019, 8, 1)
    assert page(OVERDUE, [WrittenOff(day)], "2019-12-31", since="2019-06-21") == text("""
        2019-06-21 line from 2019-05-10: 0.00 compound 2.74 penalty 415.63
        2019-08-01 line from 2019-06-21 (write_off): 0.00 compound 2.68 penalty 405.73
        2019-08-01 waived 826.78
        2019-08-01 written off: contract 329.86, overdue principal 50000.00
        written_off
    """)


def test_a_write_off_uses_what_the_borrower_left_before_anything_is_lost() -> None:
    facts = [paid("2018-07-01", "700.00"), WrittenOff(date(2018, 7, 11))]
    assert page(LOAN, facts, "2018-12-31") == text("""
        2018-07-01 repaid: credit 700.00
        2018-07-11 line from 2018-06-21 (write_off): 131.94
        2018-07-11 credit used: contract 131.94, principal 568.06
        2018-07-11 written off: principal 49431.94
        written_off
    """)


@pytest.mark.parametrize(
    "case, amounts, told",
    [
        ("a part", ["20000.00"], ["loss 20000.00"]),
        ("all that was lost", ["50329.86"], ["loss 50329.86"]),
        ("more than was lost is income", ["50400.00"], ["loss 50329.86, income 70.14"]),
        ("in parts", ["50000.00", "400.00", "5.00"], ["loss 50000.00", "loss 329.86, income 70.14", "income 5.00"]),
    ],
)
def test_what_comes_in_after_a_write_off(case: str, amounts: list[str], told: list[str]) -> None:
    later = [paid(f"2019-09-0{n}", amount) for n, amount in enumerate(amounts, 1)]
    rows = page(OVERDUE, [WrittenOff(date(2019, 8, 1)), *later], "2019-12-31", since="2019-09-01").splitlines()
    assert rows == [*(f"2019-09-0{n} repaid: {what}" for n, what in enumerate(told, 1)), "written_off"]


def test_where_only_penalty_is_open_there_is_nothing_to_write_off() -> None:
    late = paid("2019-05-11", "50329.86")
    assert refusal([late, WrittenOff(date(2019, 7, 1))], date(2019, 7, 1)) == ("nothing_open", None)


# Renewal 续贷.


def test_a_renewal_needs_the_interest_paid_to_its_day() -> None:
    day = date(2019, 4, 30)
    assert refusal([Renewed(day)], day)[0] == "interest_unpaid"
    assert page(OVERDUE, [paid("2019-04-30", "263.89"), Renewed(day)], "2019-12-31") == text("""
        2019-04-30 repaid: credit 263.89
        2019-04-30 line from 2019-03-21 (renewal): 263.89
        2019-04-30 credit used: contract 263.89
        2019-04-30 renewed: principal 50000.00
        closed
    """)


def test_a_fen_too_little_for_a_renewal() -> None:
    day = date(2019, 4, 30)
    assert refusal([paid("2019-04-30", "263.88"), Renewed(day)], day)[0] == "interest_unpaid"


def test_what_a_renewal_leaves_of_the_credit_is_refunded() -> None:
    day = date(2019, 4, 30)
    facts = [paid("2019-04-30", "300.00"), Renewed(day), Refunded(day, fen("36.11"))]
    assert page(OVERDUE, facts, "2019-04-30").splitlines()[-2:] == ["2019-04-30 refunded 36.11", "closed"]


def test_an_overdue_loan_is_renewed_from_its_overdue_principal() -> None:
    # The renewal is dated on a settlement day. On any other day a renewal would first bill a penalty, which would then
    # be unpaid.
    facts = [paid("2019-06-21", "748.23"), Renewed(JUNE)]
    assert page(OVERDUE, facts, "2019-06-21", since="2019-06-21") == text("""
        2019-06-21 line from 2019-05-10: 0.00 compound 2.74 penalty 415.63
        2019-06-21 repaid: contract 329.86, charges 418.37
        2019-06-21 renewed: overdue principal 50000.00
        closed
    """)


# Each kind of loan change is allowed only in certain statuses of a loan.

STATUSES = ("active", "overdue", "compensated", "written_off", "closed")
KINDS: dict[str, Fact] = {
    "extension": Extended(JUNE, 6, date(2019, 11, 10), date(2019, 11, 11), Fraction(1, 20)),
    "renewal": Renewed(JUNE),
    "misuse": Misused(JUNE),
    "write_off": WrittenOff(JUNE),
    "waiver": Waived(JUNE),
    "insurance": Insured(JUNE, 0),
}
POSSIBLE = {
    "extension": {"active"},
    "renewal": {"active", "overdue"},
    "misuse": {"active", "overdue"},
    "write_off": {"active", "overdue", "compensated"},
    "waiver": {"active", "overdue", "compensated"},
    "insurance": {"active", "overdue"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_decision_is_possible_in_its_statuses_only(kind: str, status: str) -> None:
    state = walk(OVERDUE, [], JUNE).state
    state.status = status
    refused = None
    try:
        list(apply(state, transaction_for(OVERDUE, KINDS[kind])))
    except Refusal as refusal:
        refused = refusal.code
    if status in POSSIBLE[kind]:
        assert refused != "wrong_status"
    else:
        assert refused == "wrong_status"


def test_every_kind_of_decision_is_in_the_table() -> None:
    assert {kind: set(allowed) for kind, allowed in loan_changes.ALLOWED.items()} == POSSIBLE
