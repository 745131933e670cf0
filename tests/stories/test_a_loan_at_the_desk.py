"""Tests of a loan at the bank: an officer records the loan, a checker approves it, and an officer pays it out."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

from tests.support.clients import Client
from tests.support.county_desk import card, uscc

SignIn = Callable[[str], Client]

LOAN = {
    "contract_no": "C-1",
    "scheme": "ganzhou-2016",
    "bank": "GZRCB",
    "county": "360781",
    "principal": "50000.00",
    "annual_rate": "0.0475",
    "term_months": 36,
    "signed_on": "2016-05-09",
    "purpose": "脐橙种植",
    "endorsements": ["village_committee", "work_team", "township"],
}
DESK_DAY = "2016-05-10 09:00+08:00"


def a_household(registry_no: str = "R-1") -> dict[str, Any]:
    """Return the request in which the poverty office registers a household of two people."""
    return {
        "registry_no": registry_no,
        "county": "360781",
        "town": "叶坪镇",
        "village": "大胜村",
        "category": "general",
        "registered_on": "2014-05-01",
        "members": [
            {"name": "刘福", "id_card": card("1980-05-01"), "relation": "户主", "is_head": True},
            {"name": "陈香", "id_card": card("1985-02-03"), "relation": "配偶"},
        ],
    }


def put_forward(sign_in: SignIn, **changed: Any) -> dict[str, Any]:
    """Register a household, record a loan of that household, and return the loan."""
    household = sign_in("poverty").post("/households", a_household())
    assert household.status_code == 201, household.text
    made = sign_in("officer").post("/loans", LOAN | {"household_id": household.json["id"]} | changed)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json
    return found


def paid_out(sign_in: SignIn, **changed: Any) -> str:
    """Record, approve and pay out a loan, and return the loan's path."""
    path = f"/loans/{put_forward(sign_in, **changed)['id']}"
    assert sign_in("checker").post(f"{path}/approval", {}).status_code == 200
    paid = sign_in("officer").post(f"{path}/disbursement", {"disbursed_on": "2016-05-10"})
    assert paid.status_code == 200, paid.text
    return path


@freeze_time(DESK_DAY)
def test_a_loan_goes_from_the_officer_to_the_checker_and_back(sign_in: SignIn) -> None:
    made = put_forward(sign_in)
    assert (made["status"], made["recorded_by"], made["principal_open"]) == ("submitted", "officer", "0.00")
    path = f"/loans/{made['id']}"
    approved = sign_in("checker").post(f"{path}/approval", {}).json
    assert (approved["status"], approved["approved_by"]) == ("approved", "checker")
    paid = sign_in("officer").post(f"{path}/disbursement", {"disbursed_on": "2016-05-10"}).json
    assert {name: paid[name] for name in ("status", "due_on", "rolled_on", "next_settlement_on", "principal_open")} == {
        "status": "active",
        "due_on": "2019-05-10",
        "rolled_on": "2019-05-10",
        "next_settlement_on": "2016-06-21",
        "principal_open": "50000.00",
    }
    shown = sign_in("auditor").get(path).json
    assert shown == {name: value for name, value in paid.items() if name != "warnings"}
    (row,) = sign_in("auditor").get(f"{path}/statement").json["items"]
    assert (row["kind"], row["cash"], row["principal_open"], row["made_by"], row["checked_by"]) == (
        "LoanDisbursed",
        "-50000.00",
        "50000.00",
        "officer",
        "checker",
    )


@freeze_time(DESK_DAY)
def test_what_is_returned_comes_back_amended(sign_in: SignIn) -> None:
    path = f"/loans/{put_forward(sign_in)['id']}"
    returned = sign_in("checker").post(f"{path}/return", {"reason": "金额须核减"}).json
    assert (returned["status"], returned["return_reason"]) == ("returned", "金额须核减")
    amended = sign_in("officer").patch(path, {"principal": "30000.00", "endorsements": ["township"]}).json
    assert (amended["status"], amended["principal"]) == ("returned", "30000.00")
    again = sign_in("officer").post(f"{path}/submission", {}).json
    assert (again["status"], again["return_reason"]) == ("submitted", None)
    warned = {warning["code"]: warning for warning in again["warnings"]}
    assert warned["endorsements_missing"]["facts"]["missing"] == ["village_committee", "work_team"]
    early = sign_in("officer").post(f"{path}/disbursement", {"disbursed_on": "2016-05-10"})
    assert (early.status_code, early.json["code"]) == (409, "wrong_status")


@pytest.mark.parametrize(
    "case, changed, status, code",
    [
        ("a float", {"principal": 50000.0}, 400, "malformed"),
        ("a number", {"principal": 50000}, 400, "malformed"),
        ("no fen", {"principal": "50000"}, 400, "malformed"),
        ("above the cap", {"principal": "51000.00"}, 422, "over_household_cap"),
        ("a wrong rate", {"annual_rate": "0.0476"}, 422, "rate_not_benchmark"),
        ("a rate in percent", {"annual_rate": "4.75"}, 422, "rate_not_benchmark"),
        ("a term as text", {"term_months": "36"}, 400, "malformed"),
        ("an unknown field", {"colour": "red"}, 400, "malformed"),
        ("another bank's loan", {"bank": "ABC"}, 404, "not_found"),
        ("an unknown household", {"household_id": "1"}, 404, "not_found"),
        ("signed tomorrow", {"signed_on": "2016-05-11"}, 422, "future_date"),
    ],
)
@freeze_time(DESK_DAY)
def test_a_loan_that_does_not_stand_is_refused_with_its_reason(
    case: str, changed: dict[str, Any], status: int, code: str, sign_in: SignIn
) -> None:
    household = sign_in("poverty").post("/households", a_household()).json["id"]
    refused = sign_in("officer").post("/loans", LOAN | {"household_id": household} | changed)
    assert (refused.status_code, refused.json["code"]) == (status, code), refused.text
    assert refused.mimetype == "application/problem+json"
    assert sign_in("officer").get("/loans").json["items"] == []


@freeze_time(DESK_DAY)
def test_the_cap_counts_every_bank_and_names_none(sign_in: SignIn) -> None:
    first = put_forward(sign_in, principal="30000.00")
    other = LOAN | {"household_id": first["household_id"], "bank": "ABC", "principal": "20000.01"}
    refused = sign_in("stranger").in_chinese().post("/loans", other)
    assert (refused.status_code, refused.json["facts"]) == (
        422,
        {
            "rule": "2.2",
            "limit": "50000.00",
            "found": "50000.01",
            "open": "0.00",
            "pending": "30000.00",
            "new": "20000.01",
        },
    )
    assert "该户贷款合计 50000.01 元，超过上限 50000.00 元" in refused.json["detail"]
    assert "GZRCB" not in refused.text
    assert "C-1" not in refused.text


@freeze_time(DESK_DAY)
def test_nobody_sees_or_touches_what_is_not_theirs(sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    assert sign_in("stranger").get("/loans").json["items"] == []
    for asked in (path, f"{path}/lines", f"{path}/statement", f"{path}/payoff", f"{path}/repayments"):
        assert sign_in("stranger").get(asked).status_code == 404, asked
        assert sign_in("elsewhere").get(asked).status_code == 404, asked
        assert sign_in("local").get(asked).status_code == 200, asked
    slip = {"amount": "1.00", "channel": "cash", "receipt_no": "S-1"}
    assert sign_in("stranger").post(f"{path}/repayments", slip).status_code == 404
    for user, allowed in (("checker", False), ("poverty", False), ("admin", False), ("auditor", False)):
        assert (sign_in(user).post(f"{path}/repayments", slip).status_code == 201) is allowed, user


@freeze_time("2016-08-01 09:00+08:00")
def test_loans_are_listed_by_what_is_asked(sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    officer, loan_id = sign_in("officer"), path.removeprefix("/loans/")
    for asked, seen in (
        ({"status": "active"}, 1),
        ({"status": "overdue"}, 0),
        ({"contract_no": "C-1"}, 1),
        ({"contract_no": "C"}, 0),
        ({"due_from": "2019-05-10", "due_to": "2019-05-10"}, 1),
        ({"due_from": "2019-05-11"}, 0),
        ({"overdue": "false"}, 1),
        ({"overdue": "true"}, 0),
        ({"bank": "GZRCB", "county": "360781"}, 1),
    ):
        found = officer.get("/loans", **asked).json["items"]
        assert [row["id"] for row in found] == [loan_id] * seen, asked
    assert officer.get("/loans", bank="ABC").status_code == 404
    sheet = officer.get("/loans", format="csv")
    assert sheet.mimetype == "text/csv"
    assert loan_id in sheet.text


def test_overdue_is_a_question_of_the_day_not_of_the_job(sign_in: SignIn) -> None:
    with freeze_time(DESK_DAY):
        paid_out(sign_in)
    for on, late, grade in (
        ("2019-05-10", 0, "normal"),
        ("2019-05-11", 1, "special_mention"),
        ("2019-08-08", 1, "special_mention"),
        ("2019-08-09", 1, "substandard"),
    ):
        with freeze_time(f"{on} 09:00+08:00"):
            auditor = sign_in("auditor")
            assert len(auditor.get("/loans", overdue="true").json["items"]) == late, on
            assert auditor.get("/loans").json["items"][0]["grade"] == grade


@freeze_time("2016-08-01 09:00+08:00")
def test_a_repayment_posts_the_line_that_was_due_before_it(sign_in: SignIn) -> None:
    path = paid_out(sign_in)
    slip = {"amount": "300.00", "paid_on": "2016-06-25", "channel": "cash", "receipt_no": "S-1"}
    paid = sign_in("officer").post(f"{path}/repayments", slip)
    assert paid.status_code == 201, paid.text
    assert paid.json["applied"] == {
        "contract_interest": "277.08",
        "compound_interest": "0.00",
        "penalty_interest": "0.00",
        "principal": "0.00",
        "credit": "22.92",
        "written_off": "0.00",
    }
    (line,) = sign_in("auditor").get(f"{path}/lines").json["items"]
    assert {name: line[name] for name in ("period_start", "period_end", "posted_on", "days", "contract_interest")} == {
        "period_start": "2016-05-10",
        "period_end": "2016-06-21",
        "posted_on": "2016-06-21",
        "days": 42,
        "contract_interest": "277.08",
    }
    assert (line["contract_paid"], line["contract_paid_on"]) == ("277.08", "2016-06-25")
    loan = sign_in("auditor").get(path).json
    assert (loan["interest_open"], loan["paid_interest"], loan["credit"]) == ("0.00", "277.08", "22.92")
    rows = sign_in("auditor").get(f"{path}/statement").json["items"]
    assert [(row["on"], row["kind"], row["cash"], row["interest_open"]) for row in rows] == [
        ("2016-05-10", "LoanDisbursed", "-50000.00", "0.00"),
        ("2016-06-21", "InterestBilled", "0.00", "277.08"),
        ("2016-06-25", "RepaymentReceived", "300.00", "0.00"),
    ]
    quote = sign_in("officer").get(f"{path}/payoff", on="2016-07-01").json
    assert (quote["principal"], quote["credit"]) == ("50000.00", "22.92")


@freeze_time(DESK_DAY)
def test_an_organisation_borrows_on_its_links(sign_in: SignIn) -> None:
    household = sign_in("poverty").post("/households", a_household()).json["id"]
    firm = {"uscc": uscc(), "name": "瑞金脐橙合作社", "kind": "cooperative", "county": "360781"}
    made = sign_in("poverty").post("/organisations", firm)
    assert (made.status_code, made.json["links"]) == (201, [])
    path = f"/organisations/{made.json['id']}"
    asked = LOAN | {"organisation_id": made.json["id"], "principal": "100000.00"}
    assert sign_in("officer").post("/loans", asked).json["code"] == "no_valid_link"
    contract = {"household_id": household, "kind": "employment", "starts_on": "2016-01-01", "ends_on": "2017-12-31"}
    linked = sign_in("poverty").post(f"{path}/links", contract).json
    assert [(row["kind"], row["registry_no"]) for row in linked["links"]] == [("employment", "R-1")]
    assert sign_in("officer").get(path).json == linked
    lent = sign_in("officer").post("/loans", asked)
    assert (lent.status_code, lent.json["borrower"], lent.json["id_card"]) == (201, "瑞金脐橙合作社", None)
    over = sign_in("officer").post("/loans", asked | {"contract_no": "C-2", "principal": "0.01"})
    assert (over.json["code"], over.json["facts"]["limit"]) == ("over_organisation_limit", "100000.00")


@freeze_time(DESK_DAY)
def test_a_card_is_looked_for_in_a_body_and_never_shown_whole(sign_in: SignIn) -> None:
    told = a_household()
    made = sign_in("poverty").post("/households", told).json
    whole = told["members"][1]["id_card"]
    found = sign_in("officer").post("/households/search", {"id_card": whole}, key=None)
    assert [row["id"] for row in found.json["items"]] == [made["id"]]
    assert whole not in found.text
    assert sign_in("elsewhere").post("/households/search", {"id_card": whole}, key=None).json["items"] == []
    assert sign_in("officer").get("/households", id_card=whole).status_code == 400
    assert sign_in("officer").get(f"/households/{made['id']}").json["members"][0]["is_head"] is True
    assert sign_in("elsewhere").get(f"/households/{made['id']}").status_code == 404
