"""Tests that the demonstration county has correct books, and that making the county a second time is safe."""

from random import Random

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from jobs import demo
from jobs.demo import people, plan
from ledger.balances import Clocks
from ledger.database import open_engine
from ledger.policy.identity import check_id_card, check_uscc
from ledger.reports.deadlines.duties import WHATS
from ledger.reports.deadlines.overview import STATES, deadlines
from ledger.reports.notices.notices import notices
from ledger.reports.verifying.verification import verify
from ledger.tables.journal import events
from ledger.tables.loans import Loan
from ledger.tables.work import JobRun


def test_invented_cards_and_codes_pass_the_checks_and_are_nobody_elses() -> None:
    chance = Random(1)
    houses = people.houses(chance, plan.COUNTY, 300)
    cards = [person.id_card for house in houses for person in house.members]
    assert len(set(cards)) == len(cards)
    assert all(check_id_card(card).number == card for card in cards)
    assert all(check_uscc(farm.uscc) == farm.uscc for farm in plan.farms(chance, houses, 12))


def test_nobody_pays_before_the_loan_or_twice_under_one_receipt() -> None:
    chance = Random(2)
    houses = people.houses(chance, plan.COUNTY, 120)
    for loan in plan.lent(chance, houses, plan.farms(chance, houses, 3)):
        paid = list(plan.paid(chance, loan))
        assert [row.paid_on for row in paid] == sorted(row.paid_on for row in paid)
        assert all(loan.disbursed_on <= row.paid_on <= plan.LAST and row.amount > 0 for row in paid)
        assert len({row.receipt_no for row in paid}) == len(paid)


@pytest.fixture
def lived(sqlite_url: str) -> Engine:
    demo.live(sqlite_url)
    return open_engine(sqlite_url)


def test_the_demo_leaves_true_books_no_failed_job_and_stays_as_it_is(lived: Engine) -> None:
    with lived.connect() as connection:
        counted = connection.execute(select(Loan.status, func.count().label("loans")).group_by(Loan.status))
        statuses: dict[str, int] = {row.status: row.loans for row in counted}
        failed = connection.execute(select(JobRun.job, JobRun.scope).where(JobRun.status != "done")).all()
        recorded = connection.execute(select(func.count()).select_from(events)).scalar_one()
    assert verify(lived) == ()
    assert failed == []
    assert sum(statuses.values()) >= 312
    assert {"active", "overdue", "compensated", "closed", "submitted", "returned", "approved"} <= statuses.keys()
    assert statuses["closed"] > statuses["overdue"] > 0
    with Session(lived) as session:
        found = [(notice.status, notice.late) for notice in notices(session, on=plan.LAST)]
        owed = {(each.owed.what, each.state) for each in deadlines(session, Clocks(plan.LAST), STATES)}
    assert {("delivered", False), ("delivered", True), ("late", True), ("pending", False)} <= set(found)
    assert {(what, "done") for what in WHATS} <= owed
    assert {("issuance_report", "done_late"), ("subsidy_payment", "done_late"), ("notice_delivery", "late")} <= owed

    demo.live(str(lived.url))

    with lived.connect() as connection:
        again = connection.execute(select(func.count()).select_from(events)).scalar_one()
    assert again == recorded
    lived.dispose()
