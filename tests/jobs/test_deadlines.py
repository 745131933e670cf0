"""Tests that the deadlines job reports overdue and newly overdue deadlines, and writes nothing to the books."""

from datetime import date

import pytest
from sqlalchemy import Engine

from jobs import runner
from ledger.operations.job_runs import EVERYTHING, Scope
from tests.support.county_desk import at_desk, row_counts
from tests.support.small_portfolio import lease_on, lend


def run(engine: Engine, on: str, scope: Scope = EVERYTHING) -> dict[str, int]:
    told = runner.run(lease_on(engine), "deadlines", date.fromisoformat(on), scope)
    assert (told.status, told.due, told.done) == ("done", 0, 0)
    return dict(told.report)


@pytest.fixture
def lent(engine: Engine) -> Engine:
    """Make a loan in each of two counties in 2016Q2, so that two issuance reports are due on 2016-07-10."""
    lend(engine, counties=("360781", "360702"), each=1)
    return engine


def test_what_became_late_is_told_once_and_what_is_late_every_day(lent: Engine) -> None:
    assert run(lent, "2016-07-10") == {"late": 0, "newly_late": 0}
    assert run(lent, "2016-07-11") == {"late": 2, "newly_late": 2}
    assert run(lent, "2016-07-12") == {"late": 2, "newly_late": 0}


def test_days_that_were_missed_are_made_up_for(lent: Engine) -> None:
    assert run(lent, "2016-07-01") == {"late": 0, "newly_late": 0}
    assert run(lent, "2016-09-01") == {"late": 2, "newly_late": 2}


def test_a_part_of_the_books_is_told_alone(lent: Engine) -> None:
    assert run(lent, "2016-07-11", Scope("GZRCB", "360702")) == {"late": 1, "newly_late": 1}
    assert run(lent, "2016-07-11", Scope("ABC", "")) == {"late": 0, "newly_late": 0}


def test_nothing_is_written_but_the_run(lent: Engine) -> None:
    with at_desk(lent) as unit:
        before = row_counts(unit.connection)
    run(lent, "2016-07-11")
    with at_desk(lent) as unit:
        after = row_counts(unit.connection)
    assert {name for name in after if after[name] != before[name]} <= {"job_runs", "job_leases"}


def test_daily_says_it_last(lent: Engine) -> None:
    told = runner.run(lease_on(lent), "daily", date(2016, 7, 11))
    assert list(told.report)[-2:] == ["late", "newly_late"]
    assert told.report["late"] == 2
