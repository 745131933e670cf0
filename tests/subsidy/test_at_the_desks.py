"""Tests of a subsidy batch in the API, from the bank's draft to the finance bureau's payment.

The tests of a subsidy batch include the deadlines and the public list.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time
from sqlalchemy import Engine

from tests.support import subsidising
from tests.support.clients import Client
from tests.support.service import _quick_passwords, app, settings, sign_in

__all__ = ["_quick_passwords", "app", "settings", "sign_in"]

Sign = Callable[[str], Client]

CHAIN = (("checker", "submission"), ("poverty", "approval"), ("finance", "verification"))
ASKED = {"bank": "GZRCB", "county": "360781", "cycle": "quarter", "period": "2016Q2"}


@pytest.fixture
def engine(app: Flask) -> Engine:
    """Return the database of the service under test."""
    service_engine: Engine = app.extensions["ledger"].engine
    return service_engine


@pytest.fixture
def _in_time() -> Iterator[None]:
    with freeze_time("2016-09-26 12:00:00+08:00", tick=True):
        yield


def _three_loans(engine: Engine) -> list[int]:
    loans = [subsidising.lend(engine) for _ in range(3)]
    subsidising.bill(engine, date(2016, 9, 21))
    for loan in loans:
        subsidising.pay(engine, loan, "277.08", date(2016, 9, 22))
    return loans


@pytest.mark.usefixtures("_in_time")
def test_a_batch_from_draft_to_payment(engine: Engine, sign_in: Sign) -> None:
    loans = [subsidising.lend(engine) for _ in range(3)]
    subsidising.bill(engine, date(2016, 9, 21))
    for loan in loans:
        subsidising.pay(engine, loan, "277.08", date(2016, 6, 21))
        subsidising.pay(engine, loan, "606.94", date(2016, 9, 22))

    drafted = sign_in("officer").post("/subsidy-batches", {**ASKED, "on": "2016-06-22"})
    batch = drafted.json
    assert (drafted.status_code, batch["status"], batch["total"]) == (201, "draft", "831.24")
    assert (batch["submit_by"], batch["pay_by"]) == ("2016-06-26", None)
    first = batch["lines"][0]
    assert first | {"id": "", "contract_no": "", "borrower": ""} == {
        "id": "",
        "loan_id": str(loans[0]),
        "contract_no": "",
        "borrower": "",
        "line_ids": [f"{loans[0]}-20160510"],
        "kind": "normal",
        "period": "2016Q2",
        "period_start": "2016-05-10",
        "period_end": "2016-06-21",
        "days": 42,
        "interest": "277.08",
        "eligible": "277.08",
        "share": "1",
        "subsidy": "277.08",
        "of_line_id": None,
        "status": "live",
        "rebilled": False,
        "reason": None,
    }
    path = f"/subsidy-batches/{batch['id']}"

    assert sign_in("checker").post(f"{path}/submission", {"on": "2016-06-28"}).json["late"] is True
    refused = batch["lines"][1]["id"]
    body = {"rejected": [{"line_id": refused, "reason": "未用于产业"}], "on": "2016-09-26"}
    approved = sign_in("poverty").post(f"{path}/approval", body)
    assert (approved.json["total"], approved.json["pay_by"]) == ("554.16", "2016-10-08")
    assert sign_in("finance").post(f"{path}/verification", {}).json["status"] == "verified"
    paid = sign_in("finance2").post(f"{path}/payment", {"on": "2016-09-26"})
    assert (paid.status_code, paid.json["status"], paid.json["total"]) == (200, "paid", "554.16")

    shown = sign_in("auditor").get(path).json
    assert [line["status"] for line in shown["lines"]] == ["live", "rejected", "live"]
    assert shown["lines"][1]["reason"] == "未用于产业"
    assert [(step["step"], step["by"], step["on"]) for step in shown["history"]] == [
        ("draft", "officer", "2016-06-22"),
        ("submit", "checker", "2016-06-28"),
        ("rejected", "poverty", "2016-09-26"),
        ("approve", "poverty", "2016-09-26"),
        ("verify", "finance", "2016-09-26"),
        ("pay", "finance2", "2016-09-26"),
    ]
    assert sign_in("officer").get(f"/loans/{loans[0]}").json["subsidised_total"] == "277.08"
    row = sign_in("auditor").get("/reports/subsidies").json["items"][0]
    assert row["households"] == row["paid"] == "554.16"
    assert sign_in("auditor").get("/reports/subsidies", as_of="2016-09-25").json["items"] == []


@pytest.mark.usefixtures("_in_time")
def test_the_public_list_identifies_nobody(engine: Engine, sign_in: Sign) -> None:
    _three_loans(engine)
    batch = sign_in("officer").post("/subsidy-batches", {**ASKED, "period": "2016Q3"}).json
    listed = sign_in("poverty").get(f"/subsidy-batches/{batch['id']}/public-list")
    rows = listed.json["items"]
    assert [row["name"] for row in rows] == ["刘*"] * 3
    assert rows[0].keys() == {
        "name",
        "town",
        "village",
        "kind",
        "period",
        "period_start",
        "period_end",
        "days",
        "interest",
        "subsidy",
    }
    sheet = sign_in("poverty").get(f"/subsidy-batches/{batch['id']}/public-list", format="csv")
    assert "刘*,叶坪镇,大胜村,catch_up,2016Q2" in sheet.text


@pytest.mark.usefixtures("_in_time")
@pytest.mark.parametrize(
    "case, change, status, code",
    [
        ("a period not over", {"period": "2016Q4"}, 422, "period_not_over"),
        ("not over on the day it is drafted of", {"on": "2016-06-20"}, 422, "period_not_over"),
        ("a day to come", {"on": "2016-09-27"}, 422, "future_date"),
        ("a year in the quarter's cycle", {"period": "2016"}, 400, "malformed"),
        ("a quarter in the year's cycle", {"cycle": "year"}, 400, "malformed"),
        ("another bank", {"bank": "ABC"}, 404, "not_found"),
        ("no such county", {"county": "999999"}, 404, "not_found"),
        ("no such field", {"total": "1.00"}, 400, "malformed"),
    ],
)
def test_what_is_no_draft_is_refused(
    app: Flask, sign_in: Sign, case: str, change: dict[str, Any], status: int, code: str
) -> None:
    answer = sign_in("officer").post("/subsidy-batches", {**ASKED, **change})
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text


@pytest.mark.usefixtures("_in_time")
def test_a_returned_batch_is_not_paid_until_it_has_passed_every_step_again(engine: Engine, sign_in: Sign) -> None:
    loans = _three_loans(engine)
    batch = sign_in("officer").post("/subsidy-batches", {**ASKED, "period": "2016Q3"}).json
    path = f"/subsidy-batches/{batch['id']}"
    for user, step in CHAIN:
        assert sign_in(user).post(f"{path}/{step}", {}).status_code == 200
    back = sign_in("finance2").post(f"{path}/return", {"reason": "账号有误"})
    assert (back.json["status"], back.json["return_reason"], back.json["total"]) == ("returned", "账号有误", "831.24")
    refused = sign_in("finance2").post(f"{path}/payment", {})
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_status")
    for user, step in (*CHAIN, ("finance2", "payment")):
        assert sign_in(user).post(f"{path}/{step}", {}).status_code == 200, step
    lines = sign_in("officer").get(f"/loans/{loans[0]}/lines").json
    assert [line["subsidised"] for line in lines.get("items", lines)][:1] == ["277.08"]


@pytest.mark.usefixtures("_in_time")
def test_a_claw_back_is_collected_by_its_own_receipts(engine: Engine, sign_in: Sign) -> None:
    loan = subsidising.lend(engine)
    subsidising.bill(engine, date(2016, 6, 21))
    repayment = subsidising.pay(engine, loan, "277.08", date(2016, 6, 21))
    subsidising.bring(engine, subsidising.draft(engine), "paid")
    subsidising.take_back(engine, repayment, date(2016, 8, 1))
    finance = sign_in("finance")
    (clawback,) = finance.get("/clawbacks").json["items"]
    assert (clawback["loan_id"], clawback["amount"], clawback["outstanding"], clawback["raised_on"]) == (
        str(loan),
        "277.08",
        "277.08",
        "2016-06-26",
    )
    path = f"/clawbacks/{clawback['id']}/receipt"
    more = finance.post(path, {"amount": "277.09"})
    assert (more.status_code, more.json["code"]) == (422, "exceeds_open_amount")
    early = finance.post(path, {"amount": "1.00", "on": "2016-06-25"})
    assert (early.status_code, early.json["code"]) == (422, "before_raised")
    assert finance.post(path, {"amount": "100.00", "on": "2016-09-01"}).json["outstanding"] == "177.08"
    assert finance.post(path, {"amount": "177.08", "on": "2016-09-02"}).json["outstanding"] == "0.00"
    assert finance.get("/clawbacks", open="true").json["items"] == []
    (row,) = sign_in("auditor").get("/reports/subsidies", as_of="2016-09-01").json["items"]
    assert (row["paid"], row["clawback_raised"], row["clawback_received"], row["clawback_outstanding"]) == (
        "277.08",
        "277.08",
        "100.00",
        "177.08",
    )


@pytest.mark.usefixtures("_in_time")
def test_nobody_of_another_county_or_bank_sees_a_batch(engine: Engine, sign_in: Sign) -> None:
    _three_loans(engine)
    batch = sign_in("officer").post("/subsidy-batches", {**ASKED, "period": "2016Q3"}).json
    path = f"/subsidy-batches/{batch['id']}"
    for stranger in ("stranger", "elsewhere"):
        assert sign_in(stranger).get(path).status_code == 404
        assert sign_in(stranger).get("/subsidy-batches").json["items"] == []
        assert sign_in(stranger).get(f"{path}/public-list").status_code == 404
        assert sign_in(stranger).get("/reports/subsidies").json["items"] == []
    assert sign_in("elsewhere").post(f"{path}/verification", {}).status_code == 404
    (row,) = sign_in("local").get("/subsidy-batches", status="draft").json["items"]
    assert row["id"] == batch["id"]
