"""Tests of the recording, approval, payout and reversal of a loan on both engines; a refusal writes nothing."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger import chart
from ledger.activity import loan_history
from ledger.balances import Clocks, loan_balance
from ledger.errors import NotFound, Refusal, SamePerson, WrongStatus
from ledger.money import yuan
from ledger.operations.lending import loans
from ledger.operations.lending.workflow import LOAN
from ledger.operations.registry import reference
from ledger.statuses import LoanStatus, LoanStep
from ledger.tables.borrowers import Member
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit
from tests.support.county_desk import (
    TODAY,
    approved_loan,
    at_desk,
    card,
    disbursed_loan,
    household,
    request,
    row_counts,
)


@pytest.fixture
def home(engine: Engine) -> int:
    """Return the id of a registered household."""
    with at_desk(engine, "poverty") as unit:
        return household(unit)


def test_an_officer_records_a_checker_approves_an_officer_pays_out(engine: Engine, home: int) -> None:
    with at_desk(engine) as unit:
        taken = loans.record(unit, request(household_id=home))
        assert taken.status == "submitted"
    with at_desk(engine, "checker") as unit:
        assert loans.approve(unit, taken.id).status == "approved"
    with at_desk(engine) as unit:
        assert loans.disburse(unit, taken.id, date(2016, 5, 10)).status == "active"
    with at_desk(engine) as unit:
        assert loan_balance(unit.connection, taken.id)[chart.LOAN_PRINCIPAL] == 5_000_000
        steps = unit.session.execute(select(StatusChange).order_by(StatusChange.id)).scalars()
        assert [(step.from_status, step.to_status, step.by, step.on.isoformat()) for step in steps] == [
            ("", "submitted", "officer", "2016-06-01"),
            ("submitted", "approved", "checker", "2016-06-01"),
            ("approved", "active", "officer", "2016-05-10"),
        ]


@pytest.mark.parametrize(
    "case, disbursed_on, months, due_on, rolled_on, first_step",
    [
        ("a working day", "2016-05-10", 36, "2019-05-10", "2019-05-10", "2016-06-21"),
        ("the month's last day", "2016-05-31", 37, "2019-06-30", "2019-07-01", "2016-06-21"),
        ("a leap day", "2016-02-29", 36, "2019-02-28", "2019-02-28", "2016-03-21"),
        ("due in the national holiday", "2016-10-01", 36, "2019-10-01", "2019-10-08", "2016-12-21"),
        ("paid out on the 20th", "2016-06-20", 36, "2019-06-20", "2019-06-20", "2016-06-21"),
        ("paid out on the 21st", "2016-06-21", 36, "2019-06-21", "2019-06-21", "2016-09-21"),
    ],
)
def test_a_payout_fixes_the_days_of_the_loan(
    case: str, disbursed_on: str, months: int, due_on: str, rolled_on: str, first_step: str, engine: Engine, home: int
) -> None:
    asked = request(household_id=home, signed_on=date(2016, 2, 29), term_months=months)
    loan_id = approved_loan(engine, asked)
    with at_desk(engine, today=date(2016, 12, 1)) as unit:
        loans.disburse(unit, loan_id, date.fromisoformat(disbursed_on))
    with at_desk(engine) as unit:
        loan = unit.session.get_one(Loan, loan_id)
        days = (loan.due_on, loan.original_due_on, loan.rolled_on, loan.next_step_on, loan.billed_to)
        assert [str(day) for day in days] == [due_on, due_on, rolled_on, first_step, disbursed_on]
        assert str(loan.first_disbursed_on) == disbursed_on


REFUSED: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("above the cap", {"principal": yuan("51000.00")}, "over_household_cap", "51000.00"),
    ("not the benchmark", {"annual_rate": Decimal("0.05")}, "rate_not_benchmark", "0.05"),
    ("a term too short", {"term_months": 35}, "term_out_of_range", "35"),
    ("a term too long", {"term_months": 61}, "term_out_of_range", "61"),
    ("outside the scheme's days", {"signed_on": date(2015, 12, 31)}, "scheme_not_in_force", "2015-12-31"),
    ("signed tomorrow", {"signed_on": date(2016, 6, 2)}, "future_date", "2016-06-02"),
    ("a security unknown to the scheme", {"security": "pledge"}, "security_not_allowed", "pledge"),
    ("another county than the household's", {"county": "360732"}, "county_mismatch", "360732"),
    ("nobody of the household", {"borrower_id_card": card("1970-01-01")}, "borrower_not_member", "None"),
    ("no borrower at all", {"household_id": None}, "borrower_unclear", "None"),
    ("two borrowers", {"organisation_id": 1}, "borrower_unclear", "None"),
    ("nothing", {"principal": yuan("0.00")}, "principal_not_positive", "0.00"),
    ("an unknown bank", {"bank": "NOBANK"}, "not_found", "None"),
    ("an unknown scheme", {"scheme": "ganzhou-1999"}, "not_found", "None"),
)


@pytest.mark.parametrize("case, changed, code, found", REFUSED)
def test_what_a_rule_forbids_is_refused_by_name_and_nothing_is_written(
    case: str, changed: dict[str, Any], code: str, found: str, engine: Engine, home: int
) -> None:
    with at_desk(engine) as unit:
        before = row_counts(unit.connection)
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.record(unit, request(**({"household_id": home} | changed)))
    assert (refused.value.code, str(refused.value.facts.get("found"))) == (code, found)
    with at_desk(engine) as unit:
        assert row_counts(unit.connection) == before


@pytest.mark.parametrize(
    "case, born_on, registered_on, code",
    [
        ("turned 18 on the signing day", "1998-05-09", "2014-05-01", None),
        ("18 tomorrow", "1998-05-10", "2014-05-01", "borrower_age"),
        ("60 until tomorrow", "1955-05-10", "2014-05-01", None),
        ("turned 61 on the signing day", "1955-05-09", "2014-05-01", "borrower_age"),
        ("registered on the first day", "1980-05-01", "2014-01-01", None),
        ("registered the day before", "1980-05-01", "2013-12-31", "registered_too_early"),
    ],
)
def test_who_may_borrow_is_asked_at_the_signing(
    case: str, born_on: str, registered_on: str, code: str | None, engine: Engine
) -> None:
    with at_desk(engine) as unit:
        home = household(unit, born_on=born_on, registered_on=registered_on)
        if code is None:
            assert loans.record(unit, request(household_id=home)).status == "submitted"
            return
        with pytest.raises(Refusal) as refused:
            loans.record(unit, request(household_id=home))
        assert refused.value.code == code


def test_age_is_asked_again_on_the_day_of_the_payout(engine: Engine) -> None:
    with at_desk(engine) as unit:
        home = household(unit, born_on="1955-05-20")
    loan_id = approved_loan(engine, request(household_id=home))
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 20))
    assert (refused.value.code, refused.value.facts["found"], refused.value.facts["limit"]) == (
        "borrower_age",
        61,
        "18–60",
    )
    with at_desk(engine) as unit:
        assert loans.disburse(unit, loan_id, date(2016, 5, 19)).status == "active"


def test_another_member_than_the_head_may_borrow(engine: Engine) -> None:
    with at_desk(engine) as unit:
        home = household(unit)
        other = unit.session.execute(
            select(Member.id_card).where(Member.household_id == home, ~Member.is_head)
        ).scalar_one()
        loan_id = loans.record(unit, request(household_id=home, borrower_id_card=other.lower())).id
        borrower = unit.session.get_one(Member, unit.session.get_one(Loan, loan_id).member_id)
        assert (borrower.id_card, borrower.is_head) == (other, False)


def test_the_maker_does_not_approve(engine: Engine, home: int) -> None:
    with at_desk(engine, "officer") as unit:
        loan_id = loans.record(unit, request(household_id=home)).id
    with pytest.raises(SamePerson), at_desk(engine, "officer") as unit:
        loans.approve(unit, loan_id)


def test_whoever_amended_a_loan_does_not_approve_it(engine: Engine, home: int) -> None:
    with at_desk(engine, "officer") as unit:
        loan_id = loans.record(unit, request(household_id=home)).id
    with at_desk(engine, "checker") as unit:
        loans.send_back(unit, loan_id, "借款用途不明")
    with at_desk(engine, "officer2") as unit:
        loans.amend(unit, loan_id, {"purpose": "油茶种植"})
    with at_desk(engine, "officer") as unit:
        loans.resubmit(unit, loan_id)
    for user in ("officer", "officer2"):
        with pytest.raises(SamePerson), at_desk(engine, user) as unit:
            loans.approve(unit, loan_id)
    with at_desk(engine, "checker") as unit:
        assert loans.approve(unit, loan_id).status == "approved"
    with pytest.raises(SamePerson), at_desk(engine, "checker") as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 10))


def test_a_returned_loan_is_amended_and_every_rule_asked_again(engine: Engine, home: int) -> None:
    with at_desk(engine) as unit:
        loan_id = loans.record(unit, request(household_id=home)).id
    with at_desk(engine, "checker") as unit:
        loans.send_back(unit, loan_id, "金额有误")
    with at_desk(engine) as unit:
        assert unit.session.get_one(Loan, loan_id).return_reason == "金额有误"
        loans.amend(unit, loan_id, {"principal": yuan("50000.01")})
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.resubmit(unit, loan_id)
    assert refused.value.code == "over_household_cap"
    with at_desk(engine) as unit:
        loans.amend(unit, loan_id, {"principal": yuan("30000.00"), "term_months": 48})
        assert loans.resubmit(unit, loan_id).status == "submitted"
        loan = unit.session.get_one(Loan, loan_id)
        assert (loan.principal_fen, loan.term_months, loan.return_reason) == (3_000_000, 48, None)


def test_a_contract_number_is_used_once_in_a_bank(engine: Engine, home: int) -> None:
    with at_desk(engine) as unit:
        loans.record(unit, request(household_id=home, contract_no="C-1", principal=yuan("10000.00")))
        with pytest.raises(Refusal) as refused:
            loans.record(unit, request(household_id=home, contract_no="C-1", principal=yuan("10000.00")))
        assert refused.value.code == "contract_no_taken"
    with at_desk(engine) as unit:
        other = request(household_id=home, contract_no="C-1", bank="ABC", principal=yuan("10000.00"))
        assert loans.record(unit, other).status == "submitted"


def test_nothing_is_paid_out_before_signing_nor_in_the_future(engine: Engine, home: int) -> None:
    loan_id = approved_loan(engine, request(household_id=home))
    for on, code in (("2016-05-08", "disbursed_before_signing"), ("2016-06-02", "future_date")):
        with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
            loans.disburse(unit, loan_id, date.fromisoformat(on))
        assert refused.value.code == code


def test_a_removed_bank_takes_no_new_loan_and_pays_none_out(engine: Engine, home: int) -> None:
    loan_id = approved_loan(engine, request(household_id=home, principal=yuan("20000.00")))
    with at_desk(engine, "city") as unit:
        reference.set_bank_status(unit, "GZRCB", "eliminated", date(2016, 5, 15))
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 15))
    assert (refused.value.code, refused.value.facts["limit"]) == ("bank_eliminated", "2016-05-15")
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.record(unit, request(household_id=home, signed_on=date(2016, 5, 20), principal=yuan("10000.00")))
    assert refused.value.code == "bank_eliminated"
    with at_desk(engine) as unit:
        assert loans.disburse(unit, loan_id, date(2016, 5, 14)).status == "active"


def test_missing_endorsements_are_told_at_the_approval(engine: Engine, home: int) -> None:
    with at_desk(engine) as unit:
        loan_id = loans.record(unit, request(household_id=home, endorsements=("township",))).id
    with at_desk(engine, "checker") as unit:
        warned = {warning.code: warning.facts for warning in loans.approve(unit, loan_id).warnings}
    assert warned["endorsements_missing"]["missing"] == ["village_committee", "work_team"]


def test_a_disbursement_with_nothing_after_it_is_undone_and_may_be_made_anew(engine: Engine, home: int) -> None:
    loan_id = disbursed_loan(engine, request(household_id=home))
    with at_desk(engine) as unit:
        event_id = _disbursement(unit.session, loan_id)
    with at_desk(engine, "checker") as unit:
        loans.undo_disbursement(unit, event_id, "放款日期有误", "officer", "checker")
    with at_desk(engine) as unit:
        assert chart.LOAN_PRINCIPAL not in loan_balance(unit.connection, loan_id)
        assert unit.session.get_one(Loan, loan_id).next_step_on is None
        assert loans.disburse(unit, loan_id, date(2016, 5, 11)).status == "active"
        assert loan_balance(unit.connection, loan_id)[chart.LOAN_PRINCIPAL] == 5_000_000


def _disbursement(session: Session, loan_id: int) -> int:
    happened = loan_history(session.connection(), loan_id, Clocks(TODAY))
    return next(row.event_id for row in happened if row.kind == "LoanDisbursed")


@pytest.mark.parametrize("status", LoanStatus)
def test_a_step_from_a_wrong_status_is_refused_whatever_the_status(status: str, engine: Engine, home: int) -> None:
    loan_id = disbursed_loan(engine, request(household_id=home, principal=yuan("1000.00")))
    with at_desk(engine) as unit:
        event_id = _disbursement(unit.session, loan_id)
        unit.session.get_one(Loan, loan_id).status = status
    acts: dict[str, Callable[[Unit], object]] = {
        "return": lambda unit: loans.send_back(unit, loan_id, "x"),
        "amend": lambda unit: loans.amend(unit, loan_id, {"purpose": "x"}),
        "resubmit": lambda unit: loans.resubmit(unit, loan_id),
        "approve": lambda unit: loans.approve(unit, loan_id),
        "disburse": lambda unit: loans.disburse(unit, loan_id, date(2016, 5, 10)),
        "undo_disbursement": lambda unit: loans.undo_disbursement(unit, event_id, "x", "a", "b"),
    }
    assert acts.keys() == LOAN.steps.keys()
    for step, act in acts.items():
        if status in LOAN.steps[LoanStep(step)].allowed:
            continue
        with pytest.raises(WrongStatus) as refused, at_desk(engine, "somebody") as unit:
            act(unit)
        assert refused.value.facts["status"] == status, step


def test_an_unknown_loan_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound), at_desk(engine) as unit:
        loans.approve(unit, 1)
