"""Tests that only one process runs the jobs at a time.

A running process has a lease, which can expire and be taken over by another process.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import Engine

from jobs import runner
from jobs.interest import post_due
from jobs.job import Step
from jobs.lease import LEASE_LENGTH, gone
from ledger.database import open_engine
from ledger.operations import job_runs
from ledger.operations.job_runs import LeaseLost, Scope
from tests.support.small_portfolio import BANKS, COUNTIES, books_of, lease_on, lend

ON = date(2016, 6, 30)
NOON = datetime(2016, 7, 1, 4, tzinfo=UTC)


def test_a_turn_taken_is_nobody_elses_until_given_back(engine: Engine) -> None:
    first, second = lease_on(engine), lease_on(engine)
    assert first.take()
    assert not second.take()
    first.give_back()
    assert second.take()


def test_a_turn_that_lapsed_is_taken_over_and_its_holder_writes_nothing_more(engine: Engine) -> None:
    loan_ids = lend(engine, each=1)
    paused = lease_on(engine, clock=lambda: NOON)
    later = lease_on(engine, clock=lambda: NOON + LEASE_LENGTH + timedelta(seconds=1))
    assert paused.take()
    with paused.unit("interest", ON) as unit:
        job_runs.begin(unit, "interest", ON, Scope(), 1, "test", asked=True)
    assert later.take()
    with later.reading() as session:
        assert [run.status for run in job_runs.latest(session, 10)] == ["interrupted"]
    with pytest.raises(LeaseLost), paused.unit("interest", ON) as unit:
        post_due(unit, Step(ON, Scope()), loan_ids)
    assert len(books_of(engine)[1]) == 0
    paused.give_back()  # Another process has the lease now.
    with later.reading() as session:
        held = job_runs.lease(session)
        assert held is not None
        assert held[0] == later.holder


def test_a_turn_is_renewed_by_every_transaction(engine: Engine) -> None:
    moments = iter([NOON + timedelta(seconds=40 * step) for step in range(100)])
    holder = lease_on(engine, clock=lambda: next(moments))
    assert holder.take()
    for _ in range(5):
        with holder.unit("interest", ON):
            pass
    with holder.reading() as session:
        held = job_runs.lease(session)
        assert held is not None
        assert held[1] > NOON + timedelta(seconds=200)


def test_the_turn_of_a_process_that_is_no_more_is_taken_at_once(engine: Engine) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    ).stdout.strip()
    host = lease_on(engine).holder.split("/")[0]
    killed = replace(lease_on(engine), holder=f"{host}/{dead}/1")
    assert killed.take()
    assert gone(killed.holder)
    assert lease_on(engine).take()


@pytest.mark.parametrize(
    "case, holder",
    [
        ("another machine's", "elsewhere/1/1"),
        ("one that cannot be read", "whoever"),
    ],
)
def test_the_turn_of_a_holder_we_cannot_see_is_waited_out(engine: Engine, case: str, holder: str) -> None:
    assert replace(lease_on(engine), holder=holder).take()
    assert not lease_on(engine).take()


def test_ten_runs_started_together_post_everything_once(engine: Engine, sqlite_url: str) -> None:
    lend(engine, banks=BANKS, counties=COUNTIES, each=2)
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(runner.run, lease_on(engine), "daily", date(2017, 12, 31)) for _ in range(10)]
    assert {each.result().status for each in asked} == {"done"}
    other = open_engine(sqlite_url)
    lend(other, banks=BANKS, counties=COUNTIES, each=2)
    runner.run(lease_on(other), "daily", date(2017, 12, 31))
    assert books_of(engine) == books_of(other)
    other.dispose()
    with lease_on(engine).reading() as session:
        (run,) = job_runs.latest(session, 20)
        done = [step.done for step in runner.steps(session, run) if step.job == "interest"]
        assert (run.status, sum(done)) == ("done", 12)


def test_a_holder_in_the_middle_of_a_long_transaction_keeps_its_turn(postgresql_url: str) -> None:
    """The lease has expired, but its row is locked until the process with the lease commits and renews it."""
    engine = open_engine(postgresql_url)
    holder = lease_on(engine, clock=lambda: NOON)
    taken: list[bool] = []
    rival = lease_on(engine, clock=lambda: NOON + LEASE_LENGTH + timedelta(seconds=1))
    assert holder.take()
    busy = replace(holder, clock=lambda: NOON + LEASE_LENGTH)
    with busy.unit("interest", ON):
        thread = Thread(target=lambda: taken.append(rival.take()))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join()
    assert taken == [False]
    engine.dispose()
