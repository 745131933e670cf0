"""Tests that a reversal or an adjustment needs a request by one person and a decision by another person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from ledger import chart
from ledger.activity import loan_history
from ledger.balances import Clocks, balance, loan_balance
from ledger.errors import NotFound, Refusal, SamePerson, WrongStatus
from ledger.money import yuan
from ledger.operations import job_runs
from ledger.operations.approvals import requests
from ledger.operations.approvals.requests import Asked
from ledger.operations.books import periods
from ledger.operations.job_runs import Scope
from ledger.operations.servicing import repayments
from ledger.operations.servicing.repayments import Received
from ledger.reports.approvals import requests as reports
from ledger.tables.journal import events
from ledger.tables.loans import Approval, Loan
from tests.support.county_desk import COUNTY, TODAY, at_desk, disbursed_loan, household, request, row_counts


@pytest.fixture
def loan(engine: Engine) -> int:
    """Return the id of a loan of 50,000 yuan paid out on 2016-05-10."""
    with at_desk(engine) as unit:
        home = household(unit)
    return disbursed_loan(engine, request(household_id=home))


def event_of(engine: Engine, loan_id: int, kind: str) -> int:
    """Return the id of the loan's first event of a given kind."""
    with at_desk(engine) as unit:
        happened = loan_history(unit.connection, loan_id, Clocks(TODAY))
        return next(row.event_id for row in happened if row.kind == kind)


def ask_reversal(engine: Engine, event_id: int, loan_id: int, user: str = "officer") -> Asked:
    with at_desk(engine, user) as unit:
        payload = {"event_id": str(event_id)}
        return requests.ask(unit, "reversal", payload, loan_id=loan_id, reason="登记有误")


def decide(engine: Engine, asked: Asked, user: str = "checker") -> Asked:
    with at_desk(engine, user) as unit:
        return requests.approve(unit, asked.id)


def adjustment(**fields: Any) -> dict[str, Any]:
    """Return a valid adjustment of a bank's loan book, with some fields replaced."""
    payload: dict[str, Any] = {
        "book": "LOAN-GZRCB",
        "county": COUNTY,
        "bank": "GZRCB",
        "on": date(2016, 5, 31),
        "document": "调整单 1",
        "rows": [{"debit": "1003", "credit": "6011", "amount": yuan("12.34")}],
    }
    return payload | fields


def test_a_disbursement_is_reversed_when_another_person_approves(engine: Engine, loan: int) -> None:
    event_id = event_of(engine, loan, "LoanDisbursed")
    asked = ask_reversal(engine, event_id, loan)
    assert asked.status == "pending"
    with pytest.raises(SamePerson):
        decide(engine, asked, "officer")
    assert decide(engine, asked).status == "approved"
    with at_desk(engine) as unit:
        assert unit.session.get_one(Loan, loan).status == "approved"
        assert chart.LOAN_PRINCIPAL not in loan_balance(unit.connection, loan)
        red = loan_history(unit.connection, loan, Clocks(TODAY))[-1]
        assert (red.reverses_id, red.made_by, red.checked_by) == (event_id, "officer", "checker")
        assert red.reason == "登记有误"


def test_a_disbursement_something_rests_on_is_not_even_asked_for(engine: Engine, loan: int) -> None:
    event_id = event_of(engine, loan, "LoanDisbursed")
    with at_desk(engine) as unit:
        repayments.repay(unit, Received(loan, yuan("100.00"), date(2016, 5, 20), "cash", "S-1"))
    with pytest.raises(Refusal) as refused:
        ask_reversal(engine, event_id, loan)
    assert (refused.value.code, refused.value.facts["event"]) == ("rests_on_it", "RepaymentReceived")


def test_what_came_after_the_asking_is_seen_at_the_approval_which_then_still_waits(engine: Engine, loan: int) -> None:
    asked = ask_reversal(engine, event_of(engine, loan, "LoanDisbursed"), loan)
    with at_desk(engine) as unit:
        repayments.repay(unit, Received(loan, yuan("100.00"), date(2016, 5, 20), "cash", "S-1"))
    with at_desk(engine) as unit:
        before = row_counts(unit.connection)
    with pytest.raises(Refusal, match="rests_on_it"):
        decide(engine, asked)
    with at_desk(engine) as unit:
        assert row_counts(unit.connection) == before
        assert unit.session.get_one(Approval, asked.id).status == "pending"


def test_a_repayment_is_reversed_and_the_loan_owes_again(engine: Engine, loan: int) -> None:
    with at_desk(engine) as unit:
        repayments.repay(unit, Received(loan, yuan("20000.00"), date(2016, 5, 20), "cash", "S-1", surplus="principal"))
        assert loan_balance(unit.connection, loan)[chart.LOAN_PRINCIPAL] == 3_000_000
    decide(engine, ask_reversal(engine, event_of(engine, loan, "RepaymentReceived"), loan))
    with at_desk(engine) as unit:
        assert loan_balance(unit.connection, loan)[chart.LOAN_PRINCIPAL] == 5_000_000


def test_an_event_is_reversed_once(engine: Engine, loan: int) -> None:
    event_id = event_of(engine, loan, "LoanDisbursed")
    asked = ask_reversal(engine, event_id, loan)
    with pytest.raises(Refusal) as refused:
        ask_reversal(engine, event_id, loan, "officer2")
    assert refused.value.code == "already_pending"
    decide(engine, asked)
    with pytest.raises(Refusal) as refused:
        ask_reversal(engine, event_id, loan)
    assert refused.value.code == "already_reversed"


def test_a_reversal_is_not_reversed_but_names_what_to_use(engine: Engine, loan: int) -> None:
    decide(engine, ask_reversal(engine, event_of(engine, loan, "LoanDisbursed"), loan))
    with pytest.raises(Refusal) as refused:
        ask_reversal(engine, event_of(engine, loan, "EventReversed"), loan)
    assert (refused.value.code, refused.value.facts["event"]) == ("not_reversible", "EventReversed")


def test_a_reversal_in_a_closed_month_is_dated_on_the_first_open_day(engine: Engine) -> None:
    with at_desk(engine) as unit:
        asked = requests.ask(
            unit, "adjustment", adjustment(on=date(2016, 4, 30)), county=COUNTY, bank="GZRCB", reason="更正科目"
        )
    decide(engine, asked)
    with at_desk(engine) as unit:
        job_runs.end(unit, job_runs.begin(unit, "daily", date(2016, 4, 30), Scope(), 0, "cron", asked=True), "done")
        periods.close_month(unit, "LOAN-GZRCB", "2016-04")
        event_id = _adjustment_event(unit.session)
    with at_desk(engine) as unit:
        asked = requests.ask(
            unit, "reversal", {"event_id": str(event_id)}, county=COUNTY, bank="GZRCB", reason="更正有误"
        )
    decide(engine, asked)
    with at_desk(engine) as unit:
        assert _turnover(unit.connection, date(2016, 4, 30)) == 1234
        assert _turnover(unit.connection, date(2016, 5, 1)) == 0


def _adjustment_event(session: Session) -> int:
    found: int = session.execute(select(events.c.id).where(events.c.kind == "ManualAdjustment")).scalar_one()
    return found


def _turnover(connection: Connection, as_of: date) -> int:
    return balance(connection, chart.INTEREST_INCOME, "LOAN-GZRCB", Clocks(as_of))


def test_an_adjustment_is_booked_with_its_people_reason_and_document(engine: Engine, loan: int) -> None:
    rows = [{"debit": "113201", "credit": "6011", "amount": yuan("5.00")}]
    with at_desk(engine) as unit:
        asked = requests.ask(
            unit, "adjustment", adjustment(rows=rows), county=COUNTY, bank="GZRCB", loan_id=loan, reason="补记利息"
        )
        assert chart.INTEREST_RECEIVABLE not in loan_balance(unit.connection, loan)
    decide(engine, asked)
    with at_desk(engine) as unit:
        assert loan_balance(unit.connection, loan)[chart.INTEREST_RECEIVABLE] == 500
        booked = loan_history(unit.connection, loan, Clocks(TODAY))[-1]
        assert (booked.kind, booked.made_by, booked.checked_by, booked.document, booked.reason) == (
            "ManualAdjustment",
            "officer",
            "checker",
            "调整单 1",
            "补记利息",
        )


@pytest.mark.parametrize(
    "case, told, code",
    [
        (
            "an account of another book",
            {"rows": [{"debit": "1001", "credit": "6011", "amount": yuan("1.00")}]},
            "adjustment_unfit",
        ),
        (
            "one account on both sides",
            {"rows": [{"debit": "6011", "credit": "6011", "amount": yuan("1.00")}]},
            "adjustment_unfit",
        ),
        ("nothing", {"rows": [{"debit": "1003", "credit": "6011", "amount": yuan("0.00")}]}, "adjustment_unfit"),
        (
            "less than nothing",
            {"rows": [{"debit": "1003", "credit": "6011", "amount": yuan("-1.00")}]},
            "adjustment_unfit",
        ),
        (
            "a loan's account without a loan",
            {"rows": [{"debit": "113201", "credit": "6011", "amount": yuan("1.00")}]},
            "adjustment_unfit",
        ),
        ("no row", {"rows": []}, "adjustment_unfit"),
        ("tomorrow", {"on": date(2016, 6, 2)}, "future_date"),
        ("a book that is not the bank's", {"book": "LOAN-ABC"}, "not_found"),
        ("a book that is none", {"book": "CASH-GZRCB"}, "not_found"),
        ("an unknown county", {"county": "999999"}, "not_found"),
    ],
)
def test_an_adjustment_that_does_not_stand_is_refused_at_once(
    case: str, told: dict[str, Any], code: str, engine: Engine
) -> None:
    with at_desk(engine) as unit:
        before = row_counts(unit.connection)
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        requests.ask(unit, "adjustment", adjustment(**told), county=COUNTY, bank="GZRCB", reason="x")
    assert refused.value.code == code
    with at_desk(engine) as unit:
        assert row_counts(unit.connection) == before


def test_a_fund_book_is_adjusted_by_the_finance_bureau_and_never_overdrawn(engine: Engine) -> None:
    told = adjustment(book=f"FUND-{COUNTY}", rows=[{"debit": "3001", "credit": "1001", "amount": yuan("1.00")}])
    with at_desk(engine, "finance") as unit:
        asked = requests.ask(unit, "adjustment", told, county=COUNTY, bank="GZRCB", reason="x")
        assert unit.session.get_one(Approval, asked.id).role == "finance_checker"
    with pytest.raises(Refusal, match="fund_overdrawn"):
        decide(engine, asked, "finance2")


def test_each_sees_what_waits_for_their_role_and_was_asked_by_others(engine: Engine) -> None:
    with at_desk(engine) as unit:
        asked = requests.ask(unit, "adjustment", adjustment(), county=COUNTY, bank="GZRCB", reason="x")
    with at_desk(engine) as unit:
        for user, role, seen in (
            ("checker", "bank_checker", [asked.id]),
            ("officer", "bank_checker", []),
            ("finance2", "finance_checker", []),
            ("officer2", "bank_officer", []),
        ):
            query = reports.waiting_for(reports.chosen(), user, role)
            assert [row.id for row in unit.session.execute(query).scalars()] == seen, (user, role)
        shown = reports.shown(unit.session, [unit.session.get_one(Approval, asked.id)])[0]
        assert shown.payload["rows"] == [{"amount": "12.34", "credit": "6011", "debit": "1003"}]


def test_what_is_decided_is_not_decided_again(engine: Engine) -> None:
    with at_desk(engine) as unit:
        asked = requests.ask(unit, "adjustment", adjustment(), county=COUNTY, bank="GZRCB", reason="x")
    with pytest.raises(SamePerson), at_desk(engine) as unit:
        requests.refuse(unit, asked.id, "x")
    with at_desk(engine, "checker") as unit:
        assert requests.refuse(unit, asked.id, "单据不齐").status == "refused"
    for act in (requests.approve, lambda unit, asked_id: requests.refuse(unit, asked_id, "x")):
        with pytest.raises(WrongStatus) as refused, at_desk(engine, "checker2") as unit:
            act(unit, asked.id)
        assert refused.value.facts["status"] == "refused"
    with pytest.raises(NotFound), at_desk(engine, "checker") as unit:
        requests.approve(unit, 1)


def test_checkers_racing_put_it_in_force_once(engine: Engine, loan: int) -> None:
    asked = ask_reversal(engine, event_of(engine, loan, "LoanDisbursed"), loan)
    together = Barrier(5)

    def approve(number: int) -> str:
        together.wait()
        try:
            return decide(engine, asked, f"checker{number}").status
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(approve, range(5))) == ["approved"] + ["wrong_status"] * 4
