"""Tests of fund plans (scheme 5.2, 5.3): every step from every status, partial steps, and late or repeated drafts."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from jobs import runner
from ledger.database import open_engine
from ledger.dates import Quarter
from ledger.errors import Refusal, SamePerson, WrongStatus
from ledger.money import yuan
from ledger.operations.fund import issuance, plans
from ledger.operations.fund.plans import Part
from ledger.operations.lending import loans
from ledger.statuses import PlanStatus
from ledger.tables.fund import FundPlan, FundPlanLine, IssuanceReport
from ledger.unit_of_work import Unit
from tests.support import subsidising
from tests.support.county_desk import BANK, COUNTY, approved_loan, at_desk, household, request, row_counts
from tests.support.small_portfolio import lease_on, lend

ON = date(2016, 7, 4)
Q2 = Quarter(2016, 2)
STEPS: dict[str, Callable[[Unit, int], Any]] = {
    "approval": plans.approve,
    "appropriation": plans.appropriate,
    "deposit": plans.deposit,
}
AFTER = {"draft": "approved", "approved": "appropriated", "appropriated": "deposited"}
NEXT = {"draft": {"approval"}, "approved": {"appropriation"}, "appropriated": {"deposit"}, "deposited": set[str]()}


def plan_of(engine: Engine, to: str = "draft", quarter: Quarter = Q2, on: date = ON) -> int:
    """Draft a fund plan as one city user, and take the plan to a given status as another city user.

    Return the id of the fund plan.
    """
    with at_desk(engine, "city", on) as unit:
        plan = plans.draft_plan(unit, quarter)
    for step in list(STEPS)[: list(PlanStatus).index(PlanStatus(to))]:
        with at_desk(engine, "city2", on) as unit:
            STEPS[step](unit, plan)
    return plan


def calls_of(engine: Engine, plan: int) -> dict[tuple[str, str], int]:
    """Return the amounts that a fund plan demands, by county and bank, in fen."""
    with at_desk(engine) as unit:
        query = select(FundPlanLine).where(FundPlanLine.plan_id == plan)
        return {(row.county, row.bank): row.due for row in unit.session.execute(query).scalars()}


@pytest.mark.parametrize("status", PlanStatus)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_from_a_status_that_does_not_lead_to_it_changes_nothing(engine: Engine, status: str, step: str) -> None:
    lend(engine, each=1)
    plan = plan_of(engine, status)
    if step in NEXT[status]:
        with at_desk(engine, "city3", ON) as unit:
            STEPS[step](unit, plan)
        with at_desk(engine) as unit:
            assert unit.session.get_one(FundPlan, plan).status == AFTER[status]
        return
    with engine.connect() as connection:
        before = row_counts(connection)
    with pytest.raises(WrongStatus) as refused, at_desk(engine, "city3", ON) as unit:
        STEPS[step](unit, plan)
    assert refused.value.facts["status"] == status
    assert refused.value.facts["step"] == step
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_who_drew_a_plan_up_does_not_approve_it(engine: Engine) -> None:
    lend(engine, each=1)
    plan = plan_of(engine)
    with pytest.raises(SamePerson), at_desk(engine, "city", ON) as unit:
        plans.approve(unit, plan)


@pytest.mark.parametrize(
    ("case", "step", "amount", "limit"),
    [
        ("a fen beyond the call", "approval", "6250.01", "6250.00"),
        ("a fen beyond what was approved", "appropriation", "4000.01", "4000.00"),
        ("a fen beyond what was appropriated", "deposit", "3000.01", "3000.00"),
    ],
)
def test_a_part_beyond_the_step_before_it_is_refused(
    engine: Engine, case: str, step: str, amount: str, limit: str
) -> None:
    lend(engine, each=1)
    plan = plan_of(engine)
    taken = {"approval": "4000.00", "appropriation": "3000.00"}
    for earlier in list(STEPS)[: list(STEPS).index(step)]:
        with at_desk(engine, "city2", ON) as unit:
            part(earlier)(unit, plan, yuan_part(taken[earlier]))
    with pytest.raises(Refusal) as refused, at_desk(engine, "city2", ON) as unit:
        part(step)(unit, plan, yuan_part(amount))
    assert (refused.value.code, refused.value.facts["limit"], refused.value.facts["found"]) == (
        "beyond_step",
        limit,
        amount,
    ), case


def part(step: str) -> Callable[[Unit, int, list[Part]], None]:
    return lambda unit, plan, parts: {
        "approval": plans.approve,
        "appropriation": plans.appropriate,
        "deposit": plans.deposit,
    }[step](unit, plan, None, parts)


def yuan_part(amount: str) -> list[Part]:
    return [Part(COUNTY, BANK, yuan(amount), "S-1")]


def test_a_payout_recorded_late_or_taken_back_changes_the_next_call_by_its_share(engine: Engine) -> None:
    lend(engine, each=1)
    assert calls_of(engine, plan_of(engine, "deposited")) == {(COUNTY, BANK): 6_250_00}
    late = a_loan_paid_out(engine, date(2016, 6, 20))
    assert calls_of(engine, plan_of(engine)) == {(COUNTY, BANK): 2_500_00}
    with at_desk(engine, "checker", ON) as unit:
        loans.undo_disbursement(unit, late, "录入错误", "officer", "checker")
    with at_desk(engine, "city2", ON) as unit:
        plans.approve(unit, plan_of(engine))
    assert sum(calls_of(engine, plan_of(engine)).values()) == 0


def a_loan_paid_out(engine: Engine, on: date) -> int:
    """Pay out a loan of 20,000 yuan on a given day, recorded on 2016-07-04, and return the event's id."""
    with at_desk(engine, today=ON) as unit:
        home = household(unit)
    loan = approved_loan(engine, request(household_id=home, principal=yuan("20000.00")))
    with at_desk(engine, today=ON) as unit:
        loans.disburse(unit, loan, on)
    with engine.connect() as connection:
        query = "SELECT id FROM events WHERE kind = 'LoanDisbursed' ORDER BY id DESC LIMIT 1"
        return int(connection.exec_driver_sql(query).scalar_one())


def test_the_call_is_computed_again_when_it_is_approved(engine: Engine) -> None:
    lend(engine, each=1)
    plan = plan_of(engine)
    a_loan_paid_out(engine, date(2016, 6, 20))
    with at_desk(engine, "city2", ON) as unit:
        plans.approve(unit, plan)
    assert calls_of(engine, plan) == {(COUNTY, BANK): 8_750_00}


def test_one_run_after_missed_quarters_drafts_what_runs_in_time_would_have(engine: Engine, sqlite_url: str) -> None:
    daily, late = engine, open_engine(sqlite_url)
    for each in (daily, late):
        lend(each, banks=("GZRCB", "ABC"), counties=(COUNTY, "360702"), each=2)
        subsidising.lend(each, date(2016, 12, 1))
    day = date(2016, 12, 28)
    for quarter_over in (date(2016, 7, 1), date(2016, 10, 1)):
        runner.run(lease_on(daily, today=quarter_over), "daily", quarter_over)
    while day <= date(2017, 1, 3):
        runner.run(lease_on(daily, today=day), "daily", day)
        day += timedelta(days=1)
    runner.run(lease_on(late, today=date(2017, 1, 3)), "daily", date(2017, 1, 3))
    assert recorded_plans(daily) == recorded_plans(late)
    assert [quarter for quarter, *_ in recorded_plans(late)] == ["2016Q2"] * 4 + ["2016Q3"] * 4 + ["2016Q4"] * 4
    late.dispose()


def recorded_plans(engine: Engine) -> list[tuple[Any, ...]]:
    """Return every line of every live fund plan."""
    with engine.connect() as connection:
        query = (
            select(
                FundPlan.quarter,
                FundPlan.status,
                FundPlanLine.county,
                FundPlanLine.bank,
                FundPlanLine.issued,
                FundPlanLine.due,
            )
            .join(FundPlanLine, FundPlanLine.plan_id == FundPlan.id)
            .where(FundPlan.live.is_(True))
        )
        return sorted(tuple(row) for row in connection.execute(query))


def test_a_report_is_submitted_once_and_by_another(engine: Engine) -> None:
    lend(engine, each=1)
    with at_desk(engine, "officer", ON) as unit:
        report = issuance.draft_report(unit, BANK, COUNTY, Q2).id
    with pytest.raises(SamePerson), at_desk(engine, "officer", ON) as unit:
        issuance.submit_report(unit, report)
    with at_desk(engine, "checker", ON) as unit:
        issuance.submit_report(unit, report)
    with pytest.raises(WrongStatus) as refused, at_desk(engine, "manager", ON) as unit:
        issuance.submit_report(unit, report)
    assert refused.value.facts["status"] == "submitted"


def test_a_submitted_report_keeps_its_figures_whatever_comes_later(engine: Engine) -> None:
    lend(engine, each=1)
    with at_desk(engine, "officer", ON) as unit:
        report = issuance.draft_report(unit, BANK, COUNTY, Q2).id
    with at_desk(engine, "checker", ON) as unit:
        issuance.submit_report(unit, report)
    a_loan_paid_out(engine, date(2016, 6, 20))
    with at_desk(engine) as unit:
        assert unit.session.get_one(IssuanceReport, report).households_fen == 5_000_000
    with at_desk(engine, "officer", ON) as unit:
        assert issuance.draft_report(unit, BANK, COUNTY, Q2).households_fen == 7_000_000
