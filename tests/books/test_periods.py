"""Tests of promise 6: months close in order, after the daily job, never during a write; two people reopen a month."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier, Thread
from time import sleep

import pytest
from sqlalchemy import Engine, select

from ledger import balances
from ledger.errors import NotFound, Refusal, SamePerson
from ledger.ids import new_id
from ledger.operations import job_runs
from ledger.operations.approvals import requests
from ledger.operations.books import periods
from ledger.operations.job_runs import Scope
from ledger.operations.lending import loans
from ledger.tables.loans import Loan
from ledger.tables.work import Closing, Import
from ledger.unit_of_work import Unit
from tests.support.county_desk import approved_loan, at_desk, disbursed_loan, household, request, row_counts

BOOK = "LOAN-GZRCB"
LATER = date(2016, 8, 1)


def ran_daily(unit: Unit, through: date, status: str = "done") -> None:
    """Record a run of the daily job that had no items to do."""
    run = job_runs.begin(unit, "daily", through, Scope(), 0, "cron", asked=True)
    if status != "running":
        job_runs.end(unit, run, status)


def sheet(unit: Unit, status: str, bank: str = "GZRCB", kind: str = "loans") -> int:
    """Record an import without rows, in a given status, and return the import's id."""
    imported = Import(
        id=new_id(),
        kind=kind,
        bank=bank,
        file_name="loans.csv",
        hash="0" * 64,
        status=status,
        rows=1,
        booked=1,
        unchanged=0,
        faults="[]",
        made_by="officer",
        made_on=unit.today,
        made_at=unit.recorded_at,
        decision="",
    )
    unit.session.add(imported)
    unit.session.flush()
    return imported.id


@pytest.fixture
def loan(engine: Engine) -> int:
    """Return the id of a loan paid out on 2016-05-10, with a run of the daily job recorded for 2016-07-31."""
    with at_desk(engine) as unit:
        home = household(unit)
        ran_daily(unit, date(2016, 7, 31))
    return disbursed_loan(engine, request(household_id=home))


def close(engine: Engine, month: str, book: str = BOOK, today: date = LATER) -> None:
    with at_desk(engine, "checker", today) as unit:
        periods.close_month(unit, book, month)


def closed_through(engine: Engine) -> str:
    with at_desk(engine) as unit:
        return str(balances.closed_through(unit.connection)[BOOK])


def test_a_closed_month_takes_no_entry(engine: Engine, loan: int) -> None:
    with at_desk(engine) as unit:
        home = household(unit)
    late = approved_loan(engine, request(household_id=home))
    close(engine, "2016-05")
    with pytest.raises(Refusal) as refused, at_desk(engine) as unit:
        loans.disburse(unit, late, date(2016, 5, 31))
    assert (refused.value.code, refused.value.facts["first_open"]) == ("period_closed", "2016-06-01")
    with at_desk(engine) as unit:
        assert loans.disburse(unit, late, date(2016, 6, 1)).status == "active"


def test_who_closed_what_is_kept(engine: Engine, loan: int) -> None:
    close(engine, "2016-05")
    with at_desk(engine) as unit:
        row = unit.session.execute(select(Closing)).scalar_one()
        assert (row.book, row.month, row.action, row.by) == (BOOK, "2016-05", "close", "checker")


@pytest.mark.parametrize(
    "case, months, code, limit",
    [
        ("an earlier month has entries and is open", ["2016-06"], "month_out_of_order", "2016-05"),
        ("a month is left out", ["2016-05", "2016-07"], "month_out_of_order", "2016-06"),
        ("the month is not over", ["2016-08"], "month_not_over", "2016-08-01"),
        ("it is closed already", ["2016-05", "2016-05"], "wrong_status", "None"),
        ("an empty month before the first entry", ["2016-03", "2016-04", "2016-05"], None, "None"),
    ],
)
def test_months_close_in_order_and_only_when_over(
    case: str, months: list[str], code: str | None, limit: str, engine: Engine, loan: int
) -> None:
    for month in months[:-1]:
        close(engine, month)
    if code is None:
        close(engine, months[-1])
        assert closed_through(engine) == "2016-05-31"
        return
    with pytest.raises(Refusal) as refused:
        close(engine, months[-1])
    assert (refused.value.code, str(refused.value.facts.get("limit"))) == (code, limit)


def test_a_month_closes_on_the_day_after_its_last(engine: Engine, loan: int) -> None:
    with pytest.raises(Refusal, match="month_not_over"):
        close(engine, "2016-05", today=date(2016, 5, 31))
    close(engine, "2016-05", today=date(2016, 6, 1))


@pytest.mark.parametrize(
    "case, through, status",
    [
        ("never", None, "done"),
        ("one day short", "2016-05-30", "done"),
        ("with failures", "2016-05-31", "failed"),
        ("still running", "2016-05-31", "running"),
    ],
)
def test_a_month_closes_only_when_daily_has_run_through_its_last_day(
    case: str, through: str | None, status: str, engine: Engine
) -> None:
    with at_desk(engine) as unit:
        if through is not None:
            ran_daily(unit, date.fromisoformat(through), status)
    with pytest.raises(Refusal) as refused:
        close(engine, "2016-05")
    assert (refused.value.code, refused.value.facts["limit"]) == ("daily_not_run", "2016-05-31")
    with at_desk(engine) as unit:
        ran_daily(unit, date(2016, 6, 3))
    close(engine, "2016-05")


def test_a_loan_paid_out_late_wants_its_lines_before_the_month_closes(engine: Engine, loan: int) -> None:
    close(engine, "2016-05")
    with pytest.raises(Refusal) as refused:
        close(engine, "2016-06")  # The loan's interest line of 2016-06-21 is not posted yet.
    assert (refused.value.code, refused.value.facts["found"]) == ("lines_due", 1)


@pytest.mark.parametrize(
    "case, status, bank, dated, code",
    [
        ("waits for its checker", "booked", "GZRCB", True, "imports_unconfirmed"),
        ("waits, with rows of later months only", "booked", "GZRCB", False, None),
        ("still books", "booking", "GZRCB", False, "imports_unconfirmed"),
        ("is confirmed", "approved", "GZRCB", True, None),
        ("was rejected", "rejected", "GZRCB", True, None),
        ("is another bank's", "booked", "ABC", False, None),
    ],
)
def test_an_unconfirmed_sheet_with_rows_of_the_month_blocks_it(
    case: str, status: str, bank: str, dated: bool, code: str | None, engine: Engine, loan: int
) -> None:
    with at_desk(engine) as unit:
        import_id = sheet(unit, status, bank)
        if dated:
            unit.session.get_one(Loan, loan).import_id = import_id
    if code is None:
        close(engine, "2016-05")
        return
    with pytest.raises(Refusal) as refused:
        close(engine, "2016-05")
    assert (refused.value.code, refused.value.facts["imports"]) == (code, [str(import_id)])


def test_a_book_opens_its_last_closed_month_again_by_two_people(engine: Engine, loan: int) -> None:
    for month in ("2016-04", "2016-05"):
        close(engine, month)
    with pytest.raises(Refusal) as refused, at_desk(engine, "checker") as unit:
        requests.ask(unit, "reopen", {"book": BOOK, "month": "2016-04"}, bank="GZRCB", reason="更正")
    assert (refused.value.code, refused.value.facts["limit"]) == ("not_last_closed", "2016-05")
    with at_desk(engine, "checker") as unit:
        asked = requests.ask(unit, "reopen", {"book": BOOK, "month": "2016-05"}, bank="GZRCB", reason="补记")
    with pytest.raises(SamePerson), at_desk(engine, "checker") as unit:
        requests.approve(unit, asked.id)
    assert closed_through(engine) == "2016-05-31"
    with at_desk(engine, "checker2") as unit:
        requests.approve(unit, asked.id)
    assert closed_through(engine) == "2016-04-30"
    with at_desk(engine) as unit:
        last = unit.session.execute(select(Closing).order_by(Closing.id.desc()).limit(1)).scalar_one()
        assert (last.action, last.by, last.checked_by, last.reason) == ("reopen", "checker", "checker2", "补记")
    close(engine, "2016-05")
    assert closed_through(engine) == "2016-05-31"


def test_the_first_closed_month_opened_again_leaves_the_book_open(engine: Engine, loan: int) -> None:
    close(engine, "2016-05")
    with at_desk(engine, "checker") as unit:
        asked = requests.ask(unit, "reopen", {"book": BOOK, "month": "2016-05"}, bank="GZRCB", reason="补记")
    with at_desk(engine, "checker2") as unit:
        requests.approve(unit, asked.id)
    assert closed_through(engine) == "None"


def test_a_month_closed_meanwhile_is_not_opened_by_an_old_request(engine: Engine, loan: int) -> None:
    close(engine, "2016-04")
    with at_desk(engine, "checker") as unit:
        asked = requests.ask(unit, "reopen", {"book": BOOK, "month": "2016-04"}, bank="GZRCB", reason="补记")
    close(engine, "2016-05")
    with pytest.raises(Refusal, match="not_last_closed"), at_desk(engine, "checker2") as unit:
        requests.approve(unit, asked.id)
    with at_desk(engine, "checker2") as unit:
        assert requests.refuse(unit, asked.id, "已过时").status == "refused"


def test_an_unknown_book_is_not_found_and_a_refusal_writes_nothing(engine: Engine, loan: int) -> None:
    with at_desk(engine) as unit:
        before = row_counts(unit.connection)
    with pytest.raises(NotFound):
        close(engine, "2016-05", "LOAN-NOBANK")
    with pytest.raises(Refusal):
        close(engine, "2016-06")
    with at_desk(engine) as unit:
        assert row_counts(unit.connection) == before


def test_no_writer_slips_into_a_month_that_is_being_closed(engine: Engine) -> None:
    with at_desk(engine) as unit:
        ran_daily(unit, date(2016, 7, 31))
        homes = [household(unit) for _ in range(8)]
    ids = [approved_loan(engine, request(household_id=home)) for home in homes]
    together = Barrier(9)
    before: list[bool] = []

    def pay_out(loan_id: int) -> str:
        together.wait()
        try:
            with at_desk(engine) as unit:
                return loans.disburse(unit, loan_id, date(2016, 5, 31)).status
        except Refusal as refusal:
            return refusal.code

    def close_it() -> str:
        together.wait()
        with at_desk(engine, "checker", LATER) as unit:
            periods.close_month(unit, BOOK, "2016-05")
            # After the month is closed, no disbursement can be added to the month.
            paid = unit.session.execute(select(Loan.id).where(Loan.disbursed_on.is_not(None))).all()
            before.extend(True for _ in paid)
        return "closed"

    with ThreadPoolExecutor(9) as pool:
        closing = pool.submit(close_it)
        answers = list(pool.map(pay_out, ids))
        assert closing.result() == "closed"
    assert set(answers) <= {"active", "period_closed"}
    assert answers.count("active") == len(before)


def test_a_closer_waits_for_a_writer_that_has_begun(engine: Engine, loan: int) -> None:
    """On PostgreSQL two transactions can write at once; on SQLite a second writer waits for the first."""
    with at_desk(engine) as unit:
        home = household(unit)
    late = approved_loan(engine, request(household_id=home))
    done: list[str] = []

    def close_it() -> None:
        close(engine, "2016-05")
        done.append("closed")

    with at_desk(engine) as unit:
        loans.disburse(unit, late, date(2016, 5, 31))
        closer = Thread(target=close_it)
        closer.start()
        sleep(0.3)
        assert done == []
    closer.join(30)
    assert done == ["closed"]
    with at_desk(engine) as unit:
        assert unit.session.get_one(Loan, late).disbursed_on == date(2016, 5, 31)
