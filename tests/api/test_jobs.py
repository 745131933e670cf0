"""Tests of jobs in the API: the list of jobs, starting a run, polling a run, and the failed items of a run."""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask

from jobs import runner
from jobs.timetable import JOBS
from ledger.operations.job_runs import Scope
from tests.jobs.test_failures import Unlucky, refuse_one
from tests.support.clients import Client
from tests.support.small_portfolio import lease_on, lend

SignIn = Callable[[str], Client]


def test_the_timetable_is_told_in_its_order_with_how_far_each_job_is(app: Flask, sign_in: SignIn) -> None:
    runner.run(lease_on(app.extensions["ledger"].engine), "interest", date(2016, 6, 30))
    told = sign_in("city").get("/jobs").json["items"]
    assert [job["name"] for job in told] == ["daily", *JOBS]
    assert {job["name"]: job["done_through"] for job in told} == dict.fromkeys(JOBS) | {
        "daily": None,
        "interest": "2016-06-30",
    }


def test_a_run_asked_for_is_begun_by_a_process_of_its_own_and_polled(app: Flask, sign_in: SignIn) -> None:
    lend(app.extensions["ledger"].engine, banks=("GZRCB", "ABC"), each=2)
    city = sign_in("city")
    asked = city.post("/jobs/runs", {"job": "interest", "business_date": "2016-06-30"})
    assert (asked.status_code, asked.json["status"], asked.json["started_by"]) == (202, "queued", "city")
    run = _ended(city, asked.json["id"])
    assert {name: run[name] for name in ("job", "business_date", "bank", "county", "status", "due", "done")} == {
        "job": "interest",
        "business_date": "2016-06-30",
        "bank": None,
        "county": None,
        "status": "done",
        "due": 4,
        "done": 4,
    }
    assert run["started_by"] == "city"
    assert [(step["job"], step["bank"], step["done"]) for step in run["steps"]] == [
        ("interest", "ABC", 2),
        ("interest", "GZRCB", 2),
    ]
    (listed,) = city.get("/jobs/runs").json["items"]
    assert listed == {name: run[name] for name in listed}
    (found,) = city.get("/jobs/runs", status="done", business_date="2016-06-30", job="interest").json["items"]
    assert found["id"] == run["id"]
    assert city.get("/jobs/runs", status="failed").json["items"] == []


def _ended(client: Client, run_id: str) -> dict[str, Any]:
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        run: dict[str, Any] = client.get(f"/jobs/runs/{run_id}").json
        if run["status"] not in ("queued", "running"):
            return run
        time.sleep(0.2)
    raise AssertionError("the run did not end")


def test_a_run_of_one_bank_and_county_says_so(app: Flask, sign_in: SignIn) -> None:
    runner.run(lease_on(app.extensions["ledger"].engine), "interest", date(2016, 6, 30), Scope("GZRCB", "360783"))
    (run,) = sign_in("auditor").get("/jobs/runs").json["items"]
    assert (run["bank"], run["county"], run["failed"]) == ("GZRCB", "360783", 0)


@pytest.mark.parametrize(
    "case, body, status, code",
    [
        ("tomorrow", {"job": "daily", "business_date": "2199-01-01"}, 422, "future_date"),
        ("no such job", {"job": "weekly"}, 400, "malformed"),
        ("no such bank", {"job": "daily", "bank": "XYZB"}, 404, "not_found"),
        ("no such county", {"job": "daily", "county": "110101"}, 404, "not_found"),
    ],
)
def test_what_cannot_be_run_is_refused_and_nothing_queued(
    app: Flask, sign_in: SignIn, case: str, body: dict[str, Any], status: int, code: str
) -> None:
    told = sign_in("city").post("/jobs/runs", body)
    assert (told.status_code, told.json["code"]) == (status, code)
    assert sign_in("city").get("/jobs/runs").json["items"] == []


def test_failed_items_are_told_with_their_reasons_in_the_readers_language(app: Flask, sign_in: SignIn) -> None:
    engine = app.extensions["ledger"].engine
    run, loan_id = refuse_one(engine)
    told = sign_in("auditor").in_english().get(f"/jobs/runs/{run.id}").json
    assert (told["status"], told["failed"]) == ("failed", 1)
    assert told["failures"] == [
        {
            "item": str(loan_id),
            "bank": "GZRCB",
            "county": "360781",
            "code": Unlucky.code,
            "detail": f"the loan {loan_id} is out of luck",
            "facts": {"loan": str(loan_id)},
        }
    ]
    chinese = sign_in("auditor").get(f"/jobs/runs/{run.id}").json
    assert chinese["failures"][0]["detail"] == f"贷款 {loan_id} 不走运"


def test_an_auditor_of_some_counties_sees_nothing_of_the_others(app: Flask, sign_in: SignIn) -> None:
    engine = app.extensions["ledger"].engine
    lend(engine, counties=("360781", "360702"), each=2)
    admin = sign_in("admin")
    inspector = {"username": "inspector", "name": "i", "password": "correct horse", "role": "auditor"}
    assert admin.post("/users", inspector | {"counties": ["360702"]}).status_code == 201
    whole = runner.run(lease_on(engine), "interest", date(2016, 6, 30))
    other = runner.run(lease_on(engine), "interest", date(2016, 7, 1), Scope("GZRCB", "360781"))
    told = sign_in("inspector").get(f"/jobs/runs/{whole.id}").json
    assert [(step["county"], step["done"]) for step in told["steps"]] == [("360702", 2)]
    assert (told["due"], told["done"]) == (2, 2)
    assert sign_in("inspector").get(f"/jobs/runs/{other.id}").status_code == 404
    assert [run["id"] for run in sign_in("inspector").get("/jobs/runs").json["items"]] == [str(whole.id)]
    assert sign_in("auditor").get(f"/jobs/runs/{whole.id}").json["done"] == 4
