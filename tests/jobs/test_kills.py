"""Tests that a killed run and two concurrent runs of the jobs lead to the books of an undisturbed run."""

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from jobs import runner
from jobs.lease import Lease
from ledger.database import open_engine
from ledger.operations import job_runs
from tests.support.processes import ended, started
from tests.support.small_portfolio import BANKS, COUNTIES, Books, books_of, lease_on, lend, repay

FIRST, LAST = date(2016, 6, 21), date(2019, 12, 31)


def _portfolio(engine: Engine) -> None:
    loan_ids = lend(engine, banks=BANKS, counties=COUNTIES, each=2)
    repay(engine, loan_ids[0], "277.08", date(2016, 6, 21))
    repay(engine, loan_ids[1], "900.00", date(2016, 6, 22))


@pytest.fixture
def undisturbed(sqlite_url: str) -> Iterator[Books]:
    """Return the books after one undisturbed run of the jobs."""
    engine = open_engine(sqlite_url)
    _portfolio(engine)
    runner.run(lease_on(engine), "daily", LAST)
    books = books_of(engine)
    assert len(books[3]) == 24, "two notices each"
    yield books
    engine.dispose()


def test_killed_at_any_moment_then_run_once_more_the_books_are_those_of_an_undisturbed_run(
    engine: Engine, database_url: str, undisturbed: Books, request: pytest.FixtureRequest
) -> None:
    _portfolio(engine)
    kills: int = request.config.getoption("--kills")
    chance = random.Random(20161121)
    for number in range(1, kills + 1):
        day = FIRST + (LAST - FIRST) * number // kills
        _kill_in_the_middle(database_url, day, chance.random() * 0.8)
    began = time.monotonic()
    last = ended(database_url, "jobs", "daily", "--date", LAST.isoformat())
    assert last.returncode == 0, last.stderr
    assert time.monotonic() - began < 30  # A new run does not wait until the killed run's lease expires.
    assert books_of(engine) == undisturbed


def _kill_in_the_middle(url: str, day: date, patience: float) -> None:
    """Kill a process at a random moment after its first output.

    Until its first output the process has done no work.
    """
    process = started(url, "jobs", "daily", "--date", day.isoformat())
    assert process.stdout is not None
    with process:
        process.stdout.readline()
        time.sleep(patience)
        process.kill()


def test_two_workers_and_a_daily_started_together_do_everything_once(
    engine: Engine, database_url: str, sqlite_url: str
) -> None:
    _portfolio(engine)
    three = [*(started(database_url, "jobs", "worker") for _ in range(2)), started(database_url, "jobs", "daily")]
    today = Lease(engine, by="test").today()
    told = [_until_done(process, today) for process in three]
    for worker in three[:2]:
        worker.terminate()
    assert [process.wait(60) for process in three] == [0, 0, 0], told
    other = open_engine(sqlite_url)
    _portfolio(other)
    runner.run(Lease(other, by="test"), "daily", today)
    assert books_of(engine) == books_of(other)
    other.dispose()
    for process in three:
        process.communicate()


def _until_done(process: "subprocess.Popen[str]", day: date) -> list[str]:
    """Return a worker process's output up to the line that reports `daily` as done, or else the whole output."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith(f"daily {day}: done"):
            break
    return said


def test_a_worker_takes_up_what_was_asked_for_and_nobody_began(engine: Engine, database_url: str) -> None:
    _portfolio(engine)
    with lease_on(engine).reading() as session:
        assert job_runs.queued(session) == []
    turn = Lease(engine, by="test")
    yesterday = turn.today() - timedelta(days=1)
    assert turn.take()
    with turn.unit("interest", yesterday) as unit:
        job_runs.enqueue(unit, "interest", yesterday, job_runs.Scope("ABC"), "city")
    turn.give_back()
    queued = ended(database_url, "jobs", "queued")
    assert queued.returncode == 0, queued.stderr
    with turn.reading() as session:
        (run,) = job_runs.latest(session, 5)
        assert (run.status, run.done, run.started_by) == ("done", 6, "city")
