"""Tests that a job carries out all other items when some items fail, and lists each failed item with its reason."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine

from jobs import runner
from jobs.interest import INTEREST, loans_at_once, post_due
from jobs.job import Job, Step
from jobs.lease import Stopped, holding
from jobs.run_job import run_job
from ledger.errors import RuleViolation
from ledger.operations import job_runs
from ledger.operations.job_runs import Run, Scope
from ledger.operations.registry import reference
from ledger.policy.schemes import parse_scheme
from ledger.unit_of_work import Unit
from tests.support.county_desk import at_desk, disbursed_loan, household, request
from tests.support.small_portfolio import books_of, lease_on, lend, repay

ON = date(2016, 6, 30)
HERE = Scope("GZRCB", "360781")


class Unlucky(RuleViolation):
    code = "unlucky"
    zh = "贷款 {loan} 不走运"
    en = "the loan {loan} is out of luck"


def _run(engine: Engine, work: Callable[[Unit, Step, Sequence[int]], None], **chosen: object) -> Run:
    turn = lease_on(engine)
    with holding(turn):
        return run_job(turn, replace(INTEREST, work=work, **chosen), ON, Scope(), asked=True)  # type: ignore[arg-type]


def _refusing(bad: set[int], sizes: list[int]) -> Callable[[Unit, Step, Sequence[int]], None]:
    """Return a job's function that refuses some loans after writing rows, so that the rows must be undone."""

    def work(unit: Unit, step: Step, loans: Sequence[int]) -> None:
        sizes.append(len(loans))
        post_due(unit, step, loans)
        for loan in bad.intersection(loans):
            raise Unlucky(loan=str(loan))

    return work


def refuse_one(engine: Engine) -> tuple[Run, int]:
    """Run a job in which one of three loans is refused, and return the run and the refused loan's id."""
    loan_id = lend(engine, each=3)[0]
    return _run(engine, _refusing({loan_id}, [])), loan_id


def test_a_chunk_that_fails_is_halved_until_the_bad_item_stands_alone(engine: Engine) -> None:
    loan_ids = sorted(lend(engine, each=16))
    sizes: list[int] = []
    run = _run(engine, _refusing({loan_ids[0]}, sizes))
    assert sizes == [16, 8, 4, 2, 1, 1, 2, 4, 8]
    assert (run.status, run.due, run.done) == ("failed", 16, 15)
    with lease_on(engine).reading() as session:
        (failure,) = runner.failures(session, run)
    assert (failure.item, failure.code, failure.facts) == (str(loan_ids[0]), "unlucky", {"loan": str(loan_ids[0])})
    assert (failure.zh, failure.en) == (
        f"贷款 {loan_ids[0]} 不走运",
        f"the loan {loan_ids[0]} is out of luck",
    )
    assert len(books_of(engine)[1]) == 15


def test_several_bad_items_are_each_listed_and_later_tried_again_alone(engine: Engine) -> None:
    loan_ids = sorted(lend(engine, each=9))
    bad = {loan_ids[2], loan_ids[3], loan_ids[8]}
    run = _run(engine, _refusing(bad, []))
    with lease_on(engine).reading() as session:
        assert {int(failure.item) for failure in runner.failures(session, run)} == bad
        assert job_runs.ran_through(session, "interest") is None
    sizes: list[int] = []
    again = _run(engine, _refusing(set(), sizes))
    assert sizes == [3]
    assert (again.id, again.status, again.due, again.done) == (run.id, "done", 9, 9)
    with lease_on(engine).reading() as session:
        assert runner.failures(session, again) == []


def test_what_a_later_run_has_done_is_no_failure_of_the_earlier_date_any_more(engine: Engine) -> None:
    loan_ids = lend(engine, each=2)
    _run(engine, _refusing({loan_ids[0]}, []))
    runner.run(lease_on(engine), "daily", date(2016, 7, 1))
    again = runner.run(lease_on(engine), "interest", ON)
    assert (again.status, again.due, again.done) == ("done", 1, 1)


def test_a_fault_of_the_program_is_listed_by_its_kind_without_its_words(engine: Engine) -> None:
    lend(engine, each=2)

    def work(unit: Unit, step: Step, loans: Sequence[int]) -> None:
        raise KeyError("刘福 360781198005010010")

    run = _run(engine, work)
    with lease_on(engine).reading() as session:
        found = runner.failures(session, run)
    assert [failure.code for failure in found] == ["internal_error", "internal_error"]
    assert {failure.en for failure in found} == {"a fault of the program (KeyError), see the log"}


def test_a_loan_whose_rate_is_not_published_yet_stops_no_other(engine: Engine) -> None:
    """The loan is repriced every January.

    On 2027-01-15 the table of published rates does not yet contain the rate of 2027-01-01.
    """
    scheme = parse_scheme("""
        code = "ganzhou-repriced"
        version = 1
        name = "repriced every January"
        signed_from = 2016-01-01
        signed_to = 2020-12-31
        inherits = "ganzhou-2016"
        [parameters.repricing]
        value = "annual_jan1"
        clause = "test"
        source = "test"
    """)
    lend(engine, each=5)
    with at_desk(engine) as unit:
        reference.add_scheme(unit, scheme)
        home = household(unit)
    loan_id = disbursed_loan(engine, request(household_id=home, scheme="ganzhou-repriced"))
    late = date(2027, 1, 15)
    run = runner.run(lease_on(engine, late), "interest", late)
    assert (run.status, run.done) == ("failed", 5)
    with lease_on(engine).reading() as session:
        assert {(failure.item, failure.code) for failure in runner.failures(session, run)} == {
            (str(loan_id), "rate_not_covered")
        }
    with at_desk(engine, today=late) as unit:
        reference.add_rates(unit, scheme.rate_table, (), date(2027, 1, 15), "looked at, nothing new")
    again = runner.run(lease_on(engine, late), "interest", late)
    assert (again.id, again.status, again.done) == (run.id, "done", 6)


def test_a_transaction_holds_at_most_five_thousand_items(engine: Engine) -> None:
    sizes: list[int] = []
    job = Job(
        name="count",
        zh="",
        en="",
        due=lambda session, on: {HERE: 12_000},
        items=lambda session, step, after, limit: range(after + 1, min(after + limit, 12_000) + 1),
        work=lambda unit, step, items: sizes.append(len(items)),
    )
    turn = lease_on(engine)
    with holding(turn):
        run = run_job(turn, job, ON, Scope(), asked=True)
    assert sizes == [5_000, 5_000, 2_000]
    assert (run.due, run.done) == (12_000, 12_000)


@pytest.mark.parametrize(
    "case, on, loans",
    [
        ("a quarter", date(2016, 6, 30), 5_000),
        ("three quarters", date(2016, 12, 31), 1_666),
        ("before anything is due", date(2016, 6, 20), 5_000),
        ("fifteen quarters", date(2019, 12, 31), 333),
    ],
)
def test_loans_far_behind_are_carried_on_by_fewer_at_a_time(engine: Engine, case: str, on: date, loans: int) -> None:
    lend(engine, each=1)
    with lease_on(engine).reading() as session:
        assert loans_at_once(session, Step(on, HERE), 5_000) == loans


def test_a_database_that_fails_ends_the_run_and_blames_no_item(engine: Engine) -> None:
    lend(engine, each=4)

    def work(unit: Unit, step: Step, loans: Sequence[int]) -> None:
        post_due(unit, step, loans)
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        _run(engine, work)
    with lease_on(engine).reading() as session:
        (run,) = job_runs.latest(session, 10)
        assert (run.status, run.done) == ("interrupted", 0)
        assert job_runs.lease(session) is None
    assert len(books_of(engine)[1]) == 0
    assert runner.run(lease_on(engine), "interest", ON).done == 4


def test_a_busy_database_is_asked_again(engine: Engine) -> None:
    lend(engine, each=4)
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
    faults = [busy, busy]

    def work(unit: Unit, step: Step, loans: Sequence[int]) -> None:
        post_due(unit, step, loans)
        if faults:
            raise faults.pop()

    run = _run(engine, work)
    assert (run.status, run.due, run.done) == ("done", 4, 4)
    assert len(books_of(engine)[1]) == 4


def test_asked_to_stop_it_finishes_the_transaction_at_hand_and_the_next_run_does_the_rest(engine: Engine) -> None:
    lend(engine, banks=("GZRCB", "ABC"), each=2)
    done: list[int] = []

    def work(unit: Unit, step: Step, loans: Sequence[int]) -> None:
        post_due(unit, step, loans)
        done.extend(loans)

    turn = lease_on(engine, stopping=lambda: len(done) > 0)
    with pytest.raises(Stopped), holding(turn):
        run_job(turn, replace(INTEREST, work=work), ON, Scope(), asked=True)
    with lease_on(engine).reading() as session:
        assert [run.status for run in job_runs.latest(session, 10)] == ["interrupted"]
    assert len(books_of(engine)[1]) == 2
    assert runner.run(lease_on(engine), "interest", ON).done == 4


def test_a_repayment_recorded_between_two_runs_finds_its_lines_posted_once(engine: Engine) -> None:
    (loan_id,) = lend(engine, each=1)
    # Recording the repayment also posts the interest line of 2016-06-21.
    repay(engine, loan_id, "277.08", date(2016, 6, 30))
    run = runner.run(lease_on(engine), "interest", date(2016, 6, 30))
    assert (run.due, run.done, run.status) == (0, 0, "done")
    assert [row[3] for row in books_of(engine)[1]] == [27_708]
