"""Tests of the job `subsidy-drafts`: a draft on the 21st, updated every day until the bank submits the batch."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, select

from jobs import runner
from ledger.database import open_engine
from ledger.operations.job_runs import Run
from ledger.operations.subsidy import batches
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine
from tests.support import subsidising
from tests.support.county_desk import at_desk
from tests.support.small_portfolio import books_of, lease_on, lend, repay


def run(engine: Engine, on: date, job: str = "subsidy-drafts") -> Run:
    return runner.run(lease_on(engine, today=on), job, on)


def recorded_batches(engine: Engine) -> list[tuple[str, str, str, str, int, int]]:
    """Return the bank, county, period, status, number of lines and total in fen of every subsidy batch."""
    with at_desk(engine) as unit:
        recorded = []
        for batch in unit.session.execute(select(SubsidyBatch)).scalars():
            counting = select(SubsidyLine.fen).where(SubsidyLine.batch_id == batch.id, SubsidyLine.live.is_(True))
            amounts = unit.session.execute(counting).scalars().all()
            recorded.append((batch.bank, batch.county, batch.period, batch.status, len(amounts), sum(amounts)))
    return sorted(recorded)


def test_a_draft_comes_on_the_21st_and_is_refreshed_until_it_is_submitted(engine: Engine) -> None:
    loans = lend(engine)
    assert run(engine, date(2016, 6, 20), "daily").status == "done"
    assert recorded_batches(engine) == []
    run(engine, date(2016, 6, 21), "daily")
    assert recorded_batches(engine) == [("GZRCB", "360781", "2016Q2", "draft", 0, 0)]
    repay(engine, loans[0], "277.08", date(2016, 6, 22))
    assert run(engine, date(2016, 6, 22)).done == 1
    assert recorded_batches(engine) == [("GZRCB", "360781", "2016Q2", "draft", 1, 27708)]
    with at_desk(engine, "checker", date(2016, 6, 23)) as unit:
        batches.submit(unit, unit.session.execute(select(SubsidyBatch.id)).scalar_one())
    repay(engine, loans[1], "300.00", date(2016, 6, 23))
    assert run(engine, date(2016, 6, 24)).due == 0
    assert recorded_batches(engine) == [("GZRCB", "360781", "2016Q2", "submitted", 1, 27708)]


def test_a_second_run_of_the_day_finds_nothing(engine: Engine) -> None:
    lend(engine, counties=("360781", "360702"))
    run(engine, date(2016, 9, 21), "interest")
    assert run(engine, date(2016, 9, 21)).done == 4
    again = run(engine, date(2016, 9, 21))
    assert (again.status, again.done) == ("done", 4)
    with at_desk(engine) as unit:
        drafted = unit.session.execute(select(SubsidyBatch.maker)).scalars().all()
    assert drafted == ["job:subsidy-drafts"] * 4


def test_one_run_after_missed_days_drafts_what_daily_runs_would_have(engine: Engine, sqlite_url: str) -> None:
    daily, late = engine, open_engine(sqlite_url)
    for database in (daily, late):
        first, second, _ = lend(database)
        for loan, on in ((first, date(2016, 6, 23)), (second, date(2016, 6, 28))):
            run(database, on, "interest")
            repay(database, loan, "280.00", on)
    day = date(2016, 6, 20)
    while day <= date(2016, 9, 26):
        run(daily, day, "daily")
        day += timedelta(days=1)
    run(late, date(2016, 9, 26), "daily")
    assert recorded_batches(daily) == recorded_batches(late)
    assert [row[2:] for row in recorded_batches(late)] == [
        ("2016Q2", "draft", 1, 27708),
        ("2016Q3", "draft", 1, _caught_up(late)),
    ]
    assert books_of(daily) == books_of(late)
    late.dispose()


def _caught_up(engine: Engine) -> int:
    """Return the amount of the only catch-up subsidy line, in fen.

    The catch-up subsidy line belongs to the loan that was paid out a day later than the others.
    """
    with engine.connect() as connection:
        query = select(SubsidyLine.fen).where(SubsidyLine.kind == "catch_up")
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize("period, ends", [("2016Q2", date(2016, 6, 21)), ("2016Q4", date(2016, 12, 21))])
def test_every_period_with_lines_has_a_batch_and_no_other(engine: Engine, period: str, ends: date) -> None:
    lend(engine, each=1)
    run(engine, ends, "daily")
    periods = [row[2] for row in recorded_batches(engine)]
    assert periods[-1] == period
    assert len(periods) == (ends.month - 3) // 3
    assert subsidising.batch_of(engine, _any_batch(engine)).pay_days == 5


def _any_batch(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(SubsidyBatch.id)).scalars().first() or 0)
