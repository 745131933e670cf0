"""Tests that a sheet of repayments is booked completely and once, as if each repayment had been recorded on its day."""

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger.imports.reading import read_sheet, read_table
from ledger.money import yuan
from ledger.operations.servicing import repayments
from ledger.operations.servicing.repayments import Received
from ledger.operations.sheets import intake
from ledger.operations.sheets.import_run import Importer
from ledger.tables.journal import events
from ledger.tables.loans import Loan, Repayment
from tests.sheets.compared_books import END, count_of, history, imports_of, post_due, unreversed
from tests.support.county_desk import BANK, at_desk, row_counts
from tests.support.sheet_files import (
    OFFICER,
    Cut,
    Row,
    codes_of,
    csv_of,
    faults_of,
    loan_row,
    paid_row,
    register,
    stopping,
    take_in,
)


@pytest.fixture
def lent(engine: Engine) -> list[Row]:
    """Return the rows of four loans that were paid out on 2016-05-10."""
    rows = [loan_row() for _ in range(4)]
    register(engine, rows)
    take_in(engine, "loans", csv_of("loans", rows))
    return rows


@pytest.mark.parametrize(
    "case, days",
    [
        ("before the jobs ran", []),
        ("between two runs", [date(2016, 8, 10)]),
        ("after all jobs", [date(2016, 6, 30), END]),
    ],
)
def test_a_sheet_gives_the_books_of_recording_in_time_whenever_it_comes(
    case: str, days: list[date], engine: Engine, lent: list[Row]
) -> None:
    early, late = lent[:2]
    for row in sorted(history(early), key=lambda row: row["paid_on"]):
        _in_time(engine, row)
    for day in days:
        post_due(engine, day)
    done = take_in(engine, "repayments", csv_of("repayments", history(late)), today=END)
    assert (done.status, done.booked) == ("booked", 4)
    post_due(engine, END)
    assert unreversed(engine, late) == unreversed(engine, early)


def _in_time(engine: Engine, row: Row) -> None:
    on = date.fromisoformat(row["paid_on"])
    with at_desk(engine, "officer", on) as unit:
        loan_id = unit.session.execute(select(Loan.id).where(Loan.contract_no == row["contract_no"])).scalar_one()
        surplus: Any = "principal" if row.get("surplus") else "credit"
        amount = yuan(row["amount"].replace(",", ""))
        repayments.repay(unit, Received(loan_id, amount, on, "转账", row["receipt_no"], surplus=surplus))


def test_the_same_sheet_twice_changes_nothing(engine: Engine, lent: list[Row]) -> None:
    rows = [row for loan in lent for row in history(loan)]
    take_in(engine, "repayments", csv_of("repayments", rows))
    post_due(engine, END)
    with engine.connect() as connection:
        before = row_counts(connection)
    again = take_in(engine, "repayments", csv_of("repayments", rows[::-1]), Importer("officer2", BANK))
    assert (again.status, again.booked, again.unchanged) == ("unchanged", 0, 16)
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_what_is_wrong_with_repayments(engine: Engine, lent: list[Row]) -> None:
    loan = lent[0]
    known = paid_row(loan)
    take_in(engine, "repayments", csv_of("repayments", [known]))
    settling = paid_row(lent[1], amount="60000.00", paid_on="2016-06-30")
    cases: list[tuple[str, list[Row], list[tuple[str, str]]]] = [
        ("a contract of nobody", [paid_row(loan, contract_no="HT-0")], [("contract_no", "loan_unknown")]),
        ("nothing", [paid_row(loan, amount="0.00")], [("amount", "amount_not_positive")]),
        ("tomorrow", [paid_row(loan, paid_on="2017-01-01")], [("paid_on", "future_date")]),
        ("before the loan", [paid_row(loan, paid_on="2016-05-09")], [("paid_on", "before_disbursement")]),
        (
            "received after it counts",
            [paid_row(loan, received_on="2016-06-22")],
            [("received_on", "received_after_paid")],
        ),
        (
            "a receipt twice",
            [paid_row(loan, receipt_no="R"), paid_row(loan, receipt_no="R")],
            [("receipt_no", "row_twice")],
        ),
        ("recorded otherwise", [known | {"amount": "1.00"}], [("receipt_no", "row_differs")]),
        (
            "after the loan was settled",
            [settling, paid_row(lent[1], paid_on="2016-07-01")],
            [("paid_on", "loan_closed")],
        ),
        ("no receipt", [paid_row(loan, receipt_no="")], [("receipt_no", "cell_empty")]),
        ("a float", [paid_row(loan, amount="277.085")], [("amount", "amount_unfit")]),
    ]
    with engine.connect() as connection:
        before = row_counts(connection)
    for case, rows, wrong in cases:
        found = codes_of(faults_of(engine, "repayments", csv_of("repayments", rows)))
        assert [(column, code) for _, column, code in found] == wrong, case
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_all_faults_of_all_loans_are_told_though_chunks_are_tried_one_by_one(engine: Engine, lent: list[Row]) -> None:
    rows = []
    for loan in lent:
        rows += [
            paid_row(loan, amount="60000.00", paid_on="2016-06-30"),
            paid_row(loan, paid_on="2016-07-01"),
            paid_row(loan, paid_on="2016-07-02"),
        ]
    post_due(engine, END)
    with engine.connect() as connection:
        before = row_counts(connection)
    for whole in (False, True):
        found = faults_of(engine, "repayments", csv_of("repayments", rows), dry_run=not whole, chunk_rows=3)
        assert [fault.row for fault in found] == [3, 4, 6, 7, 9, 10, 12, 13]
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_a_repayment_that_leaves_no_room_for_one_recorded_before_is_the_fault_of_its_row(
    engine: Engine, lent: list[Row]
) -> None:
    take_in(engine, "repayments", csv_of("repayments", [paid_row(lent[0], paid_on="2016-10-08")]))
    rows = [paid_row(lent[1]), paid_row(lent[0], amount="60000.00", paid_on="2016-06-30")]
    (fault,) = faults_of(engine, "repayments", csv_of("repayments", rows))
    assert (fault.row, fault.code) == (3, "loan_closed")


def test_a_closed_month_refuses_the_rows_dated_in_it(engine: Engine, lent: list[Row]) -> None:
    post_due(engine, END)
    with at_desk(engine) as unit:
        unit.connection.exec_driver_sql("UPDATE books SET closed_through = '2016-06-30' WHERE book = 'LOAN-GZRCB'")
    rows = [paid_row(lent[0]), paid_row(lent[1], paid_on="2016-07-01")]
    (fault,) = faults_of(engine, "repayments", csv_of("repayments", rows))
    assert (fault.row, fault.column, fault.code) == (2, "paid_on", "period_closed")
    late = paid_row(lent[0], paid_on="2016-07-01", received_on="2016-06-21")
    assert take_in(engine, "repayments", csv_of("repayments", [late, rows[1]])).booked == 2


def test_a_dry_run_keeps_nothing(engine: Engine, lent: list[Row]) -> None:
    with engine.connect() as connection:
        before = row_counts(connection)
    rows = [row for loan in lent for row in history(loan)]
    tried = take_in(engine, "repayments", csv_of("repayments", rows), dry_run=True, chunk_rows=5)
    assert (tried.status, tried.ready, tried.booked) == ("checked", 16, 0)
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_cut_off_between_loans_the_same_file_completes_it(engine: Engine) -> None:
    at = 0
    done = None
    while done is None:
        at += 1
        loans = [loan_row() for _ in range(3)]
        register(engine, loans)
        take_in(engine, "loans", csv_of("loans", loans))
        data = csv_of("repayments", [row for loan in loans for row in history(loan)])
        with suppress(Cut):
            done = _take(engine, data, at)
        again = take_in(engine, "repayments", data, chunk_rows=4)
        assert again.booked + again.unchanged == 12
        assert {row[1:] for row in imports_of(engine) if row[0] == "repayments"} == {("booked", 12, 12, 0)}
        paid = events.c.kind == "RepaymentReceived"
        assert count_of(engine, Repayment) == count_of(engine, events, paid, ~events.c.red) == at * 12
    assert at > 10


def _take(engine: Engine, data: bytes, at: int) -> intake.Outcome:
    table = read_table("repayments", read_sheet(data, "还款.csv"))
    return intake.take_in(stopping(engine, at, inside=False), OFFICER, table, chunk_rows=4)


def test_an_officer_of_named_counties_pays_into_loans_there_only(engine: Engine, lent: list[Row]) -> None:
    elsewhere = Importer("local", BANK, frozenset({"360702"}))
    found = codes_of(faults_of(engine, "repayments", csv_of("repayments", [paid_row(lent[0])]), elsewhere))
    assert found == [(2, "contract_no", "loan_unknown")]
