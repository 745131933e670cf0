"""Tests that the notices of a loan equal the results of a daily check, even after late records and reversals.

The notices job may run on any days, but the daily check examines the loan on every day of its term (scheme 7).
"""

from contextlib import ExitStack
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from jobs.job import Step
from jobs.notices import NOTICES
from ledger.operations.job_runs import Scope
from ledger.tables.notices import Notice
from tests.oracle.days import book_after
from tests.oracle.drawing import AFTER_DUE, contracts, draw_fact
from tests.oracle.facts import Extended
from tests.oracle.history import History
from tests.support.beside_oracle import DRAWN, Shop, as_agreed, open_shop, payable_on
from tests.support.county_desk import BANK, COUNTY
from tests.support.serviced import at_bank

KINDS = ("repaid", "repaid", "repaid", "misused", "extended", "extended", "written_off", "insured", "waived")
AHEAD = {"D30": 30, "D7": 7}
STEP = Scope(BANK, COUNTY)

Seen = dict[tuple[date, str], tuple[date, date | None]]


# A full test run draws 300 examples.
@settings(DRAWN, max_examples=max(3, settings().max_examples * 3 // 20))
@given(data=st.data())
def test_the_notices_are_those_of_somebody_who_looks_at_every_day(engine: Engine, data: st.DataObject) -> None:
    portfolio = data.draw(st.lists(contracts(payable_on=payable_on), min_size=1, max_size=2))
    last = max(contract.rolled_on for contract in portfolio) + timedelta(days=AFTER_DUE)
    first = min(contract.disbursed_on for contract in portfolio)
    with ExitStack() as opened:
        shops = [opened.enter_context(open_shop(engine, contract)) for contract in portfolio]
        _live_through(engine, shops, data, first, last)


def _live_through(engine: Engine, shops: list[Shop], data: st.DataObject, first: date, last: date) -> None:
    for _ in range(data.draw(st.integers(1, 8))):
        shop = data.draw(st.sampled_from(shops))
        step = data.draw(st.sampled_from(("record", "record", "run", "run", "undo")))
        if step == "record":
            _record(shop, data)
        elif step == "undo" and shop.undoable:
            shop.undo(data.draw(st.sampled_from(shop.undoable)))
        elif step == "run":
            run(engine, first + timedelta(days=data.draw(st.integers(0, (last - first).days))))
    for shop in shops:
        shop.run_to(last)  # A loan may close on a calendar day on which no user records anything.
    run(engine, last)
    assert run(engine, last) == 0, "a second run finds nothing"
    for shop in shops:
        assert kept(engine, shop.loan_id) == by_looking(shop.history, last)


def _record(shop: Shop, data: st.DataObject) -> None:
    drawn = draw_fact(data.draw, shop.history, KINDS)
    if drawn is not None and (fact := as_agreed(shop.history.contract, drawn)) is not None:
        shop.record(fact)


def run(engine: Engine, on: date) -> int:
    """Run the notices job for a day in one transaction, and return how many loans the job selected."""
    step = Step(on, STEP)
    with at_bank(engine, "job:notices", on) as unit:
        found = NOTICES.items(unit.session, step, 0, 5000)
        assert len(found) == NOTICES.due(unit.session, on).get(STEP, 0)
        NOTICES.work(unit, step, found)
        return len(found)


def kept(engine: Engine, loan_id: int) -> Seen:
    """Return the stored notices of a loan, without notices that were cancelled on their day of creation."""
    query = select(Notice.due_on, Notice.kind, Notice.created_on, Notice.cancelled_on)
    with engine.connect() as connection:
        found = connection.execute(query.where(Notice.loan_id == loan_id)).all()
    return {
        (row.due_on, row.kind): (row.created_on, row.cancelled_on)
        for row in found
        if row.created_on != row.cancelled_on
    }


def by_looking(history: History, last: date) -> Seen:
    """Return the notices that a check on every day of the loan's life would have issued and cancelled."""
    statuses = book_after(history.contract, history.facts, last).statuses
    seen: Seen = {}
    day = history.contract.disbursed_on
    while day <= last:
        due_on = history.contract.due_on
        for fact in history.facts:
            if isinstance(fact, Extended) and fact.on <= day:
                due_on = fact.due_on
        is_open = statuses[day] in ("active", "overdue")
        for key, (created_on, cancelled_on) in seen.items():
            if cancelled_on is None and (not is_open or key[0] != due_on):
                seen[key] = created_on, day
        for kind, ahead in AHEAD.items():
            if is_open and (due_on - day).days <= ahead and (due_on, kind) not in seen:
                seen[due_on, kind] = day, None
        day += timedelta(days=1)
    return seen
