"""Tests of the tables of steps (状态流转): steps from each status, excluded users, no status without a next step."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger import workflow
from ledger.errors import Refusal, SamePerson, WrongStatus
from ledger.operations.approvals.workflow import REQUEST
from ledger.operations.compensation.workflow import CLAIM
from ledger.operations.fund.workflow import PLAN, REPORT
from ledger.operations.lending.workflow import LOAN
from ledger.operations.sheets.workflow import SHEET
from ledger.operations.subsidy.workflow import BATCH
from ledger.statuses import (
    BatchStatus,
    BatchStep,
    ClaimStatus,
    ClaimStep,
    LoanStatus,
    LoanStep,
    PlanStatus,
    PlanStep,
    ReportStatus,
    ReportStep,
    RequestStatus,
    SheetStatus,
)
from tests.support.county_desk import TODAY, at_desk

WORKFLOWS = {
    "loan": LOAN,
    "sheet": SHEET,
    "claim": CLAIM,
    "batch": BATCH,
    "plan": PLAN,
    "report": REPORT,
    "request": REQUEST,
}
STEPS = [(name, step) for name, each in WORKFLOWS.items() for step in each.steps]
CASES = [(name, step, status) for name, step in STEPS for status in WORKFLOWS[name].statuses]

PAGE = """
loan     return            submitted, approved -> returned
loan     amend             returned -> returned
loan     resubmit          returned -> submitted
loan     approve           submitted -> approved; not by makers
loan     disburse          approved -> active; not by approved_by
loan     undo_disbursement active -> approved
sheet    check             trying, checking -> checked, unchanged
sheet    open              checking, booking, booked, unchanged -> booking
sheet    book              checking, booking, booked, unchanged -> checking, booking, booked, unchanged
sheet    finish            checking, booking, booked, unchanged -> booked, unchanged
sheet    fail              trying, checking, booking -> failed
sheet    approve           booked -> approved; not by made_by
sheet    reject            booked, booking -> rejected; not by made_by
claim    submit            draft, returned -> submitted; not by drafted_by
claim    review            submitted -> reviewed; not by drafted_by, submitted_by
claim    approve           reviewed -> approved; not by drafted_by, submitted_by, reviewed_by
claim    return            submitted, reviewed, approved -> returned
claim    pay               approved, partly_paid -> approved, partly_paid, paid, recovering; \
not by drafted_by, submitted_by, reviewed_by, approved_by
claim    recover           partly_paid, paid, recovering, closed -> partly_paid, paid, recovering, closed
claim    close             paid, recovering -> closed
claim    undo              partly_paid, paid, recovering, closed -> approved, partly_paid, paid, recovering
batch    draft             draft, returned -> draft, returned
batch    submit            draft, returned -> submitted; not by maker
batch    approve           submitted -> approved; not by maker, submitted_by
batch    return            submitted, approved, verified -> returned
batch    verify            approved -> verified; not by maker, submitted_by, approved_by
batch    pay               verified -> paid; not by maker, submitted_by, approved_by, verified_by
plan     approval          draft -> draft, approved, appropriated, deposited; not by made_by
plan     appropriation     draft, approved -> draft, approved, appropriated, deposited
plan     deposit           draft, approved, appropriated -> draft, approved, appropriated, deposited
plan     reversal          draft, approved, appropriated, deposited -> draft, approved, appropriated, deposited
report   submission        draft -> submitted; not by made_by
request  approve           pending -> approved; not by made_by
request  refuse            pending -> refused; not by made_by
"""

# A disbursed loan's status also changes without a user's step, because of due dates and payments.
BY_ITS_DAYS: dict[StrEnum, tuple[StrEnum, ...]] = {
    LoanStatus.ACTIVE: (LoanStatus.OVERDUE, LoanStatus.CLOSED),
    LoanStatus.OVERDUE: (LoanStatus.ACTIVE, LoanStatus.COMPENSATED, LoanStatus.WRITTEN_OFF, LoanStatus.CLOSED),
    LoanStatus.COMPENSATED: (LoanStatus.CLOSED, LoanStatus.OVERDUE),
    LoanStatus.WRITTEN_OFF: (LoanStatus.OVERDUE,),
}

FINAL: dict[str, set[StrEnum]] = {
    "loan": {LoanStatus.CLOSED},
    "sheet": {SheetStatus.CHECKED, SheetStatus.FAILED, SheetStatus.APPROVED, SheetStatus.REJECTED},
    "claim": set(),
    "batch": {BatchStatus.PAID},
    "plan": set(),
    "report": {ReportStatus.SUBMITTED},
    "request": {RequestStatus.APPROVED, RequestStatus.REFUSED},
}


def row_of(name: str, status: str, **columns: Any) -> Any:
    """Return a row of a workflow's table with a given status, without storing the row in a database."""
    found = WORKFLOWS[name]
    live = {"live": True} if hasattr(found.row, "live") else {}
    return found.row(id=1, status=status, **live, **columns)


def test_the_steps_are_those_of_the_page() -> None:
    assert list(_told()) == PAGE.strip().splitlines()


def _told() -> Iterator[str]:
    for name, each in WORKFLOWS.items():
        for step, row in each.steps.items():
            others = row.not_by.__name__ if callable(row.not_by) else ", ".join(row.not_by)
            said = f"{name:<8} {step:<17} {', '.join(row.allowed)} -> {', '.join(row.to)}"
            yield f"{said}; not by {others}" if others else said


@pytest.mark.parametrize(("name", "step", "status"), CASES)
def test_a_step_is_possible_from_its_statuses_and_from_no_other(name: str, step: StrEnum, status: StrEnum) -> None:
    found, row = WORKFLOWS[name], row_of(name, status)
    if status in found.steps[step].allowed:
        workflow.check_status(found, row, step)
        return
    with pytest.raises(WrongStatus) as refused:
        workflow.check_status(found, row, step)
    told = {"status": str(status), "allowed": ", ".join(found.steps[step].allowed)}
    assert refused.value.facts == told | ({"step": str(step)} if found.names_step else {})
    assert {type(fact) for fact in refused.value.facts.values()} == {str}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_status_is_reached_and_left_unless_it_is_final(name: str) -> None:
    found = WORKFLOWS[name]
    ways = {status: set(BY_ITS_DAYS.get(status, ())) if name == "loan" else set() for status in found.statuses}
    for step in found.steps.values():
        for status in step.allowed:
            ways[status] |= set(step.to)
    reached, ahead = set[StrEnum](), set(found.begins)
    while ahead:
        reached |= ahead
        ahead = {to for status in ahead for to in ways[status]} - reached
    assert reached == set(found.statuses)
    assert {status for status, to in ways.items() if to <= {status}} == FINAL[name]


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_table_names_columns_and_statuses_that_are_there(name: str, step: StrEnum) -> None:
    found = WORKFLOWS[name]
    row = found.steps[step]
    named = [] if callable(row.not_by) else [*row.not_by]
    named += row.not_before
    for group in (*row.clears, *([row.fills] if row.fills else [])):
        named += [f"{group}_by", f"{group}_on"]
    assert [column for column in named if not hasattr(found.row, column)] == []
    assert {*row.allowed, *row.to} <= set(found.statuses)
    assert {*map(type, (*row.allowed, *row.to))} == {found.statuses}


def test_nobody_takes_a_step_after_their_own(engine: Engine) -> None:
    asked = 0
    with at_desk(engine, "wang") as unit:
        for name, step in STEPS:
            row = WORKFLOWS[name].steps[step]
            for column in () if callable(row.not_by) else row.not_by:
                taken = row_of(name, row.allowed[0], **{column: "wang"})
                with pytest.raises(SamePerson) as refused:
                    workflow.check(unit, WORKFLOWS[name], taken, step, reason="有误")
                assert refused.value.facts == {"user": "wang", "rule": "1"}, (name, step, column)
                asked += 1
    assert asked == 27


REFUSED_FIRST: tuple[tuple[str, dict[str, Any], str, str, str], ...] = (
    ("all is wrong", {"status": ClaimStatus.DRAFT}, "wang", "2016-06-02", "wrong_status"),
    ("not the status", {}, "wang", "2016-06-02", "same_person"),
    ("only the day", {}, "li", "2016-06-02", "future_date"),
    ("the day before the step before", {}, "li", "2016-05-30", "before_claim_step"),
    ("a claim drafted anew", {"live": None}, "li", "2016-06-01", "wrong_status"),
)


@pytest.mark.parametrize(("case", "columns", "user", "on", "code"), REFUSED_FIRST)
def test_status_is_asked_first_then_the_person_then_the_day(
    case: str, columns: dict[str, Any], user: str, on: str, code: str, engine: Engine
) -> None:
    told = {"status": ClaimStatus.SUBMITTED, "live": True, "submitted_by": "wang", "submitted_on": date(2016, 5, 31)}
    claim = CLAIM.row(id=1, **(told | columns))
    with at_desk(engine, user) as unit, pytest.raises(Refusal) as refused:
        workflow.check(unit, CLAIM, claim, ClaimStep.REVIEW, date.fromisoformat(on))
    assert refused.value.code == code


def test_the_earliest_day_is_that_of_the_last_step_taken(engine: Engine) -> None:
    batch = row_of("batch", BatchStatus.APPROVED, submitted_on=date(2016, 5, 10), approved_on=date(2016, 5, 20))
    with at_desk(engine) as unit, pytest.raises(Refusal) as refused:
        workflow.check(unit, BATCH, batch, BatchStep.RETURN, date(2016, 5, 19), reason="有误")
    assert (refused.value.code, refused.value.facts["rule"]) == ("before_earlier_step", "4.4")
    assert refused.value.facts["limit"] == "2016-05-20"


def test_a_step_that_needs_a_reason_has_one(engine: Engine) -> None:
    loan = row_of("loan", LoanStatus.APPROVED)
    with at_desk(engine) as unit:
        workflow.check(unit, LOAN, loan, LoanStep.RETURN, reason="金额有误")
        with pytest.raises(AssertionError):
            workflow.check(unit, LOAN, loan, LoanStep.RETURN)


def test_a_step_writes_who_and_when_and_a_step_back_empties_it(engine: Engine) -> None:
    plan = row_of("plan", PlanStatus.DRAFT)
    report = row_of("report", ReportStatus.DRAFT, made_by="li")
    with at_desk(engine, "wang") as unit:
        taken = workflow.take(unit, REPORT, report, ReportStep.SUBMISSION, date(2016, 5, 31))
        with pytest.raises(AssertionError):
            workflow.move(unit, PLAN, plan, PlanStep.APPROVAL, to="submitted")
    assert (taken.status, report.status) == ("submitted", "submitted")
    assert (report.submitted_by, report.submitted_on, report.submitted_recorded_on) == (
        "wang",
        date(2016, 5, 31),
        TODAY,
    )
