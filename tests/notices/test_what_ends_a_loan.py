"""Tests of the operations that make a notice unnecessary, and of those that make it necessary again (scheme 7)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, select

from jobs.job import Step
from jobs.notices import NOTICES
from ledger.money import yuan
from ledger.operations.job_runs import Scope
from ledger.operations.lending import loans
from ledger.reports.notices.papers import papers
from ledger.tables.journal import events
from ledger.tables.notices import Notice, NoticeChange
from tests.support import claiming, serviced
from tests.support.county_desk import BANK, COUNTY, at_desk, disbursed_loan, household, request
from tests.support.serviced import lend, loan_of
from tests.support.small_portfolio import repay

WORKED = loan_of("4.75", "2016-05-10", "2019-05-10")
IN_APRIL = date(2019, 4, 12)


def make(engine: Engine, on: date) -> None:
    with at_desk(engine, "job:notices", on) as unit:
        step = Step(on, Scope(BANK, COUNTY))
        NOTICES.work(unit, step, NOTICES.items(unit.session, step, 0, 5000))


def told(engine: Engine, loan_id: int) -> list[str]:
    """Return a text for each notice of a loan, with its kind, its day, and the reason and day of its cancellation."""
    n = Notice
    query = select(n.kind, n.created_on, n.cancelled_on, n.cancel_reason).where(n.loan_id == loan_id)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(n.due_on, n.created_on)).all()
    return [
        f"{row.kind} {row.created_on}" + (f" {row.cancel_reason} {row.cancelled_on}" if row.cancelled_on else "")
        for row in rows
    ]


def test_a_renewal_ends_the_old_loans_and_the_new_loan_has_its_own(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    make(engine, IN_APRIL)
    serviced.pay_interest_to(engine, loan_id, IN_APRIL)
    renewal = serviced.renew(engine, loan_id, IN_APRIL)
    assert told(engine, loan_id) == ["D30 2019-04-10 closed 2019-04-12"]
    make(engine, date(2022, 4, 10))
    assert told(engine, renewal) == ["D30 2022-03-13", "D7 2022-04-05"]


def test_a_write_off_ends_them(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    make(engine, IN_APRIL)
    serviced.decide(engine, loan_id, "write_off", {"on": date(2019, 4, 20)})
    assert told(engine, loan_id) == ["D30 2019-04-10 written_off 2019-04-20"]
    make(engine, date(2019, 6, 1))
    assert told(engine, loan_id) == ["D30 2019-04-10 written_off 2019-04-20"]


def test_compensation_ends_them_and_its_reversal_brings_them_back(engine: Engine) -> None:
    loan_id = claiming.failed_loan(engine)
    claiming.deposit(engine, "60000.00", "2019-01-01")
    make(engine, date(2019, 4, 10))
    claim_id = claiming.approved(engine, loan_id, IN_APRIL, "death")
    claiming.pay(engine, claim_id, IN_APRIL)
    assert told(engine, loan_id) == ["D30 2019-04-10 compensated 2019-04-12"]
    claiming.recover(engine, loan_id, "100.00", "2019-04-20")
    make(engine, date(2019, 6, 1))
    assert told(engine, loan_id) == ["D30 2019-04-10 compensated 2019-04-12"], "a recovery is not what ended it"


def test_an_extension_ends_the_old_pair_at_once_and_calls_for_a_new_one(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    make(engine, IN_APRIL)
    serviced.decide(engine, loan_id, "extension", {"agreed_on": date(2019, 4, 20), "months": 6})
    assert told(engine, loan_id) == ["D30 2019-04-10 extended 2019-04-20"]
    make(engine, date(2019, 12, 1))
    assert told(engine, loan_id) == ["D30 2019-04-10 extended 2019-04-20", "D30 2019-10-11", "D7 2019-11-03"]


def test_an_extension_recorded_before_the_job_ran_still_tells_what_the_days_before_called_for(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    serviced.decide(engine, loan_id, "extension", {"agreed_on": date(2019, 5, 5), "months": 6})
    assert told(engine, loan_id) == ["D30 2019-04-10 extended 2019-05-05", "D7 2019-05-03 extended 2019-05-05"]


def test_a_payout_taken_back_leaves_none_and_paid_out_anew_they_are_back(engine: Engine) -> None:
    a_month = request(scheme="national-2014", term_months=1, annual_rate=Decimal("0.0435"))
    with at_desk(engine) as unit:
        home = household(unit)
    loan_id = disbursed_loan(engine, replace(a_month, household_id=home))
    make(engine, date(2016, 5, 12))
    assert told(engine, loan_id) == ["D30 2016-05-11"]
    with at_desk(engine, "checker") as unit:
        paid_out = unit.connection.execute(select(events.c.id).where(events.c.loan_id == loan_id)).scalar_one()
        loans.undo_disbursement(unit, paid_out, "未放款", "officer", "checker")
    for day in (None, date(2016, 5, 13)):
        if day is not None:
            make(engine, day)
        assert told(engine, loan_id) == ["D30 2016-05-11 undone 2016-05-11"]
    with at_desk(engine) as unit:
        made = unit.session.execute(select(Notice.id).where(Notice.loan_id == loan_id)).scalars().all()
        assert papers(unit, made) == [], "a loan that was not paid out has no amounts to print"
    with at_desk(engine) as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 10))
    make(engine, date(2016, 5, 14))
    assert told(engine, loan_id) == ["D30 2016-05-11"]


def test_money_kept_as_credit_leaves_a_notice_and_the_pay_off_cancels_it(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    make(engine, IN_APRIL)
    # The payment is less than the full pay-off amount, so the money becomes borrower credit until the due date.
    repay(engine, loan_id, "50000.00", date(2019, 4, 20))
    assert told(engine, loan_id) == ["D30 2019-04-10"]
    repay(engine, loan_id, str(yuan("9000.00").amount), date(2019, 5, 2))
    assert told(engine, loan_id) == ["D30 2019-04-10 closed 2019-05-02"]


def test_each_step_is_kept_with_its_day_and_reason(engine: Engine) -> None:
    loan_id = lend(engine, WORKED)
    make(engine, IN_APRIL)
    serviced.decide(engine, loan_id, "extension", {"agreed_on": date(2019, 4, 20), "months": 6})
    with engine.connect() as connection:
        c = NoticeChange
        found = connection.execute(select(c.step, c.on, c.by, c.reason)).all()
    assert [tuple(row) for row in found] == [("cancelled", date(2019, 4, 20), "checker", "extended")]
