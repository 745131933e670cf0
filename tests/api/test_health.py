"""Tests that health routes report whether the service runs and is ready, and that the log describes requests."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
import structlog
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import text

from api.app import create_app
from api.core import edge
from ledger import logs
from ledger.ids import new_id
from ledger.settings import Settings, read_settings
from ledger.tables.work import JobRun
from tests.api.ledger_books import unit_of
from tests.support.clients import Client

SignIn = Callable[[str], Client]


def test_the_process_lives_whatever_the_database_does(tmp_path: Path) -> None:
    gone = create_app(_settings(tmp_path, f"sqlite:///{tmp_path / 'no' / 'where.sqlite3'}"))
    assert gone.test_client().get("/healthz").get_json() == {"status": "alive"}
    told = gone.test_client().get("/readyz")
    assert told.status_code == 503
    assert not any(told.get_json()["checks"].values())
    gone.extensions["ledger"].engine.dispose()


def test_a_prepared_service_is_ready(app: Flask) -> None:
    told = app.test_client().get("/readyz")
    assert told.status_code == 200
    assert all(told.get_json()["checks"].values())


def test_an_empty_database_is_not_ready(empty_database_url: str, tmp_path: Path) -> None:
    app = create_app(_settings(tmp_path, empty_database_url))
    told = app.test_client().get("/readyz")
    assert told.status_code == 503
    checks = told.get_json()["checks"]
    assert (checks["database"], checks["schema"], checks["reference"]) == (True, False, False)
    app.extensions["ledger"].engine.dispose()


def test_without_reference_facts_it_is_not_ready(app: Flask) -> None:
    with app.extensions["ledger"].engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_coverages"))
    told = app.test_client().get("/readyz")
    assert (told.status_code, told.get_json()["checks"]["reference"]) == (503, False)


def test_a_demo_is_ready_when_it_is_complete(app: Flask, settings: Settings) -> None:
    service = edge.install(app, settings, demo=True)
    assert app.test_client().get("/readyz").get_json()["checks"]["demo"] is False
    _ran(app, "demo", "2019-12-31", "running")
    assert app.test_client().get("/readyz").get_json()["checks"]["demo"] is False
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE job_runs SET status = 'done'"))
    assert app.test_client().get("/readyz").status_code == 200
    service.engine.dispose()


@pytest.mark.parametrize(
    "case, at, status, warned",
    [
        ("on its day", "2016-05-10 12:00", "done", False),
        ("two days later", "2016-05-12 12:00", "done", False),
        ("three days later", "2016-05-13 12:00", "done", True),
        ("three days later by the day of Shanghai", "2016-05-12 16:30", "done", True),
        ("only begun", "2016-05-10 12:00", "running", True),
    ],
)
def test_it_warns_when_daily_is_late(case: str, at: str, status: str, warned: bool, sqlite_app: Flask) -> None:
    _ran(sqlite_app, "daily", "2016-05-10", status)
    with freeze_time(at):
        told = sqlite_app.test_client().get("/readyz")
    assert told.status_code == 200
    assert bool(told.get_json()["warnings"]) is warned


def test_requests_are_counted_by_route_not_by_address(sqlite_app: Flask) -> None:
    Client.signed_in(sqlite_app, "auditor").get("/ledger/entries/4711")
    told = sqlite_app.test_client().get("/metrics").text
    assert 'url_rule="/api/v1/ledger/entries/<id:entry_id>"' in told
    assert "entries/4711" not in told


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Return the stream that receives the log lines, with logging configured as in the service."""
    written = StringIO()
    before = logging.getLogger().handlers[:]
    logs.configure("info", written)
    yield written
    logging.getLogger().handlers[:] = before
    structlog.reset_defaults()


def test_a_request_is_logged_under_its_id_and_names_nobody(log: StringIO, fresh_app: Flask) -> None:
    @fresh_app.get("/broken/<id:card>")
    def broken(card: int) -> str:
        raise ValueError(f"card {card}")

    client = fresh_app.test_client()
    told = client.get("/broken/362101196001010016", headers={"X-Request-ID": "given-id-1"})
    assert told.headers["X-Request-ID"] == "given-id-1"
    Client(fresh_app).token("somebody", "a password")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failure, *_ = [line for line in lines if line["event"] == "failure"]
    ended, *_ = [line for line in lines if line["event"] == "request"]
    assert failure["request_id"] == ended["request_id"] == "given-id-1"
    assert (ended["route"], ended["status"]) == ("/broken/<id:card>", 500)
    for secret in ("362101196001010016", "somebody", "a password"):
        assert secret not in log.getvalue()


@pytest.mark.parametrize(
    "case, given",
    [
        ("too short", "abc"),
        ("with a tabulator", "abcdefgh\tijk"),
        ("too long", "a" * 65),
    ],
)
def test_a_request_id_that_is_none_is_not_taken(case: str, given: str, sqlite_app: Flask) -> None:
    told = sqlite_app.test_client().get("/healthz", headers={"X-Request-ID": given})
    assert told.headers["X-Request-ID"] != given
    assert len(told.headers["X-Request-ID"]) == 16


def _settings(tmp_path: Path, url: str) -> Settings:
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": url})


def _ran(app: Flask, job: str, on: str, status: str) -> None:
    with unit_of(app) as unit:
        unit.session.add(
            JobRun(
                id=new_id(),
                job=job,
                business_date=date.fromisoformat(on),
                scope="",
                status=status,
                asked=True,
                due=0,
                done=0,
                failed="[]",
                report="{}",
                started_by="x",
                started_at=0,
            )
        )
