"""Tests of a quarter of the fund (scheme 5).

The tested quarter has an advance, a plan, an approval, an appropriation, deposits by slip, and a reconciliation.
"""

from typing import Any

import pytest
from freezegun import freeze_time

from tests.stories.test_a_loan_at_the_desk import SignIn, paid_out

ACCOUNT = "/fund/accounts/360781/GZRCB"


def balances(sign_in: SignIn, *accounts: str) -> dict[str, str]:
    """Return the balances of the accounts in the county's fund book."""
    rows = sign_in("auditor").get("/ledger/trial-balance?book=FUND-360781").json["rows"]
    return {row["account"]: row["closing"] for row in rows if row["account"] in accounts}


def a_loan_and_its_plan(sign_in: SignIn) -> dict[str, Any]:
    """Pay out a loan of 50,000 yuan on 2016-05-10, and draft the fund plan of the quarter."""
    with freeze_time("2016-05-10 09:00+08:00"):
        paid_out(sign_in)
    with freeze_time("2016-07-01 09:00+08:00"):
        made = sign_in("city").post("/fund/plans", {"quarter": "2016Q2"})
    assert made.status_code == 201, made.text
    plan: dict[str, Any] = made.json
    return plan


def test_the_money_of_a_plan_goes_step_by_step_and_is_seen_in_transit(sign_in: SignIn) -> None:
    plan = a_loan_and_its_plan(sign_in)
    (line,) = plan["lines"]
    assert {name: line[name] for name in ("issued", "required_cumulative", "contributed_cumulative", "due")} == {
        "issued": "50000.00",
        "required_cumulative": "6250.00",
        "contributed_cumulative": "0.00",
        "due": "6250.00",
    }
    assert (plan["status"], plan["total"]) == ("draft", "6250.00")
    path = f"/fund/plans/{plan['id']}"
    with freeze_time("2016-07-04 09:00+08:00"):
        assert sign_in("city2").post(f"{path}/approval", {}).json["status"] == "approved"
        assert balances(sign_in, "1101", "3001") == {"1101": "6250.00", "3001": "6250.00"}
        assert sign_in("city2").post(f"{path}/appropriation", {}).json["status"] == "appropriated"
        assert balances(sign_in, "1101", "1102") == {"1101": "0.00", "1102": "6250.00"}
        part = {"county": "360781", "bank": "GZRCB", "amount": "4000.00", "slip_no": "S-1"}
        paid = sign_in("finance").post(f"{path}/deposits", {"lines": [part]}).json
        assert (paid["status"], paid["outstanding"]["deposit"]) == ("appropriated", "2250.00")
        beyond = sign_in("finance").post(f"{path}/deposits", {"lines": [part | {"slip_no": "S-2"}]})
        assert (beyond.status_code, beyond.json["code"]) == (422, "beyond_step")
        assert beyond.json["facts"]["limit"] == "2250.00"
        assert sign_in("finance").post(f"{path}/deposits", {}).json["status"] == "deposited"
        assert balances(sign_in, "1001", "1102") == {"1001": "6250.00", "1102": "0.00"}
        shown = sign_in("auditor").get(f"{ACCOUNT}/statement?from=2016-07-01").json
    assert [row["document"] for row in shown["movements"]] == ["S-1", ""]
    assert {name: shown[name] for name in ("opening", "closing", "in_transit", "queued", "head_room")} == {
        "opening": "0.00",
        "closing": "6250.00",
        "in_transit": "0.00",
        "queued": "0.00",
        "head_room": "0.00",
    }


@freeze_time("2016-07-06 09:00+08:00")
def test_a_statement_ends_on_the_day_it_was_asked_to(sign_in: SignIn) -> None:
    sign_in("finance").post(f"{ACCOUNT}/interest", {"amount": "5.55", "on": "2016-07-01", "slip_no": "I-1"})
    sign_in("finance").post(f"{ACCOUNT}/interest", {"amount": "1.00", "on": "2016-07-02", "slip_no": "I-2"})
    first = ("2016-07-01", "5.55")
    for until, wanted in (("", ("2016-07-06", "6.55")), ("&to=2016-07-01", first), ("&as_of=2016-07-01", first)):
        told = sign_in("auditor").get(f"{ACCOUNT}/statement?from=2016-07-01{until}").json
        assert (told["to"], told["closing"]) == wanted, until


def test_an_advance_is_used_up_before_anything_is_called(sign_in: SignIn) -> None:
    with freeze_time("2016-04-01 09:00+08:00"):
        advance = {"county": "360781", "bank": "GZRCB", "amount": "200000.00"}
        made = sign_in("city").post("/fund/advances", advance).json
        assert sign_in("city2").post(f"/fund/plans/{made['id']}/approval", {}).json["status"] == "approved"
    plan = a_loan_and_its_plan(sign_in)
    assert (plan["lines"][0]["contributed_cumulative"], plan["total"]) == ("200000.00", "0.00")


@pytest.mark.parametrize(
    ("case", "who", "path", "status", "code"),
    [
        ("a plan is approved by another than its maker", "city", "approval", 422, "same_person"),
        ("nothing is appropriated that is not approved", "city2", "appropriation", 409, "wrong_status"),
        ("nothing is deposited that did not arrive", "finance", "deposits", 409, "wrong_status"),
        ("the county does not approve", "finance", "approval", 403, "not_yours"),
    ],
)
def test_a_step_out_of_turn_is_refused(case: str, who: str, path: str, status: int, code: str, sign_in: SignIn) -> None:
    plan = a_loan_and_its_plan(sign_in)
    with freeze_time("2016-07-04 09:00+08:00"):
        refused = sign_in(who).post(f"/fund/plans/{plan['id']}/{path}", {})
        assert (refused.status_code, refused.json["code"]) == (status, code), case
        assert balances(sign_in, "1101", "3001") == {"1101": "0.00", "3001": "0.00"}


@freeze_time("2016-06-30 09:00+08:00")
def test_a_quarter_that_is_not_over_has_no_plan(sign_in: SignIn) -> None:
    refused = sign_in("city").post("/fund/plans", {"quarter": "2016Q2"})
    assert (refused.status_code, refused.json["code"], refused.json["facts"]["limit"]) == (
        422,
        "quarter_not_over",
        "2016-07-01",
    )


def test_a_report_is_frozen_when_submitted_and_corrected_by_a_version(sign_in: SignIn) -> None:
    a_loan_and_its_plan(sign_in)
    with freeze_time("2016-07-05 09:00+08:00"):
        asked = {"bank": "GZRCB", "county": "360781", "quarter": "2016Q2"}
        draft = sign_in("officer").post("/issuance-reports", asked).json
        assert (draft["households"], draft["households_issued"], draft["due_by"]) == (1, "50000.00", "2016-07-10")
        sent = sign_in("checker").post(f"/issuance-reports/{draft['id']}/submission", {}).json
        assert (sent["status"], sent["submitted_on"]) == ("submitted", "2016-07-05")
        again = sign_in("officer").post("/issuance-reports", asked).json
    assert (again["version"], again["status"]) == (2, "draft")


def test_the_quarter_closes_once_its_account_is_reconciled(sign_in: SignIn) -> None:
    plan = a_loan_and_its_plan(sign_in)
    with freeze_time("2016-07-04 09:00+08:00"):
        for who, step in (("city2", "approval"), ("city2", "appropriation"), ("finance", "deposits")):
            assert sign_in(who).post(f"/fund/plans/{plan['id']}/{step}", {}).status_code == 200
    with freeze_time("2016-09-30 18:00+08:00"):
        told = {"amount": "6260.00", "slip_no": "D-9"}
        found = sign_in("finance").post(f"{ACCOUNT}/reconciliations", told).json
        assert (found["quarter"], found["difference"]) == ("2016Q3", "10.00")
        interest = sign_in("finance").post(f"{ACCOUNT}/interest", {"amount": "10.00", "slip_no": "I-1"})
        assert interest.status_code == 201
        found = sign_in("finance").post(f"{ACCOUNT}/reconciliations", told | {"slip_no": "D-10"}).json
        assert found["difference"] == "0.00"
