"""Tests of two people: a request of one person waits until another person decides; likewise for closing months."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time

from ledger.operations import job_runs
from ledger.operations.job_runs import Scope
from ledger.unit_of_work import work
from tests.stories.test_a_loan_at_the_desk import paid_out
from tests.support.clients import Client

SignIn = Callable[[str], Client]

DAY = "2016-08-01 09:00+08:00"
BOOK = "LOAN-GZRCB"


def ran_daily(app: Flask, through: date) -> None:
    """Record a finished run of the daily job, as the program that runs jobs does."""
    now = datetime.now(UTC)
    with work(app.extensions["ledger"].engine, user="cron", today=through, clock=lambda: now) as unit:
        run = job_runs.begin(unit, "daily", through, Scope(), 0, "cron", asked=True)
        job_runs.end(unit, run, "done")


def disbursement_of(sign_in: SignIn, path: str) -> str:
    """Return the id of the event that paid out the loan."""
    found: str = sign_in("officer").get(f"{path}/statement").json["items"][0]["event_id"]
    return found


@freeze_time(DAY)
def test_a_payout_in_error_is_undone_by_two(sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    event = disbursement_of(sign_in, path)
    asked = sign_in("officer").post(f"/ledger/events/{event}/reversal", {"reason": "放款未成功"})
    assert (asked.status_code, asked.json["status"]) == (202, "pending")
    (waiting,) = sign_in("officer").get(path).json["pending"]
    assert (waiting["id"], waiting["kind"], waiting["made_by"]) == (asked.json["id"], "reversal", "officer")
    assert sign_in("officer").get("/approvals").json["items"] == []
    (mine,) = sign_in("checker").get("/approvals").json["items"]
    assert (mine["id"], mine["payload"], mine["reason"]) == (asked.json["id"], {"event_id": event}, "放款未成功")
    decision = f"/approvals/{asked.json['id']}"
    assert sign_in("officer").post(decision, {}).status_code == 403
    assert sign_in("stranger").get(decision).status_code == 404
    assert sign_in("checker").post(decision, {}).json["status"] == "approved"
    assert sign_in("checker").post(decision, {}).json["code"] == "wrong_status"
    loan = sign_in("auditor").get(path).json
    assert (loan["status"], loan["principal_open"], loan["due_on"], loan["pending"]) == ("approved", "0.00", None, [])
    rows = sign_in("auditor").get(f"{path}/statement").json["items"]
    assert [(row["principal"], row["principal_open"], row["reverses_id"]) for row in rows] == [
        ("50000.00", "50000.00", None),
        ("-50000.00", "0.00", event),
    ]


def test_a_statement_answers_what_was_known_then(sign_in: SignIn) -> None:
    with freeze_time("2016-05-10 09:00+08:00"):
        path = paid_out(sign_in)
        event = disbursement_of(sign_in, path)
        asked = sign_in("officer").post(f"/ledger/events/{event}/reversal", {"reason": "放款未成功"}).json
    with freeze_time("2016-05-12 09:00+08:00"):
        sign_in("checker").post(f"/approvals/{asked['id']}", {})
        auditor = sign_in("auditor")
        for known_at, standing in (("2016-05-11T09:00:00+08:00", "50000.00"), ("2016-05-12T09:00:00+08:00", "0.00")):
            told = auditor.get(f"{path}/statement", as_of="2016-05-10", known_at=known_at).json
            assert (told["items"][-1]["principal_open"], told["known_at"]) == (standing, known_at)


@freeze_time(DAY)
def test_a_refusal_is_kept_with_its_reason(sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    body = {"reason": "重复"}
    asked = sign_in("officer").post(f"/ledger/events/{disbursement_of(sign_in, path)}/reversal", body).json
    decision = f"/approvals/{asked['id']}"
    assert sign_in("checker").post(f"{decision}/refusal", {}).status_code == 400
    assert sign_in("checker").post(f"{decision}/refusal", {"reason": "凭证不符"}).json["status"] == "refused"
    kept = sign_in("auditor").get("/approvals", status="refused").json["items"]
    assert [(row["decision"], row["decided_by"], row["decided_on"]) for row in kept] == [
        ("凭证不符", "checker", "2016-08-01"),
    ]
    assert sign_in("auditor").get(path).json["status"] == "active"


ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("extension", {"months": 12, "agreed_on": "2016-08-01"}),
    ("misuse", {"effective_on": "2016-08-01", "found_on": "2016-08-01", "reason": "贷款用于建房"}),
    ("write-off", {"on": "2016-08-01", "reason": "借款人失踪"}),
)


@pytest.mark.parametrize("kind, body", ASKED)
@freeze_time(DAY)
def test_what_is_asked_of_a_loan_waits_for_the_checker(kind: str, body: dict[str, Any], sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    asked = sign_in("officer").post(f"{path}/{kind}", body)
    assert asked.status_code == 202, asked.text
    before = sign_in("officer").get(path).json
    assert [row["kind"] for row in before["pending"]] == [kind.replace("-", "_")]
    again = sign_in("officer").post(f"{path}/{kind}", body)
    assert (again.status_code, again.json["code"]) == (422, "already_pending")
    decided = sign_in("checker").post(f"/approvals/{asked.json['id']}", {})
    assert decided.status_code == 200, decided.text
    after = sign_in("officer").get(path).json
    changed = {name for name in after if after[name] != before[name]}
    assert "pending" in changed
    assert len(changed) > 1, "nothing but the waiting list has changed"


@pytest.mark.parametrize(
    "kind, body, code",
    [
        ("extension", {"months": 19}, "extension_too_long"),
        ("credit-refund", {"amount": "0.01"}, "exceeds_open_amount"),
        ("waiver", {"reason": "x"}, "exceeds_open_amount"),
        ("insurance", {"amount": "1.00", "policy_no": "P-1"}, "policy_mismatch"),
        ("renewal", {"contract_no": "C-9", "term_months": 36, "annual_rate": "0.05"}, "rate_not_benchmark"),
    ],
)
@freeze_time(DAY)
def test_nonsense_is_refused_when_it_is_asked(kind: str, body: dict[str, Any], code: str, sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    refused = sign_in("officer").post(f"{path}/{kind}", body)
    assert (refused.status_code, refused.json["code"]) == (422, code), refused.text
    assert sign_in("checker").get("/approvals").json["items"] == []


@freeze_time(DAY)
def test_an_adjustment_is_the_finance_bureaus_on_the_county_books(sign_in: SignIn) -> None:
    body = {
        "book": "SUBSIDY-360781",
        "county": "360781",
        "bank": "GZRCB",
        "document": "调整单 7",
        "reason": "更正",
        "rows": [{"debit": "1001", "credit": "1001", "amount": "1.00"}],
    }
    assert sign_in("officer").post("/ledger/adjustments", body).json["code"] == "not_yours"
    assert sign_in("elsewhere").post("/ledger/adjustments", body).status_code == 404
    assert sign_in("finance").post("/ledger/adjustments", body).json["code"] == "adjustment_unfit"
    fund = body | {"book": "FUND-360781", "rows": [{"debit": "1001", "credit": "4001", "amount": "1.00"}]}
    asked = sign_in("finance").post("/ledger/adjustments", fund)
    assert asked.status_code == 202, asked.text
    assert sign_in("checker").post(f"/approvals/{asked.json['id']}", {}).status_code == 403
    assert sign_in("finance2").post(f"/approvals/{asked.json['id']}", {}).json["status"] == "approved"


@freeze_time(DAY)
def test_a_month_is_closed_by_the_checker_and_opened_again_by_two(sign_in: SignIn, app: Flask) -> None:
    paid_out(sign_in)
    early = sign_in("checker").post(f"/ledger/periods/{BOOK}/2016-05/close", {})
    assert (early.status_code, early.json["code"]) == (422, "daily_not_run")
    ran_daily(app, date(2016, 7, 31))
    assert sign_in("officer").post(f"/ledger/periods/{BOOK}/2016-05/close", {}).status_code == 403
    assert sign_in("finance2").post(f"/ledger/periods/{BOOK}/2016-05/close", {}).status_code == 404
    closed = sign_in("checker").post(f"/ledger/periods/{BOOK}/2016-05/close", {}).json
    assert (closed["closed_through"], closed["next_month"]) == ("2016-05-31", "2016-06")
    assert [row["book"] for row in sign_in("local").get("/ledger/periods").json["items"]] == [BOOK]
    assert sign_in("stranger").get("/ledger/periods", book=BOOK).status_code == 404
    asked = sign_in("local").post(f"/ledger/periods/{BOOK}/2016-05/reopen", {"reason": "补记"})
    assert asked.status_code == 202, asked.text
    assert [row["kind"] for row in sign_in("local").get("/approvals", status="pending").json["items"]] == ["reopen"]
    assert sign_in("checker").post(f"/approvals/{asked.json['id']}", {}).status_code == 200
    (book,) = sign_in("auditor").get("/ledger/periods", book=BOOK).json["items"]
    assert (book["closed_through"], [(row["action"], row["by"], row["checked_by"]) for row in book["changes"]]) == (
        None,
        [("close", "checker", None), ("reopen", "local", "checker")],
    )


@freeze_time(DAY)
def test_the_county_closes_its_own_books(sign_in: SignIn, app: Flask) -> None:
    ran_daily(app, date(2016, 7, 31))
    for book in ("FUND-360781", "SUBSIDY-360781"):
        closed = sign_in("finance2").post(f"/ledger/periods/{book}/2016-07/close", {})
        assert closed.json["closed_through"] == "2016-07-31", closed.text
    assert sign_in("finance2").post("/ledger/periods/FUND-360732/2016-07/close", {}).status_code == 404
    assert sign_in("checker").post("/ledger/periods/FUND-360781/2016-07/close", {}).status_code == 404
    assert sign_in("finance2").post("/ledger/periods/FUND-360781/2016-13/close", {}).status_code == 404
