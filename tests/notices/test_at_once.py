"""Tests of concurrent operations on one notice, in which every change must be made exactly once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Engine, func, select

from jobs.lease import Lease
from ledger.errors import Refusal
from ledger.operations.notices import delivery
from ledger.operations.notices.delivery import Delivered
from ledger.operations.registry import contacts
from ledger.tables.notices import Notice, NoticeDelivery
from tests.notices.servers import sms_gateway
from tests.notices.test_what_ends_a_loan import WORKED, make, told
from tests.support.county_desk import at_desk, household
from tests.support.processes import started
from tests.support.serviced import lend, loan_of
from tests.support.small_portfolio import repay

APRIL = date(2019, 4, 12)


def _all_at_once(tasks: list[Callable[[], str]]) -> list[str]:
    with ThreadPoolExecutor(len(tasks)) as hands:
        return sorted(hands.map(lambda task: task(), tasks))


def test_of_many_who_record_one_delivery_the_first_does(engine: Engine) -> None:
    lend(engine, WORKED)
    make(engine, APRIL)
    with at_desk(engine) as unit:
        notice_id = unit.session.execute(select(Notice.id)).scalar_one()

    def deliver() -> str:
        try:
            with at_desk(engine, today=APRIL) as unit:
                delivery.deliver(unit, notice_id, Delivered(APRIL, "in_person", "刘福"))
        except Refusal as refusal:
            return refusal.code
        return "delivered"

    assert _all_at_once([deliver] * 6) == ["delivered", *["notice_delivered"] * 5]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(NoticeDelivery)).scalar_one() == 1


def test_job_and_pay_off_at_the_same_moment_leave_one_cancelled_notice_each(engine: Engine) -> None:
    loan_ids = [lend(engine, WORKED) for _ in range(4)]

    def pay(loan_id: int) -> str:
        repay(engine, loan_id, "60000.00", APRIL)
        return "paid"

    def run() -> str:
        make(engine, APRIL)
        return "run"

    _all_at_once([*(partial(pay, each) for each in loan_ids), run])
    make(engine, APRIL)
    assert [told(engine, each) for each in loan_ids] == [["D30 2019-04-10 closed 2019-04-12"]] * 4


def test_two_daily_and_a_send_started_together_send_each_notice_once(engine: Engine, database_url: str) -> None:
    today = Lease(engine, by="test").today()
    due = today + timedelta(days=20)
    first = date(due.year - 3, due.month, min(due.day, 28))
    with at_desk(engine) as unit:
        homes = [household(unit) for _ in range(3)]
        for number, home in enumerate(homes):
            contacts.set_contact(unit, household_id=home, phone=f"1381234567{number}")
    for home in homes:
        lend(engine, loan_of("4.75", first.isoformat(), due.isoformat()), household_id=home)
    make(engine, today)
    with sms_gateway() as gateway:
        three = [started(database_url, "jobs", name, LEDGER_SMS_URL=gateway.url) for name in ("daily", "daily", "send")]
        said = [process.communicate(timeout=120) for process in three]
        assert [process.returncode for process in three] == [0, 0, 0], said
        keys = [key for _, key in gateway.got]
    assert len(keys) == len(set(keys)) == 3
    assert sum(out.count("sending:") for out, _ in said) == 3
