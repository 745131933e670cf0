"""Tests that a loan's figures come only from the books, with as many queries for many loans as for one loan."""

from datetime import date

import pytest
from sqlalchemy import Engine, event

from ledger.money import of_fen, yuan
from ledger.operations.approvals import requests
from ledger.operations.lending import loans
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.repayments import Received
from ledger.queries.repayments import repayments_of
from ledger.reports.lending.loans import LoanFilters, LoanShown, chosen, shown
from ledger.reports.lending.statements import lines_of
from ledger.tables.loans import Loan
from tests.support.county_desk import at_desk, disbursed_loan, household, request

LATER = date(2016, 10, 10)


@pytest.fixture
def loan(engine: Engine) -> int:
    """Return a loan of 50,000.00 yuan that was paid out on 2016-05-10.

    The loan's interest bills are posted up to and including 2016-10-10.
    """
    with at_desk(engine) as unit:
        home = household(unit)
    loan_id = disbursed_loan(engine, request(household_id=home))
    with at_desk(engine, today=LATER) as unit:
        run.run_to(unit, [loan_id], LATER)
    return loan_id


def figures(engine: Engine, loan_id: int, today: date = LATER) -> LoanShown:
    with at_desk(engine, today=today) as unit:
        return shown(unit.session, [unit.session.get_one(Loan, loan_id)], today)[0]


def pay(engine: Engine, loan_id: int, amount: str, on: date, receipt: str) -> int:
    with at_desk(engine, today=LATER) as unit:
        return repayments.repay(unit, Received(loan_id, yuan(amount), on, "cash", receipt)).event_id


def test_open_lines_are_open_interest_and_the_next_settlement_is_named(engine: Engine, loan: int) -> None:
    found = figures(engine, loan)
    assert (found.principal_open, found.paid_interest, found.credit) == (5_000_000, 0, 0)
    assert (found.interest_open, found.penalty_open) == (27_708 + 60_694, 336)
    assert (found.next_settlement_on, found.days_overdue, found.pending) == (date(2016, 12, 21), 0, ())


def test_the_grade_goes_by_the_oldest_line_unpaid(engine: Engine, loan: int) -> None:
    assert figures(engine, loan).grade == "substandard"  # Interest has been unpaid for 111 days since 2016-06-21.
    assert figures(engine, loan, date(2016, 9, 19)).grade == "special_mention"  # Interest has been unpaid for 90 days.
    pay(engine, loan, "277.08", LATER, "S-1")
    assert figures(engine, loan).grade == "special_mention"  # Interest has been unpaid for 19 days since 2016-09-21.


def test_a_line_says_when_its_contract_interest_was_paid_in_full_and_unsays_it(engine: Engine, loan: int) -> None:
    pay(engine, loan, "100.00", date(2016, 6, 25), "S-1")
    second = pay(engine, loan, "200.00", date(2016, 7, 1), "S-2")
    with at_desk(engine) as unit:
        first = lines_of(unit.session, loan)[0]
        assert (first.contract_paid, first.contract_paid_on, first.paid) == (27_708, date(2016, 7, 1), 27_708)
        assert first.id == f"{loan}-20160510"
    with at_desk(engine, today=LATER) as unit:
        asked = requests.ask(unit, "reversal", {"event_id": str(second)}, loan_id=loan, reason="退票")
    with at_desk(engine, "checker", LATER) as unit:
        requests.approve(unit, asked.id)
    with at_desk(engine) as unit:
        again = lines_of(unit.session, loan)[0]
        assert (again.id, again.contract_paid, again.contract_paid_on) == (first.id, 10_000, None)
        assert [(row.receipt_no, row.live) for row in repayments_of(unit.session, loan)] == [
            ("S-1", True),
            ("S-2", False),
        ]
    assert figures(engine, loan).paid_interest == 10_000


def test_what_a_repayment_paid_adds_up_to_it(engine: Engine, loan: int) -> None:
    pay(engine, loan, "1000.00", LATER, "S-1")
    with at_desk(engine) as unit:
        (row,) = repayments_of(unit.session, loan)
    assert of_fen(sum(row.applied.values())) == yuan("1000.00")
    assert (row.applied["contract_interest"], row.applied["credit"]) == (88_402, 100_000 - 88_402 - 336)


@pytest.mark.parametrize(
    ("case", "amount", "on"),
    [
        ("interest and credit", "1000.00", LATER),
        ("back-dated before a bill", "100.00", date(2016, 9, 1)),
        ("pay-off", "60000.00", LATER),
    ],
)
def test_the_answer_to_a_repayment_is_its_row_in_the_list(
    engine: Engine, loan: int, case: str, amount: str, on: date
) -> None:
    pay(engine, loan, "50.00", date(2016, 9, 21), "S-1")
    with at_desk(engine, today=LATER) as unit:
        answer = repayments.repay(unit, Received(loan, yuan(amount), on, "cash", "S-2", date(2016, 8, 1)))
    with at_desk(engine, today=LATER) as unit:
        assert [row for row in repayments_of(unit.session, loan) if row.receipt_no == "S-2"] == [answer]


def test_a_page_costs_the_same_queries_for_one_loan_or_many(engine: Engine) -> None:
    with at_desk(engine) as unit:
        for _ in range(12):
            loans.record(unit, request(household_id=household(unit), principal=yuan("1000.00")))
    counts = []
    for limit in (1, 1, 12):  # The first request also reads the calendar, which is read only once per database.
        with at_desk(engine) as unit:
            rows = unit.session.execute(chosen(LoanFilters(), LATER).limit(limit)).scalars().all()
            said: list[str] = []
            event.listen(unit.connection, "before_cursor_execute", lambda *args, said=said: said.append(args[2]))
            assert len(shown(unit.session, rows, LATER)) == limit
            counts.append(len(said))
    assert counts[1] == counts[2] <= 10
