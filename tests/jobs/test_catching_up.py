"""Tests that missed days, repeated runs and partial runs of the jobs all lead to equal books."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from jobs import runner
from jobs.lease import Lease
from ledger.database import open_engine
from ledger.errors import FutureDate, NotFound
from ledger.operations import job_runs
from ledger.operations.job_runs import Scope
from tests.support.small_portfolio import BANKS, COUNTIES, Books, books_of, lease_on, lend, repay

LAST = date(2019, 9, 30)


def _portfolio(engine: Engine) -> list[int]:
    return lend(engine, banks=BANKS, counties=COUNTIES[:2], each=2)


def _repay_early(engine: Engine, loan_ids: list[int]) -> None:
    repay(engine, loan_ids[0], "700.00", date(2016, 7, 1))
    repay(engine, loan_ids[1], "60000.00", date(2017, 3, 3))


@pytest.mark.parametrize("seed", range(2))
def test_runs_on_any_days_leave_the_books_of_one_run(engine: Engine, sqlite_url: str, seed: int) -> None:
    chance = random.Random(seed)
    whole = (LAST - date(2016, 6, 1)).days
    days = sorted(date(2016, 6, 1) + timedelta(days=chance.randrange(whole)) for _ in range(25))
    loan_ids = _portfolio(engine)
    for day in days:
        runner.run(lease_on(engine), "daily", day)
        if day > date(2017, 4, 1) and loan_ids:
            # Repayments are recorded late, so entries with later dates are reversed and posted again.
            _repay_early(engine, loan_ids)
            loan_ids = []
    runner.run(lease_on(engine), "daily", LAST)

    other = open_engine(sqlite_url)
    _repay_early(other, _portfolio(other))
    runner.run(lease_on(other), "daily", LAST)
    assert _net(books_of(engine)) == _net(books_of(other))
    other.dispose()


def _net(books: Books) -> tuple[object, ...]:
    """Return the books with reversed entries and their reversals netted out."""
    sums: Counter[tuple[object, ...]] = Counter()
    for (book, on, _, loan, debit, credit, fen), times in books[0].items():
        sums[book, on, loan, debit, credit] += fen * times
    return {key: fen for key, fen in sums.items() if fen}, *books[1:]


# The test runs the daily job on every day of one settlement period. With HYPOTHESIS_PROFILE=full, the test runs the
# daily job until all due dates have passed.
EVERY_DAY_THROUGH = date(2019, 12, 31) if settings().max_examples >= 2000 else date(2016, 9, 22)


def test_every_day_leaves_the_books_of_one_run(engine: Engine, sqlite_url: str) -> None:
    _portfolio(engine)
    day = date(2016, 6, 15)
    while day <= EVERY_DAY_THROUGH:
        runner.run(lease_on(engine), "daily", day)
        day += timedelta(days=1)
    other = open_engine(sqlite_url)
    _portfolio(other)
    runner.run(lease_on(other), "daily", EVERY_DAY_THROUGH)
    assert books_of(engine) == books_of(other)
    assert len(books_of(engine)[1]) >= 16  # The run posts two quarterly interest bills for each of eight loans.
    other.dispose()


def test_a_second_run_changes_nothing(engine: Engine) -> None:
    _portfolio(engine)
    first = runner.run(lease_on(engine), "daily", LAST)
    books = books_of(engine)
    again = runner.run(lease_on(engine), "daily", LAST)
    assert books_of(engine) == books
    assert (again.id, again.due, again.done) == (first.id, first.due, first.done)
    assert first.done >= 8


def test_an_earlier_date_after_a_later_one_changes_nothing(engine: Engine) -> None:
    _portfolio(engine)
    runner.run(lease_on(engine), "daily", LAST)
    books = books_of(engine)
    runner.run(lease_on(engine), "daily", date(2017, 1, 1))
    earlier = runner.run(lease_on(engine), "interest", date(2017, 1, 1))
    assert (earlier.due, earlier.done) == (0, 0)
    assert books_of(engine) == books


@pytest.mark.parametrize("first, second", [("interest", "overdue"), ("overdue", "interest")])
def test_interest_and_overdue_are_one_walk_whichever_comes_first(
    engine: Engine, sqlite_url: str, first: str, second: str
) -> None:
    _portfolio(engine)
    assert runner.run(lease_on(engine), first, LAST).done == 8
    assert runner.run(lease_on(engine), second, LAST).done == 0
    other = open_engine(sqlite_url)
    _portfolio(other)
    runner.run(lease_on(other), "daily", LAST)
    # Notices are made by another job, so they are not compared here.
    assert books_of(engine)[:3] == books_of(other)[:3]
    other.dispose()


def test_overdue_tells_the_loans_newly_overdue_since_its_last_run(engine: Engine) -> None:
    # The due dates are 2019-05-10, 05-13 (rolled from Saturday 05-11) and 05-13 (rolled from Sunday 05-12).
    lend(engine, each=3)
    told = [
        runner.run(lease_on(engine), "overdue", day).report["newly_overdue"]
        for day in (date(2019, 5, 10), date(2019, 5, 11), date(2019, 5, 13), date(2019, 5, 14))
    ]
    assert told == [0, 1, 0, 2]


def test_a_run_of_one_bank_and_county_touches_no_other(engine: Engine) -> None:
    _portfolio(engine)
    part = runner.run(lease_on(engine), "interest", LAST, Scope("ABC", "360702"))
    assert (part.done, part.scope) == (2, Scope("ABC", "360702"))
    walked = [row[0] for row in books_of(engine)[2] if row[2] > date(2019, 1, 1)]
    assert walked == ["ABC-360702-0000", "ABC-360702-0001"]
    bank = runner.run(lease_on(engine), "interest", LAST, Scope("ABC"))
    assert (bank.due, bank.done) == (4, 4)
    county = runner.run(lease_on(engine), "interest", LAST, Scope(county="360702"))
    assert (county.due, county.done) == (4, 4)  # Two of the items were done by the earlier run for bank ABC.
    assert runner.run(lease_on(engine), "interest", LAST).done == 8


@pytest.mark.parametrize("name", ["daily", "interest", "overdue"])
@pytest.mark.parametrize("scope", ["", "GZRCB/", "/360781", "GZRCB/360781"])
def test_a_run_that_finds_nothing_to_do_is_done(engine: Engine, name: str, scope: str) -> None:
    run = runner.run(lease_on(engine), name, LAST, Scope.parse(scope))
    assert (run.status, run.due, run.done, str(run.scope)) == ("done", 0, 0, scope)
    assert runner.run(lease_on(engine), name, LAST, Scope.parse(scope)).id == run.id


def test_how_far_the_jobs_are_counts_only_whole_runs_without_leftovers(engine: Engine) -> None:
    lend(engine, each=1)
    runner.run(lease_on(engine), "daily", date(2016, 6, 30), Scope("GZRCB"))
    with lease_on(engine).reading() as session:
        assert job_runs.ran_through(session) is None
    runner.run(lease_on(engine), "daily", date(2016, 6, 30))
    runner.run(lease_on(engine), "daily", date(2016, 6, 5))
    with lease_on(engine).reading() as session:
        assert job_runs.ran_through(session) == date(2016, 6, 30)


def test_the_business_day_is_that_of_shanghai(engine: Engine) -> None:
    late = Lease(engine, by="test", clock=lambda: datetime(2016, 6, 20, 16, 30, tzinfo=UTC))
    assert runner.run(late, "daily").business_date == date(2016, 6, 21)


@pytest.mark.parametrize(
    "case, name, on, scope, refusal",
    [
        ("tomorrow", "daily", date(2020, 1, 1), Scope(), FutureDate),
        ("no such job", "weekly", LAST, Scope(), NotFound),
        ("no such bank", "interest", LAST, Scope("XYZB"), NotFound),
        ("no such county", "interest", LAST, Scope(county="110101"), NotFound),
    ],
)
def test_what_cannot_be_run_is_refused(
    engine: Engine, case: str, name: str, on: date, scope: Scope, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        runner.run(lease_on(engine), name, on, scope)
    with lease_on(engine).reading() as session:
        assert job_runs.latest(session, 10) == []


def test_a_retired_county_code_means_todays_county(engine: Engine) -> None:
    lend(engine, counties=["360783"], each=1)
    assert runner.run(lease_on(engine), "interest", LAST, Scope(county="360727")).scope == Scope(county="360783")
