"""Tests of loans that are due in a year whose working days were published after the payout (scheme 3.6, 7)."""

from datetime import date

import pytest
from sqlalchemy import Engine, select

from jobs import runner
from ledger.calendar import CalendarDay
from ledger.operations.job_runs import Scope
from ledger.operations.registry import calendars, reference
from ledger.operations.servicing import run
from ledger.operations.servicing.load import CalendarMissing
from ledger.tables.claims import Recovery
from ledger.tables.loans import Loan, interest_bills
from tests.support import claiming, serviced
from tests.support.county_desk import at_desk
from tests.support.small_portfolio import lease_on

HERE = Scope("GZRCB", "360781")
NOTICE = (
    CalendarDay(date(2027, 1, 1), "元旦", "off"),
    CalendarDay(date(2027, 1, 2), "元旦", "makeup_workday"),
    CalendarDay(date(2027, 6, 7), "端午节", "off"),
    CalendarDay(date(2027, 6, 19), "端午节", "makeup_workday"),
)


def publish(engine: Engine, on: date = date(2026, 11, 20), *more: CalendarDay) -> None:
    with at_desk(engine, "city", on) as unit:
        calendars.publish(unit, 2027, (*NOTICE, *more), "国办发明电")


def lend(engine: Engine, disbursed_on: str, due_on: str, rolled_on: str) -> int:
    return serviced.lend(engine, serviced.loan_of("4.75", disbursed_on, due_on, rolled_on))


def days_of(engine: Engine, loan_id: int) -> tuple[date, date]:
    with engine.connect() as connection:
        found = connection.execute(select(Loan.rolled_on, Loan.next_step_on).where(Loan.id == loan_id)).one()
    return found.rolled_on, found.next_step_on


def run_to(engine: Engine, loan_id: int, through: date) -> None:
    with at_desk(engine, "job", through) as unit:
        run.run_to(unit, [loan_id], through)


@pytest.mark.parametrize(
    "case, disbursed_on, due_on, provisional, published, step",
    [
        ("a Saturday that is worked", "2026-05-19", "2027-06-19", "2027-06-21", "2027-06-19", "2026-06-21"),
        ("a Monday that is off", "2026-05-05", "2027-06-05", "2027-06-07", "2027-06-08", "2026-06-21"),
        ("New Year's Day, a day after it", "2026-05-01", "2027-01-01", "2027-01-04", "2027-01-02", "2026-06-21"),
        ("an ordinary Saturday stays", "2026-05-10", "2027-07-10", "2027-07-12", "2027-07-12", "2026-06-21"),
        ("a working day stays", "2026-05-10", "2027-06-10", "2027-06-10", "2027-06-10", "2026-06-21"),
    ],
)
def test_rolled_due_dates_follow_what_is_published(
    engine: Engine, case: str, disbursed_on: str, due_on: str, provisional: str, published: str, step: str
) -> None:
    loan_id = lend(engine, disbursed_on, due_on, provisional)
    publish(engine)
    assert days_of(engine, loan_id) == (date.fromisoformat(published), date.fromisoformat(step))
    run_to(engine, loan_id, date(2027, 8, 1))
    with engine.connect() as connection:
        posted = (
            connection.execute(select(interest_bills.c.period_end).where(interest_bills.c.loan_id == loan_id))
            .scalars()
            .all()
        )
    assert date.fromisoformat(published) in posted


def test_the_next_step_follows_where_it_was_the_due_date(engine: Engine) -> None:
    loan_id = lend(engine, "2027-04-19", "2027-06-19", "2027-06-21")
    assert days_of(engine, loan_id) == (date(2027, 6, 21), date(2027, 6, 21))
    publish(engine, date(2027, 4, 20))
    assert days_of(engine, loan_id) == (date(2027, 6, 19), date(2027, 6, 19))


def test_a_loan_walked_past_its_due_date_is_left_alone(engine: Engine) -> None:
    loan_id = lend(engine, "2026-05-10", "2026-06-10", "2026-06-10")
    # The due date was rolled by other rules, and the interest up to that date is already billed. No operation of this
    # release rolls a date so, hence the test writes the column itself.
    with at_desk(engine, today=date(2026, 5, 10)) as unit:
        unit.session.get_one(Loan, loan_id).rolled_on = date(2026, 6, 15)
    run_to(engine, loan_id, date(2026, 7, 1))
    publish(engine)
    assert days_of(engine, loan_id)[0] == date(2026, 6, 15)


def test_publishing_is_settled_once(engine: Engine) -> None:
    lend(engine, "2026-05-05", "2027-06-05", "2027-06-07")
    with at_desk(engine, "city") as unit:
        reference.add_calendar(unit, 2027, NOTICE, "国办发明电")
        assert calendars.settle(unit) == 1
        assert calendars.settle(unit) == 0


@pytest.mark.parametrize(
    "case, through, refused",
    [
        ("lines before it are posted", "2027-06-04", False),
        ("the due date itself, a Saturday", "2027-06-05", True),
        ("long after it", "2028-01-31", True),
    ],
)
def test_nothing_is_posted_on_a_provisional_day(engine: Engine, case: str, through: str, refused: bool) -> None:
    loan_id = lend(engine, "2026-05-05", "2027-06-05", "2027-06-07")
    if not refused:
        run_to(engine, loan_id, date.fromisoformat(through))
        return
    with pytest.raises(CalendarMissing) as missing:
        run_to(engine, loan_id, date.fromisoformat(through))
    assert (missing.value.facts["found"], missing.value.facts["limit"]) == (2027, "2027-06-05")
    publish(engine)
    run_to(engine, loan_id, date.fromisoformat(through))


def test_the_last_day_of_a_published_year_is_walked_and_the_roll_into_the_next_is_not(engine: Engine) -> None:
    publish(engine, date(2026, 11, 20), CalendarDay(date(2027, 12, 31), "元旦", "off"))
    loan_id = lend(engine, "2026-12-31", "2027-12-31", "2028-01-04")
    run_to(engine, loan_id, date(2027, 12, 31))
    with pytest.raises(CalendarMissing):
        run_to(engine, loan_id, date(2028, 1, 1))


def test_the_job_lists_the_loan_and_does_the_others(engine: Engine) -> None:
    waiting = lend(engine, "2026-05-05", "2027-06-05", "2027-06-07")
    other = lend(engine, "2026-05-05", "2028-06-05", "2028-06-05")
    told = runner.run(lease_on(engine, date(2027, 6, 21)), "interest", date(2027, 6, 21), HERE)
    assert (told.status, [(each.item, each.code) for each in told.failed]) == (
        "failed",
        [(str(waiting), "calendar_missing")],
    )
    assert days_of(engine, other)[1] == date(2027, 9, 21)
    publish(engine, date(2027, 6, 21))
    assert runner.run(lease_on(engine, date(2027, 6, 21)), "interest", date(2027, 6, 21), HERE).status == "done"


def test_a_quote_for_a_day_to_come_is_not_refused(engine: Engine) -> None:
    loan_id = lend(engine, "2026-05-05", "2027-06-05", "2027-06-07")
    with at_desk(engine, today=date(2026, 11, 20)) as unit:
        assert run.load_run_to(unit, loan_id, date(2027, 6, 5)).state.open_principal == 5_000_000


def test_the_day_a_recovery_is_remitted_by_follows_too(engine: Engine) -> None:
    loan_id = claiming.failed_loan(engine)
    claiming.deposit(engine, "100000.00", "2019-08-01")
    claiming.pay(engine, claiming.approved(engine, loan_id))
    received = claiming.receive(engine, loan_id, "1000.00", "2019-09-26")
    with at_desk(engine) as unit:
        row = unit.session.get_one(Recovery, received.id)
        row.received_on, row.remit_by = date(2026, 12, 29), date(2027, 1, 6)
    publish(engine)
    with at_desk(engine) as unit:
        assert unit.session.get_one(Recovery, received.id).remit_by == date(2027, 1, 5)
