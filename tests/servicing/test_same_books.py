"""Tests that facts recorded in different orders or at different times give two loans equal books (scheme 3)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ledger.errors import Refusal
from ledger.operations.servicing import repayments
from ledger.tables.loans import Loan
from tests.oracle.drawing import Drawn, drawn_histories
from tests.oracle.facts import Allocation, Contract, Fact, Line, Repaid, Row
from tests.support import serviced
from tests.support.beside_oracle import DRAWN, payable_on

PAID = ("repaid",)
LATER = ("repaid", "repaid", "repaid", "misused", "waived", "refunded")


class Books(NamedTuple):
    """The books of a loan, without ids and recording times."""

    rows: Counter[Row]
    lines: list[Line]
    allocations: Counter[Allocation]
    status: str


def books_of(engine: Engine, loan_id: int) -> Books:
    return Books(
        serviced.rows_of(engine, loan_id),
        serviced.lines_of(engine, loan_id),
        serviced.allocations_of(engine, loan_id),
        serviced.status_of(engine, loan_id),
    )


def serviced_loan(engine: Engine, contract: Contract, facts: Sequence[Fact], through: date) -> int:
    """Pay out a loan, record facts in the given order, process the loan up to a day, and return the loan's id."""
    loan_id = serviced.lend(engine, contract)
    for fact in facts:
        serviced.record(engine, loan_id, fact)
    serviced.run_to(engine, loan_id, through)
    return loan_id


@DRAWN
@given(drawn=drawn_histories(kinds=LATER, most=5, payable_on=payable_on))
def test_recorded_late_and_recorded_in_time_are_the_same(engine: Engine, drawn: Drawn) -> None:
    in_time = sorted(drawn.standing, key=lambda fact: fact.on)
    late = serviced_loan(engine, drawn.contract, drawn.standing, drawn.through)
    assert books_of(engine, late) == books_of(engine, serviced_loan(engine, drawn.contract, in_time, drawn.through))


@DRAWN
@given(drawn=drawn_histories(kinds=LATER, most=4, payable_on=payable_on))
def test_run_day_by_day_and_run_at_once_are_the_same(engine: Engine, drawn: Drawn) -> None:
    at_once = serviced_loan(engine, drawn.contract, drawn.standing, drawn.through)
    daily = serviced.lend(engine, drawn.contract)
    for fact in sorted(drawn.standing, key=lambda fact: fact.on):
        _run_daily(engine, daily, fact.on)
        serviced.record(engine, daily, fact)
    _run_daily(engine, daily, drawn.through)
    assert books_of(engine, daily) == books_of(engine, at_once)


def _run_daily(engine: Engine, loan_id: int, through: date) -> None:
    """Process a loan on each day with a due bill or change, one day at a time, as the daily job does."""
    due = select(Loan.next_step_on).where(Loan.id == loan_id, Loan.next_step_on <= through)
    while True:
        with engine.connect() as connection:
            day = connection.execute(due).scalar_one_or_none()
        if day is None:
            return
        serviced.run_to(engine, loan_id, day)


@DRAWN
@given(drawn=drawn_histories(kinds=PAID, most=5, payable_on=payable_on))
def test_repayments_before_and_after_the_jobs_are_the_same_one_by_one_and_as_a_sheet(
    engine: Engine, drawn: Drawn
) -> None:
    before = serviced_loan(engine, drawn.contract, drawn.standing, drawn.through)
    after = serviced.lend(engine, drawn.contract)
    serviced.run_to(engine, after, drawn.through)
    for fact in drawn.standing:
        serviced.record(engine, after, fact)
    serviced.run_to(engine, after, drawn.through)
    sheet = serviced.lend(engine, drawn.contract)
    serviced.run_to(engine, sheet, drawn.through)
    with serviced.at_bank(engine) as unit:
        rows = [serviced.receipt(sheet, fact) for fact in drawn.standing if isinstance(fact, Repaid)]
        repayments.repay_all(unit, rows)
    serviced.run_to(engine, sheet, drawn.through)
    assert books_of(engine, before) == books_of(engine, after) == books_of(engine, sheet)


@DRAWN
@given(drawn=drawn_histories(kinds=LATER, most=5, payable_on=payable_on), data=st.data())
def test_a_reversed_repayment_was_never_recorded(engine: Engine, drawn: Drawn, data: st.DataObject) -> None:
    """Reversing a repayment restores every posting, bill and status; a refused repayment changes nothing."""
    loan_id = serviced_loan(engine, drawn.contract, drawn.standing, drawn.through)
    before = books_of(engine, loan_id)
    day = drawn.contract.disbursed_on + timedelta(days=data.draw(st.integers(0, 200)))
    wrong = Repaid(day, data.draw(st.integers(1, 10_000)), data.draw(st.sampled_from(("credit", "principal"))))
    try:
        serviced.record(engine, loan_id, wrong)
    except Refusal:
        assert books_of(engine, loan_id) == before
        return
    serviced.run_to(engine, loan_id, drawn.through)
    assert books_of(engine, loan_id) != before
    serviced.undo(engine, loan_id, wrong)
    serviced.run_to(engine, loan_id, drawn.through)
    assert books_of(engine, loan_id) == before
