"""Tests that each test gets fresh databases, and that all databases are removed when a run ends or is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.support import engines


def test_a_database_is_fresh_each_time(empty_database_url: str) -> None:
    _leave_a_trace(empty_database_url)


def test_a_database_is_fresh_the_second_time_too(empty_database_url: str) -> None:
    _leave_a_trace(empty_database_url)


def _leave_a_trace(url: str) -> None:
    """Make a table that cannot be made a second time in one database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE traces (id INTEGER PRIMARY KEY)"))
    engine.dispose()


def test_a_copied_database_holds_what_its_template_held() -> None:
    calls = []

    def prepare(url: str) -> None:
        calls.append(url)
        _leave_a_trace(url)

    folder = engines.make_folder()
    try:
        server = engines.start_server(folder)
        copies = [
            server.url(server.create(engines.prepared_postgresql(folder, prepare))),
            server.url(server.create(engines.prepared_postgresql(folder, prepare))),
            f"sqlite:///{engines.prepared_sqlite(folder, prepare)}",
            f"sqlite:///{engines.prepared_sqlite(folder, prepare)}",
        ]
        assert [_traces(url) for url in copies] == [0, 0, 0, 0]
    finally:
        engines.remove_folder(folder)
    assert len(calls) == 2  # The template database is prepared once per engine, however many copies are made.


def _traces(url: str) -> int:
    engine = create_engine(url)
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM traces")).scalar_one()
    engine.dispose()
    return count


RUN = """
from tests.support import engines
folder = engines.make_folder()
engines.start_server(folder)
print(folder, flush=True)
input()
"""


def test_a_killed_run_leaves_no_server_behind() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "LEDGER_TEST_OWNER"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        made = run.stdout.readline().strip()
        assert made, "the run made its folder"  # An empty path would mean the current folder.
        folder = Path(made)
        server = engines.start_server(folder)  # A second call returns the server that is already running.
        run.send_signal(signal.SIGKILL)
    patience = time.monotonic() + 30
    while folder.exists() and time.monotonic() < patience:
        time.sleep(0.1)
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        server.run("SELECT 1")
