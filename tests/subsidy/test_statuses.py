"""Tests of every step of a subsidy batch from every status.

Five people carry out a batch's steps, and each step is stored with its person, day and reason.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger import chart
from ledger.errors import FutureDate, NotFound, SamePerson, WrongStatus
from ledger.operations.subsidy import batches
from ledger.operations.subsidy.batches import PeriodNotOver
from ledger.operations.subsidy.workflow import BATCH
from ledger.statuses import BatchStatus, BatchStep
from ledger.tables.subsidies import SubsidyChange
from ledger.workflow import BeforeEarlierStep
from tests.support import subsidising
from tests.support.county_desk import BANK, COUNTY, at_desk, row_counts
from tests.support.subsidising import Q2, bill, bring, draft, lend, pay

ON = date(2016, 6, 26)

# The name of each step is mapped to the person and the function that carry out the step.
STEPS: dict[str, tuple[str, Callable[..., Any]]] = {
    "draft": ("officer", lambda unit, batch: batches.draft(unit, BANK, COUNTY, Q2)),
    "submit": ("checker", batches.submit),
    "approve": ("poverty", batches.approve),
    "return": ("poverty2", lambda unit, batch: batches.send_back(unit, batch, "不符")),
    "verify": ("finance", batches.verify),
    "pay": ("finance2", batches.pay),
}

# Each allowed step is listed with the statuses before and after the step; every other step is refused.
POSSIBLE = {
    ("draft", "draft"): "draft",
    ("draft", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("submitted", "return"): "returned",
    ("returned", "draft"): "returned",
    ("returned", "submit"): "submitted",
    ("approved", "verify"): "verified",
    ("approved", "return"): "returned",
    ("verified", "pay"): "paid",
    ("verified", "return"): "returned",
}


def in_status(engine: Engine, status: str) -> int:
    """Draft a batch with two lines, take the batch to a given status, and return the batch's id."""
    for loan in (lend(engine), lend(engine)):
        bill(engine, date(2016, 6, 21), [loan])
        pay(engine, loan, "277.08", date(2016, 6, 21))
    batch = draft(engine)
    if status == "returned":
        bring(engine, batch, "submitted")
        subsidising.step(engine, "poverty2", ON, batches.send_back, batch, "不符")
    else:
        bring(engine, batch, status)
    return batch


@pytest.mark.parametrize("status", BatchStatus)
def test_an_impossible_step_changes_nothing(engine: Engine, status: BatchStatus) -> None:
    batch = in_status(engine, status)
    with engine.connect() as connection:
        before = row_counts(connection)
    for name, (user, act) in STEPS.items():
        if (status, name) not in POSSIBLE:
            with pytest.raises(WrongStatus) as refused:
                subsidising.step(engine, user, ON, act, batch)
            assert refused.value.facts["status"] == status
    with engine.connect() as connection:
        assert row_counts(connection) == before
    assert subsidising.batch_of(engine, batch).status == status


@pytest.mark.parametrize("status, step, to", [(*key, to) for key, to in POSSIBLE.items()])
def test_a_possible_step_leads_where_the_table_says(engine: Engine, status: str, step: str, to: str) -> None:
    batch = in_status(engine, status)
    user, act = STEPS[step]
    assert subsidising.step(engine, user, ON, act, batch).status == to


def test_the_table_of_steps_is_the_one_tested() -> None:
    table = {(status, name): step.to for name, step in BATCH.steps.items() for status in step.allowed}
    assert table.keys() == POSSIBLE.keys()
    assert [key for key, to in POSSIBLE.items() if to not in table[BatchStatus(key[0]), BatchStep(key[1])]] == []


@pytest.mark.parametrize(
    "step, status, users",
    [
        ("submit", "draft", ["officer"]),
        ("approve", "submitted", ["officer", "checker"]),
        ("verify", "approved", ["officer", "checker", "poverty"]),
        ("pay", "verified", ["officer", "checker", "poverty", "finance"]),
    ],
)
def test_nobody_takes_two_steps(engine: Engine, step: str, status: str, users: list[str]) -> None:
    batch = in_status(engine, status)
    for user in users:
        with pytest.raises(SamePerson):
            subsidising.step(engine, user, ON, STEPS[step][1], batch)
    assert subsidising.batch_of(engine, batch).status == status


def test_every_step_is_kept_with_who_when_and_why(engine: Engine) -> None:
    batch = in_status(engine, "approved")
    subsidising.step(engine, "finance", date(2016, 6, 27), batches.send_back, batch, "名单有误")
    bring(engine, batch, "paid", date(2016, 6, 28))
    with at_desk(engine) as unit:
        query = select(SubsidyChange).where(SubsidyChange.batch_id == batch).order_by(SubsidyChange.id)
        history = [
            (row.step, row.from_status, row.to_status, row.by, row.on.day, row.reason)
            for row in unit.session.execute(query).scalars()
        ]
    assert history == [
        ("draft", "", "draft", "officer", 21, ""),
        ("submit", "draft", "submitted", "checker", 26, ""),
        ("approve", "submitted", "approved", "poverty", 26, ""),
        ("return", "approved", "returned", "finance", 27, "名单有误"),
        ("submit", "returned", "submitted", "checker", 28, ""),
        ("approve", "submitted", "approved", "poverty", 28, ""),
        ("verify", "approved", "verified", "finance", 28, ""),
        ("pay", "verified", "paid", "finance2", 28, ""),
    ]


def test_what_was_approved_of_a_returned_batch_is_reversed_and_approved_again(engine: Engine) -> None:
    batch = in_status(engine, "verified")
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "554.16"
    subsidising.step(engine, "finance2", date(2016, 6, 27), batches.send_back, batch, "账号有误")
    assert (
        subsidising.stands(engine, chart.SUBSIDY_PAYABLE)
        == subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS)
        == "0.00"
    )
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE, as_of=date(2016, 6, 26)) == "0.00"
    bring(engine, batch, "paid", date(2016, 6, 28))
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "554.16"
    assert subsidising.stands(engine, chart.TREASURY) == "-554.16"
    assert [line.outcome for line in subsidising.shown(engine, batch)] == ["superseded"] * 2 + [None] * 2


def test_lines_rejected_leave_the_batch_and_may_enter_the_next(engine: Engine) -> None:
    batch = in_status(engine, "submitted")
    first, second = subsidising.line_ids(engine, batch)
    subsidising.step(engine, "poverty", ON, batches.approve, batch, {first: "未用于产业"})
    assert subsidising.line_ids(engine, batch) == [second]
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "277.08"
    bill(engine, date(2016, 9, 21))
    (again,) = subsidising.shown(engine, draft(engine, Q2.next))
    assert (again.kind, again.subsidy) == ("catch_up", "277.08")


def test_lines_returned_leave_the_batch_where_it_is_and_the_last_one_takes_it_back(engine: Engine) -> None:
    batch = in_status(engine, "approved")
    first, second = subsidising.line_ids(engine, batch)
    taken = subsidising.step(engine, "finance", ON, batches.send_back, batch, "重复", [first])
    assert (taken.status, subsidising.line_ids(engine, batch)) == ("approved", [second])
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "277.08"
    taken = subsidising.step(engine, "finance", ON, batches.send_back, batch, "重复", [second])
    assert taken.status == "returned"
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "0.00"


def test_an_unknown_line_or_batch_is_not_found_and_nothing_is_written(engine: Engine) -> None:
    batch = in_status(engine, "submitted")
    with pytest.raises(NotFound):
        subsidising.step(engine, "poverty", ON, batches.approve, batch, {1: "没有这一笔"})
    with pytest.raises(NotFound):
        subsidising.step(engine, "poverty", ON, batches.send_back, batch, "没有这一笔", [1])
    with pytest.raises(NotFound):
        subsidising.step(engine, "poverty", ON, batches.approve, 1)
    assert len(subsidising.line_ids(engine, batch)) == 2


def test_dates_follow_one_another_and_are_not_to_come(engine: Engine) -> None:
    batch = in_status(engine, "draft")
    with pytest.raises(PeriodNotOver):
        subsidising.step(engine, "checker", ON, batches.submit, batch, date(2016, 6, 20))
    with pytest.raises(FutureDate):
        subsidising.step(engine, "checker", ON, batches.submit, batch, date(2016, 6, 27))
    subsidising.step(engine, "checker", ON, batches.submit, batch, date(2016, 6, 25))
    with pytest.raises(BeforeEarlierStep):
        subsidising.step(engine, "poverty", ON, batches.approve, batch, None, date(2016, 6, 24))
    with pytest.raises(FutureDate):
        subsidising.step(engine, "poverty", ON, batches.approve, batch, None, date(2016, 6, 27))
    subsidising.step(engine, "poverty", ON, batches.approve, batch, None, date(2016, 6, 25))
    with pytest.raises(BeforeEarlierStep):
        subsidising.step(engine, "finance", ON, batches.verify, batch, date(2016, 6, 24))
    with pytest.raises(BeforeEarlierStep):
        subsidising.step(engine, "finance", ON, batches.send_back, batch, "早了", (), date(2016, 6, 24))


def test_a_report_of_nothing_goes_the_same_way(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21), [loan])
    batch = draft(engine)
    bring(engine, batch, "paid")
    assert subsidising.shown(engine, batch) == []
    assert subsidising.stands(engine, chart.TREASURY) == "0.00"
