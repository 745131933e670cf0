"""The worked example of books.md §3, carried out in the API with every figure and every user."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from freezegun import freeze_time

from tests.support import claiming
from tests.support.clients import Client, Told
from tests.support.county_desk import BANK, COUNTY

SignIn = Callable[[str], Client]


@contextmanager
def on(day: str) -> Iterator[None]:
    """Set the clock to the morning of a day."""
    with freeze_time(f"{day} 09:00+08:00"):
        yield


def said(told: Told, *names: str) -> tuple[Any, ...]:
    assert told.status_code < 300, told.text
    return tuple(told.json[name] for name in names)


def put_through(sign_in: SignIn, loan: int) -> str:
    """Draft, submit, review and approve a claim as four different people, and return the claim's path."""
    drafted = sign_in("officer").post("/claims", {"loan_id": str(loan), "cause": "overdue", "documents": ["催收记录"]})
    path = f"/claims/{said(drafted, 'id')[0]}"
    assert said(drafted, "status", "principal", "interest", "total") == ("draft", "50000.00", "329.86", "50329.86")
    for user, step, status in (
        ("checker", "submission", "submitted"),
        ("poverty", "review", "reviewed"),
        ("finance", "approval", "approved"),
    ):
        assert said(sign_in(user).post(f"{path}/{step}", {}), "status") == (status,)
    return path


@pytest.fixture
def loan(app: Flask) -> int:
    """Return a loan of 50,000.00 yuan at 4.75 %, due on 2019-05-10.

    All interest up to and including 2019-03-20 is paid.
    """
    return claiming.failed_loan(app.extensions["ledger"].engine)


@pytest.fixture
def paid_claim(app: Flask, sign_in: SignIn, loan: int) -> tuple[int, str]:
    """Return a loan and the path of its claim.

    The loan's claim was paid in full from a fund account with 60,000.00 yuan.
    """
    claiming.deposit(app.extensions["ledger"].engine, "60000.00", "2019-08-01")
    with on("2019-08-12"):
        path = put_through(sign_in, loan)
        assert said(sign_in("finance2").post(f"{path}/payment", {}), "paid") == ("50329.86",)
    return loan, path


def test_it_is_compensated_within_the_account_and_the_rest_queues(app: Flask, sign_in: SignIn, loan: int) -> None:
    engine = app.extensions["ledger"].engine
    claiming.deposit(engine, "40000.00", "2019-08-01")
    with on("2019-08-12"):
        path = put_through(sign_in, loan)
        paid = sign_in("finance2").post(f"{path}/payment", {})
        assert said(paid, "paid", "city_share", "county_share", "queued") == (
            "40000.00",
            "20000.00",
            "20000.00",
            "10329.86",
        )
        seen = sign_in("auditor").get(f"/loans/{loan}")
        assert said(seen, "status", "recourse_open", "queued", "principal_open") == (
            "compensated",
            "40000.00",
            "10329.86",
            "10000.00",
        )
        body = {"amount": "10.00", "paid_on": "2019-08-12", "channel": "counter", "receipt_no": "R9"}
        assert sign_in("officer").post(f"/loans/{loan}/repayments", body).json["code"] == "loan_compensated"
    claiming.deposit(engine, "20000.00", "2019-10-08")
    with on("2019-10-08"):
        paid = sign_in("finance2").post(f"{path}/payment", {})
        assert said(paid, "paid", "city_share", "county_share", "queued", "status") == (
            "10329.86",
            "5164.93",
            "5164.93",
            "0.00",
            "paid",
        )


def test_what_the_borrower_pays_goes_back_to_the_fund_and_lowers_both_halves(
    sign_in: SignIn, paid_claim: tuple[int, str]
) -> None:
    loan, path = paid_claim
    with on("2019-11-05"):
        came = sign_in("officer").post(f"/loans/{loan}/recoveries", {"amount": "12345.67"})
        assert said(came, "to_fund", "retained", "remit_by", "status") == (
            "12345.67",
            "0.00",
            "2019-11-12",
            "received",
        )
        assert sign_in("auditor").get(f"/loans/{loan}").json["recovered_unremitted"] == "12345.67"
        remitted = sign_in("officer").post(f"/recoveries/{came.json['id']}/remittance", {})
        assert said(remitted, "status", "remitted_on") == ("remitted", "2019-11-05")
        claim = sign_in("auditor").get(path)
        assert said(claim, "status", "returned", "net_loss", "city_share", "county_share") == (
            "recovering",
            "12345.67",
            "37984.19",
            "18992.10",
            "18992.09",
        )
        (told,) = sign_in("auditor").get("/reports/compensation", as_of="2019-10-08").json["items"]
        assert (told["paid"], told["returned"], told["county_share"]) == ("50329.86", "0.00", "25164.93")
        (told,) = sign_in("poverty").get("/reports/compensation", by="city").json["items"]
        assert (told["net_loss"], told["fund_share"], told["county_share"]) == ("37984.19", "18992.10", "18992.09")
        assert sign_in("elsewhere").get("/reports/compensation").json["items"] == []


def test_the_county_pays_what_is_due_gets_back_what_it_prepaid_and_all_is_zero(
    sign_in: SignIn, paid_claim: tuple[int, str]
) -> None:
    loan, path = paid_claim
    share = {"county": COUNTY, "bank": BANK, "amount": "25164.93", "slip_no": "C1"}
    with on("2019-11-05"):
        over = sign_in("finance").post("/fund/county-shares", share | {"amount": "25164.94"})
        assert (over.status_code, over.json["code"], over.json["facts"]["limit"]) == (
            422,
            "county_share_not_due",
            "25164.93",
        )
        assert said(sign_in("finance").post("/fund/county-shares", share), "due", "prepaid") == ("0.00", "0.00")
        assert said(sign_in("auditor").get(path), "county_share_due", "county_share_paid") == ("25164.93", "25164.93")
    with on("2019-12-02"):
        rest = sign_in("officer").post(f"/loans/{loan}/recoveries", {"amount": "50329.86"})
        sign_in("officer").post(f"/recoveries/{rest.json['id']}/remittance", {})
        asked = sign_in("finance").post("/fund/county-share-returns", share | {"slip_no": "C2"})
        assert said(sign_in("finance2").post(f"/approvals/{asked.json['id']}", {}), "status") == ("approved",)
        closing = sign_in("finance").post(f"{path}/closing", {"reason": "全部收回"})
        assert [row["kind"] for row in sign_in("auditor").get(path).json["pending"]] == ["claim_closing"]
        assert said(sign_in("finance2").post(f"/approvals/{closing.json['id']}", {}), "status") == ("approved",)
        assert said(sign_in("auditor").get(path), "status", "closed_on", "net_loss") == (
            "closed",
            "2019-12-02",
            "0.00",
        )
        assert said(sign_in("auditor").get(f"/loans/{loan}"), "status", "recourse_open") == ("closed", "0.00")
        rows = sign_in("auditor").get("/ledger/trial-balance", book=f"FUND-{COUNTY}").json["rows"]
        assert {row["account"]: row["closing"] for row in rows if row["closing"] != "0.00"} == {
            "1001": "60000.00",
            "3001": "60000.00",
        }


def test_a_claim_returned_keeps_its_history_and_may_be_submitted_again(sign_in: SignIn, loan: int) -> None:
    with on("2019-08-12"):
        path = put_through(sign_in, loan)
        assert sign_in("finance2").post(f"{path}/return", {}).status_code == 400
        assert said(sign_in("finance2").post(f"{path}/return", {"reason": "缺材料"}), "status", "return_reason") == (
            "returned",
            "缺材料",
        )
        refused = sign_in("finance2").post(f"{path}/payment", {})
        assert (refused.status_code, refused.json["code"]) == (409, "wrong_status")
        assert said(sign_in("checker").post(f"{path}/submission", {}), "status") == ("submitted",)
        steps = sign_in("auditor").get(path).json["steps"]
        assert [(row["step"], row["by"]) for row in steps] == [
            ("draft", "officer"),
            ("submit", "checker"),
            ("review", "poverty"),
            ("approve", "finance"),
            ("return", "finance2"),
            ("submit", "checker"),
        ]
