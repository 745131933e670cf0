"""Tests that a sheet of loans is booked completely and only once, like single loans, even after an interruption."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ledger import balances
from ledger.balances import Clocks
from ledger.errors import Conflict
from ledger.imports.reading import SheetFaults, Table, read_sheet, read_table
from ledger.money import of_fen
from ledger.operations.job_runs import Scope
from ledger.operations.lending import loans
from ledger.operations.servicing import due, run
from ledger.operations.sheets import intake, review
from ledger.operations.sheets.import_run import Importer
from ledger.policy.terms import due_on
from ledger.tables.borrowers import Household
from ledger.tables.journal import events
from ledger.tables.loans import Loan
from ledger.tables.work import Import
from ledger.unit_of_work import Unit
from tests.sheets.compared_books import count_of, imports_of, moved, owed, written
from tests.support.county_desk import BANK, at_desk, request, row_counts
from tests.support.sheet_files import (
    OFFICER,
    Cut,
    Row,
    beginning,
    csv_of,
    faults_of,
    loan_row,
    register,
    stopping,
    take_in,
)

HASH_LENGTH = 64


@st.composite
def loan_facts(draw: st.DrawFn) -> dict[str, Any]:
    """Return the facts of a loan that breaks no rule."""
    signed_on = draw(st.dates(date(2016, 1, 1), date(2016, 11, 30)))
    return {
        "principal": draw(st.integers(1, 5_000_000)),
        "term_months": draw(st.integers(36, 60)),
        "signed_on": signed_on,
        "disbursed_on": signed_on + timedelta(days=draw(st.integers(0, 31))),
        "purpose": draw(st.sampled_from(["脐橙种植", "养鸡", "=1+1"])),
    }


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # all examples use one database, but different loans
@given(facts_of_loans=st.lists(loan_facts(), min_size=1, max_size=4))
def test_a_sheet_books_what_the_desk_would_have_booked(engine: Engine, facts_of_loans: list[dict[str, Any]]) -> None:
    rows = [_row(facts) for facts in facts_of_loans]
    twins = [loan_row() for _ in facts_of_loans]
    register(engine, [*rows, *twins])
    take_in(engine, "loans", csv_of("loans", rows), chunk_rows=3)
    for facts, row, twin in zip(facts_of_loans, rows, twins, strict=True):
        _at_the_desk(engine, facts, row["contract_no"], twin["registry_no"])
    for bank in (BANK, "ABC"):
        _carry(engine, bank, date(2016, 12, 31))
    contracts = [row["contract_no"] for row in rows]
    assert written(engine, contracts) == written(engine, contracts, "ABC")


def _row(facts: dict[str, Any]) -> Row:
    cells = {"principal": f"{facts['principal'] / 100:.2f}", "term_months": str(facts["term_months"])}
    days = {name: facts[name].isoformat() for name in ("signed_on", "disbursed_on")}
    return loan_row(**(cells | days | {"purpose": facts["purpose"]}))


def _at_the_desk(engine: Engine, facts: dict[str, Any], contract_no: str, registry_no: str) -> None:
    last = date(2016, 12, 31)
    with at_desk(engine, "officer", last) as unit:
        home = unit.session.execute(select(Household.id).where(Household.registry_no == registry_no)).scalar_one()
        asked = request(
            contract_no=contract_no,
            bank="ABC",
            household_id=home,
            annual_rate=Decimal("0.0475"),
            principal=of_fen(facts["principal"]),
            term_months=facts["term_months"],
            signed_on=facts["signed_on"],
            purpose=facts["purpose"],
        )
        loan_id = loans.record(unit, asked).id
    with at_desk(engine, "checker", last) as unit:
        loans.approve(unit, loan_id)
    with at_desk(engine, "officer", last) as unit:
        loans.disburse(unit, loan_id, facts["disbursed_on"])


def _carry(engine: Engine, bank: str, through: date) -> None:
    with at_desk(engine, "job", through) as unit:
        ids = due.loans_due(unit.session, Scope(bank, "360781"), through, 0, 5000)
        run.run_to(unit, ids, through)


def test_a_booked_sheet_is_the_document_and_its_importer_the_maker(engine: Engine) -> None:
    rows = [loan_row(), loan_row(principal="20000.00", disbursed_on="2016-05-31", term_months="37")]
    register(engine, rows)
    done = take_in(engine, "loans", csv_of("loans", rows))
    assert (done.status, done.rows, done.booked, done.unchanged) == ("booked", 2, 2, 0)
    with engine.connect() as connection:
        taken = connection.execute(select(Import.__table__).where(Import.kind == "loans")).one()
        assert (taken.bank, taken.made_by, len(taken.hash)) == (BANK, "officer", HASH_LENGTH)
        for event in connection.execute(select(events).where(events.c.kind == "LoanDisbursed")):
            assert (event.document, event.origin, event.made_by) == (taken.hash, f"import/{done.id}", "officer")
        stood = balances.turnovers(connection, "LOAN-GZRCB", Clocks(date(2016, 12, 31)))
        assert {row.account.code: row.closing for row in stood} == {"130301": 7_000_000, "1003": -7_000_000}
        days = connection.execute(select(Loan.due_on).order_by(Loan.disbursed_on)).scalars().all()
    assert days == [due_on(date(2016, 5, 10), 36), date(2019, 6, 30)]


def test_the_same_file_twice_changes_nothing(engine: Engine) -> None:
    rows = [loan_row() for _ in range(5)]
    register(engine, rows)
    take_in(engine, "loans", csv_of("loans", rows))
    with engine.connect() as connection:
        before = row_counts(connection)
    again = take_in(engine, "loans", csv_of("loans", rows))
    assert (again.id, again.status, again.booked, again.unchanged) == (None, "unchanged", 0, 5)
    other = take_in(engine, "loans", csv_of("loans", rows, "gb18030"), Importer("officer2", BANK))
    assert (other.booked, other.unchanged) == (0, 5)
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_a_sheet_grown_longer_books_what_is_new(engine: Engine) -> None:
    rows = [loan_row() for _ in range(6)]
    register(engine, rows)
    take_in(engine, "loans", csv_of("loans", rows[:4]))
    done = take_in(engine, "loans", csv_of("loans", rows))
    assert (done.rows, done.booked, done.unchanged) == (6, 2, 4)
    assert owed(engine) == 6 * 5_000_000


def test_a_dry_run_tells_what_would_be_and_keeps_nothing(engine: Engine) -> None:
    rows = [loan_row() for _ in range(3)]
    register(engine, rows)
    take_in(engine, "loans", csv_of("loans", rows[:1]))
    with engine.connect() as connection:
        before = row_counts(connection)
    tried = take_in(engine, "loans", csv_of("loans", rows), dry_run=True)
    assert (tried.id, tried.status, tried.booked, tried.ready, tried.unchanged) == (None, "checked", 0, 2, 1)
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_one_fault_in_the_last_row_keeps_all_others_out(engine: Engine) -> None:
    rows = [loan_row() for _ in range(11)] + [loan_row(principal="50000.01")]
    register(engine, rows)
    with engine.connect() as connection:
        before = row_counts(connection)
    assert len(faults_of(engine, "loans", csv_of("loans", rows), chunk_rows=3)) == 1
    with engine.connect() as connection:
        assert row_counts(connection) == before


def _table(rows: list[Row]) -> Table:
    return read_table("loans", read_sheet(csv_of("loans", rows), "放款台账.csv"))


@pytest.mark.parametrize("inside", [False, True])
def test_cut_off_anywhere_the_same_file_again_completes_it_and_nothing_is_double(engine: Engine, inside: bool) -> None:
    for at in range(1, 20):
        rows = [loan_row() for _ in range(10)]
        register(engine, rows)
        contracts = [row["contract_no"] for row in rows]
        try:
            intake.take_in(stopping(engine, at, inside=inside), OFFICER, _table(rows), chunk_rows=3)
        except Cut:
            pass
        else:
            break  # An import with fewer than `at` transactions is not interrupted.
        done = intake.take_in(beginning(engine), OFFICER, _table(rows), chunk_rows=3)
        assert done.booked + done.unchanged == 10
        assert count_of(engine, Loan, Loan.contract_no.in_(contracts)) == 10
        assert {row[:5] for row in imports_of(engine) if row[0] == "loans"} == {("loans", "booked", 10, 10, 0)}
        ((posted, _, stands),) = [written(engine, contracts)]
        assert (sum(posted.values()), len(stands)) == (10, 10)
    assert at > 8  # An import has transactions for the search, four checks, the opening, four chunks and the finish.
    assert owed(engine) == at * 10 * 5_000_000
    with engine.connect() as connection:
        assert moved(connection) == {"130301": at * 50_000_000, "1003": -at * 50_000_000}


def test_two_people_and_one_of_them_twice_bring_the_same_file_at_once(engine: Engine) -> None:
    rows = [loan_row() for _ in range(24)]
    register(engine, rows)
    gate = Barrier(3)

    def bring(user: str) -> int:
        table = _table(rows)
        gate.wait()
        return intake.take_in(beginning(engine, user), Importer(user, BANK), table, chunk_rows=4).booked

    with ThreadPoolExecutor(3) as people:
        list(people.map(bring, ["officer", "officer", "officer2"]))
    assert count_of(engine, Loan) == count_of(engine, events) == 24
    assert sum(booked for _, _, _, booked, _ in imports_of(engine)[1:]) == 24
    assert {status for _, status, _, _, _ in imports_of(engine)[1:]} <= {"booked", "unchanged"}
    with engine.connect() as connection:
        assert moved(connection)["130301"] == 24 * 5_000_000


def test_a_household_lent_to_elsewhere_between_check_and_booking_undoes_the_whole_sheet(engine: Engine) -> None:
    rows = [loan_row() for _ in range(6)]
    register(engine, rows)
    begun = 0

    @contextmanager
    def begin() -> Iterator[Unit]:
        nonlocal begun
        begun += 1
        if begun == 6:  # The five earlier transactions are the search, two checks, the opening and one chunk.
            _lend_elsewhere(engine, rows[5]["registry_no"])
        with beginning(engine)() as unit:
            yield unit

    with pytest.raises(SheetFaults) as refused:
        intake.take_in(begin, OFFICER, _table(rows), chunk_rows=3)
    assert begun > 6
    assert [(fault.row, fault.code) for fault in refused.value.found] == [(7, "over_household_cap")]
    assert imports_of(engine)[-1] == ("loans", "failed", 6, 0, 0)
    assert owed(engine) == 100
    with engine.connect() as connection:
        assert moved(connection) == {"130301": 100, "1003": -100}
        assert set(connection.execute(select(Loan.status).where(Loan.bank == BANK)).scalars()) == {"returned"}


def _lend_elsewhere(engine: Engine, registry_no: str) -> None:
    facts = {"principal": 100, "term_months": 36, "signed_on": date(2016, 5, 9), "disbursed_on": date(2016, 5, 10)}
    _at_the_desk(engine, facts | {"purpose": "养鸡"}, "ABC-1", registry_no)


def test_in_one_transaction_of_the_caller_nothing_is_kept_of_a_refused_sheet(engine: Engine) -> None:
    rows = [loan_row() for _ in range(4)]
    register(engine, rows)
    with engine.connect() as connection:
        before = row_counts(connection)

    with suppress(Cut), at_desk(engine, today=date(2016, 12, 31)) as unit:
        done = intake.take_in_at_once(unit, OFFICER, _table(rows), chunk_rows=3)
        assert done.booked == 4
        raise Cut
    with engine.connect() as connection:
        assert row_counts(connection) == before
    with at_desk(engine, today=date(2016, 12, 31)) as unit:
        intake.take_in_at_once(unit, OFFICER, _table(rows), chunk_rows=3)
    assert imports_of(engine)[-1] == ("loans", "booked", 4, 4, 0)


def test_an_import_rejected_while_it_books_stops(engine: Engine) -> None:
    rows = [loan_row() for _ in range(6)]
    register(engine, rows)
    begun = 0

    @contextmanager
    def begin() -> Iterator[Unit]:
        nonlocal begun
        begun += 1
        if begun == 6:
            with at_desk(engine, "checker", date(2016, 12, 31)) as unit:
                review.reject(unit, unit.session.execute(select(Import.id)).scalars().all()[-1], "错了")
        with beginning(engine)() as unit:
            yield unit

    with pytest.raises(Conflict) as refused:
        intake.take_in(begin, OFFICER, _table(rows), chunk_rows=3)
    assert refused.value.code == "wrong_status"
    assert imports_of(engine)[-1][1] == "rejected"
    assert owed(engine) == 0
