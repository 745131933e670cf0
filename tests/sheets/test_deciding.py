"""Tests that a checker confirms or rejects a sheet.

When a sheet is rejected, its rows and all events that followed from the rows are reversed in red.
"""

from datetime import date

import pytest
from sqlalchemy import Engine, select

from ledger.errors import Refusal
from ledger.money import yuan
from ledger.operations.approvals import requests
from ledger.operations.lending import loans
from ledger.operations.servicing import repayments
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.operations.sheets import review
from ledger.tables.journal import events
from ledger.tables.loans import Loan, Repayment, StatusChange, interest_bills
from tests.sheets.compared_books import END, count_of, history, imports_of, moved, post_due, unreversed, written
from tests.support.county_desk import at_desk
from tests.support.sheet_files import Row, csv_of, loan_row, paid_row, register, take_in


@pytest.fixture
def rows(engine: Engine) -> list[Row]:
    """Return a sheet's table of three loans whose households are registered."""
    sheet_rows = [loan_row() for _ in range(3)]
    register(engine, sheet_rows)
    return sheet_rows


def bring(engine: Engine, rows: list[Row], kind: str = "loans") -> int:
    """Import a sheet and return the id of the import."""
    done = take_in(engine, kind, csv_of(kind, rows))
    assert done.id is not None
    return done.id


def approve(engine: Engine, import_id: int, user: str = "checker") -> None:
    with at_desk(engine, user, END) as unit:
        review.approve(unit, import_id)


def reject(engine: Engine, import_id: int, user: str = "checker") -> None:
    with at_desk(engine, user, END) as unit:
        review.reject(unit, import_id, "台账有误")


def refusal_of(engine: Engine, import_id: int, user: str = "checker") -> Refusal:
    with pytest.raises(Refusal) as refused:
        reject(engine, import_id, user)
    return refused.value


def loan_ids(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(select(Loan.id).order_by(Loan.contract_no)).scalars())


def test_another_person_confirms_a_sheet_and_is_its_loans_checker(engine: Engine, rows: list[Row]) -> None:
    taken = bring(engine, rows)
    with pytest.raises(Refusal) as refused:
        approve(engine, taken, "officer")
    assert refused.value.code == "same_person"
    approve(engine, taken)
    assert imports_of(engine)[-1] == ("loans", "approved", 3, 3, 0)
    with engine.connect() as connection:
        who = connection.execute(select(Loan.recorded_by, Loan.disbursed_by, Loan.approved_by)).all()
    assert {tuple(row) for row in who} == {("officer", "officer", "checker")}
    for again in (approve, reject):
        with pytest.raises(Refusal) as refused:
            again(engine, taken)
        assert refused.value.code == "wrong_status"


def test_a_register_is_confirmed_by_nobody(engine: Engine, rows: list[Row]) -> None:
    taken = bring(
        engine,
        [
            {
                **row,
                "county": "360781",
                "town": "镇",
                "village": "村",
                "category": "五保户",
                "registered_on": "2014-05-01",
                "name": "王五",
                "relation": "户主",
            }
            for row in [loan_row()]
        ],
        "households",
    )
    for decide in (approve, reject):
        with pytest.raises(Refusal) as refused:
            decide(engine, taken)
        assert refused.value.code == "wrong_status"


def test_a_rejected_sheet_leaves_nothing_but_red_letters(engine: Engine, rows: list[Row]) -> None:
    taken = bring(engine, rows)
    post_due(engine)
    assert count_of(engine, interest_bills, interest_bills.c.live) == 3 * 3
    reject(engine, taken)
    assert imports_of(engine)[-1][1] == "rejected"
    with engine.connect() as connection:
        assert moved(connection) == {}
        red = connection.execute(select(events.c.reason, events.c.made_by).where(events.c.red)).all()
        assert {tuple(row) for row in red} == {("台账有误", "checker")}
        changes = connection.execute(select(StatusChange.from_status, StatusChange.to_status)).all()
        assert [tuple(row) for row in changes] == [("active", "returned")] * 3
    assert len(red) == 3 * (1 + 3)
    assert count_of(engine, interest_bills, interest_bills.c.live) == 0
    assert count_of(engine, Loan, Loan.status == "returned", Loan.next_step_on.is_(None)) == 3
    post_due(engine)
    assert count_of(engine, interest_bills, interest_bills.c.live) == 0


def test_a_corrected_sheet_after_a_rejection_books_its_loans_anew(engine: Engine, rows: list[Row]) -> None:
    first, twin = rows[0], rows[2]
    taken = bring(engine, rows[:2])
    post_due(engine)
    reject(engine, taken)
    corrected = [first | {"disbursed_on": "2016-05-20", "principal": "20000.00"}, rows[1]]
    ids = loan_ids(engine)
    done = take_in(engine, "loans", csv_of("loans", corrected))
    assert (done.booked, done.unchanged) == (2, 0)
    assert loan_ids(engine) == ids
    bring(engine, [twin | {"disbursed_on": "2016-05-20", "principal": "20000.00"}])
    post_due(engine)
    assert unreversed(engine, first) == unreversed(engine, twin)
    assert take_in(engine, "loans", csv_of("loans", corrected)).unchanged == 2


def test_a_loan_of_a_rejected_sheet_may_go_the_desks_way(engine: Engine, rows: list[Row]) -> None:
    reject(engine, bring(engine, rows[:1]))
    (loan_id,) = loan_ids(engine)
    with at_desk(engine, "officer", END) as unit:
        loans.amend(unit, loan_id, {"purpose": "养鸡"})
        loans.resubmit(unit, loan_id)
    with at_desk(engine, "checker", END) as unit:
        loans.approve(unit, loan_id)
    with at_desk(engine, "officer", END) as unit:
        loans.disburse(unit, loan_id, date(2016, 5, 10))
    post_due(engine)
    assert count_of(engine, interest_bills, interest_bills.c.live) == 3


def test_a_sheet_stays_while_a_persons_record_rests_on_it(engine: Engine, rows: list[Row]) -> None:
    taken = bring(engine, rows)
    post_due(engine)
    loan_id = loan_ids(engine)[1]
    with at_desk(engine, "officer", END) as unit:
        paid = repayments.repay(unit, Received(loan_id, yuan("277.08"), date(2016, 6, 21), "转账", "R-1"))
    before = [written(engine, [row["contract_no"]]) for row in rows]
    refusal = refusal_of(engine, taken)
    assert (refusal.code, refusal.facts["event"], refusal.facts["found"]) == (
        "rests_on_it",
        "RepaymentReceived",
        "2016-06-21",
    )
    assert refusal.facts["contract_no"] == rows[1]["contract_no"]
    assert [written(engine, [row["contract_no"]]) for row in rows] == before
    with at_desk(engine, "officer", END) as unit:
        repayments.reverse(unit, paid.id, ReversalReason("记错"))
    reject(engine, taken)
    with engine.connect() as connection:
        assert moved(connection) == {}


def test_what_waits_for_a_second_person_rests_on_the_sheet_too(engine: Engine, rows: list[Row]) -> None:
    taken = bring(engine, rows)
    loan_id = loan_ids(engine)[0]
    with at_desk(engine, "officer", END) as unit:
        asked = requests.ask(
            unit,
            "misuse",
            {"effective_on": date(2016, 8, 1), "found_on": date(2016, 9, 1), "reason": "买房"},
            loan_id=loan_id,
        )
    assert refusal_of(engine, taken).facts["event"] == "misuse"
    with at_desk(engine, "checker", END) as unit:
        requests.refuse(unit, asked.id, "查无实据")
    reject(engine, taken)


def test_rejected_repayments_leave_the_loans_as_if_they_had_never_come(engine: Engine, rows: list[Row]) -> None:
    approve(engine, bring(engine, rows))
    paid, twin, never = rows
    for loan in (paid, twin):
        with at_desk(engine, "officer", END) as unit:
            loan_id = unit.session.execute(select(Loan.id).where(Loan.contract_no == loan["contract_no"])).scalar_one()
            repayments.repay(unit, Received(loan_id, yuan("100.00"), date(2016, 10, 8), "现金", "R-0"))
    taken = bring(engine, [*history(paid), *history(never)], "repayments")
    post_due(engine)
    assert unreversed(engine, paid) != unreversed(engine, twin)
    reject(engine, taken)
    post_due(engine)
    assert unreversed(engine, paid) == unreversed(engine, twin)
    assert count_of(engine, Repayment, Repayment.live.is_(True)) == 2
    with engine.connect() as connection:
        kept = connection.execute(select(Repayment.event_id).where(Repayment.live.is_(True))).scalars().all()
        standing = (
            connection.execute(
                select(events.c.id)
                .where(events.c.kind == "RepaymentReceived", ~events.c.red)
                .where(events.c.id.not_in(select(events.c.reverses_id).where(events.c.red)))
            )
            .scalars()
            .all()
        )
    assert sorted(kept) == sorted(standing)


def test_the_same_repayments_come_again_after_a_rejection(engine: Engine, rows: list[Row]) -> None:
    bring(engine, rows)
    sheet = [row for loan in rows[:2] for row in history(loan)]
    first = bring(engine, sheet, "repayments")
    post_due(engine)
    before = unreversed(engine, rows[0])
    reject(engine, first)
    again = take_in(engine, "repayments", csv_of("repayments", sheet))
    assert (again.booked, again.unchanged) == (8, 0)
    post_due(engine)
    assert unreversed(engine, rows[0]) == before


def test_loans_stay_while_an_imported_repayment_rests_on_them(engine: Engine, rows: list[Row]) -> None:
    taken = bring(engine, rows)
    paid = bring(engine, [paid_row(rows[0])], "repayments")
    assert refusal_of(engine, taken).code == "rests_on_it"
    reject(engine, paid)
    reject(engine, taken)
    with engine.connect() as connection:
        assert moved(connection) == {}
