"""Tests of the command line `python -m jobs`: its output, its refusals and its exit status."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from datetime import date

import pytest
from sqlalchemy import Engine, update

from jobs import runner
from jobs.__main__ import cli
from jobs.timetable import JOBS
from ledger.operations.job_runs import Scope
from ledger.tables.loans import Loan
from tests.jobs.test_failures import refuse_one
from tests.support.processes import ROOT, ended, environment, run_here
from tests.support.small_portfolio import books_of, lease_on, lend

DONE, LEFT_OVER, REFUSED, CUT_OFF = range(4)


def test_daily_says_what_it_did_in_plain_lines_and_ends_well(engine: Engine, database_url: str) -> None:
    lend(engine, each=2)
    run = ended(database_url, "jobs", "daily", "--date", "2016-06-30")
    assert (run.returncode, run.stderr) == (DONE, "")
    ours = [line for line in run.stdout.splitlines() if line.startswith(("interest", "overdue", "daily"))]
    assert ours == [
        "interest 2016-06-30: 2 due",
        "interest 2016-06-30: 2 of 2",
        "interest 2016-06-30: done, 2 of 2 done",
        "overdue 2016-06-30: done, 0 of 0 done, newly overdue: 0",
        ours[-1],
    ]
    assert re.match(r"daily 2016-06-30: done, (\d+) of \1 done, newly overdue: 0", ours[-1])
    assert len(books_of(engine)[1]) == 2


def test_on_a_terminal_it_shows_a_bar(engine: Engine, database_url: str) -> None:
    lend(engine, each=2)
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", "daily", "--date", "2016-06-30"],
        cwd=ROOT,
        stdin=its,
        stdout=its,
        stderr=subprocess.PIPE,
        env=environment(database_url, TERM="xterm", COLUMNS="120"),
    )
    os.close(its)
    shown = b""
    # Reading the terminal raises an error when the process closes the terminal.
    with process, os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):
        while some := terminal.read(4096):
            shown += some
    assert process.returncode == DONE
    assert re.search(r"interest 2016-06-30 .*━.*[0-2]/2", shown.decode())
    assert re.search(r"daily 2016-06-30: done, (\d+) of \1 done", shown.decode())


def test_run_works_on_one_bank_and_county(engine: Engine, database_url: str) -> None:
    lend(engine, counties=("360781", "360702"), each=1)
    run = run_here(
        database_url, cli, "run", "interest", "--date", "2016-06-30", "--bank", "GZRCB", "--county", "360702"
    )
    assert run.status == DONE
    assert run.out.splitlines()[-1] == "interest 2016-06-30 GZRCB/360702: done, 1 of 1 done"
    assert len(books_of(engine)[1]) == 1


@pytest.mark.parametrize(
    "case, arguments, words",
    [
        ("tomorrow", ["daily", "--date", "2199-01-01"], "business date 2199-01-01 lies after today"),
        ("no such date", ["daily", "--date", "2016-02-30"], "does not match the format"),
        ("no such job", ["run", "weekly", "--date", "2016-06-30"], "'weekly' is not one of"),
        ("no date", ["run", "interest"], "Missing option '--date'"),
        ("no such bank", ["run", "interest", "--date", "2016-06-30", "--bank", "XYZB"], "not found: bank XYZB"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(
    sqlite_url: str, case: str, arguments: list[str], words: str
) -> None:
    run = run_here(sqlite_url, cli, *arguments)
    assert run.status == REFUSED
    assert words in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize(
    "case, url, words",
    [
        ("nothing at that address", "postgresql+psycopg://nobody@127.0.0.1:1/none", "the database failed"),
        ("a database without a schema", "sqlite://", "python -m ledger upgrade"),
    ],
)
def test_without_its_database_it_says_so(case: str, url: str, words: str) -> None:
    run = run_here(url, cli, "daily")
    assert run.status == CUT_OFF
    assert words in run.err.splitlines()[-1]
    assert all(json.loads(line) for line in run.err.splitlines()[:-1])  # All lines except the last are JSON.


def test_an_address_that_is_none_is_refused() -> None:
    run = run_here("mysql://root@localhost/ledger", cli, "daily")
    assert run.status == REFUSED
    assert "LEDGER_DATABASE_URL is sqlite:///PATH or" in run.err


def test_list_names_the_jobs_in_their_order(sqlite_url: str) -> None:
    run = run_here(sqlite_url, cli, "list")
    assert run.status == DONE
    assert [line.split()[0] for line in run.out.splitlines()] == ["daily", *JOBS]
    assert [*JOBS][:2] == ["interest", "overdue"]


def test_status_tells_how_far_daily_is_and_what_failed(engine: Engine, database_url: str) -> None:
    never = run_here(database_url, cli, "status")
    assert (never.status, never.out.splitlines()) == (
        LEFT_OVER,
        ["at work: nobody", "daily done through: never", "daily is behind"],
    )
    run, loan_id = refuse_one(engine)
    runner.run(lease_on(engine), "daily", date(2016, 6, 29), Scope("ABC"))
    told = run_here(database_url, cli, "status").out
    assert f"GZRCB/360781 item {loan_id} failed: unlucky: the loan {loan_id} is out of luck" in told
    assert f"interest {run.business_date}: failed, 2 of 3 done" in told
    assert run_here(database_url, cli, "daily").status == DONE
    told_again = run_here(database_url, cli, "status")
    assert told_again.status == DONE


def test_items_that_fail_are_listed_and_the_exit_status_tells(engine: Engine, database_url: str) -> None:
    """Remove a loan's due date, which no operation of the ledger can do, so that an item of the job fails."""
    loan_ids = lend(engine, each=2)
    with engine.begin() as connection:
        connection.execute(update(Loan).where(Loan.id == loan_ids[0]).values(rolled_on=None))
    run = run_here(database_url, cli, "daily", "--date", "2016-06-30")
    assert run.status == LEFT_OVER
    assert f"GZRCB/360781 item {loan_ids[0]} failed: internal_error: a fault of the program" in run.out
    assert re.match(r"daily 2016-06-30: failed, (\d+) of (?!\1)\d+ done, newly overdue: 0", run.out.splitlines()[-1])
    (line,) = run.err.splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["item"], logged["level"]) == ("job item failed", str(loan_ids[0]), "error")
    assert logged["exception"][0]["kind"].startswith("builtins.")


def test_a_mail_address_that_is_none_is_told_after_the_books_are_done(engine: Engine, database_url: str) -> None:
    lend(engine, each=1)
    told = run_here(database_url, cli, "daily", "--date", "2016-06-21", LEDGER_SMTP_URL="mail.example.com")
    assert (told.status, "LEDGER_SMTP_URL is smtp://" in told.err) == (2, True)
    assert "daily 2016-06-21: done" in told.out
