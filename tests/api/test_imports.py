"""Tests of sheets sent to the API: dry runs, bookings, the roles that may send sheets, and polling of large sheets."""

import io
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from freezegun import freeze_time

from api.sheets import views as resource
from ledger.imports.columns import COLUMNS
from ledger.imports.reading import read_sheet
from tests.support.clients import BASE, Client, Told
from tests.support.sheet_files import Row, csv_of, home_row, loan_row, paid_row, xlsx_of

SignIn = Callable[[str], Client]


def send(client: Client, kind: str, data: bytes, *, key: str | None = "", language: str = "en", **query: str) -> Told:
    """Send a file in a POST request."""
    headers = dict(client.headers) | {"Accept-Language": language}
    if key is not None:
        headers["Idempotency-Key"] = key or uuid4().hex
    told = client.app.test_client().post(
        f"{BASE}/imports/{kind}", data={"file": (io.BytesIO(data), "放款台账.csv")}, query_string=query, headers=headers
    )
    return Told(told.status_code, told.get_json(silent=True), told.data, told.mimetype or "", told.headers)


@pytest.fixture
def rows(sign_in: SignIn) -> list[Row]:
    """Return the rows of a sheet with three loans whose households are registered."""
    told = [loan_row() for _ in range(3)]
    homes = csv_of("households", [home_row(row) for row in told])
    assert send(sign_in("poverty"), "households", homes).status_code == 201
    return told


def test_a_register_of_loans_goes_in_and_is_confirmed(sign_in: SignIn, rows: list[Row]) -> None:
    told = send(sign_in("officer"), "loans", xlsx_of("loans", rows))
    assert told.status_code == 201
    assert {name: value for name, value in told.json.items() if name != "id"} == {
        "kind": "loans",
        "status": "booked",
        "rows": 3,
        "booked": 3,
        "unchanged": 0,
        "ready": 0,
        "faults": [],
        "amounts": [
            {
                "column": "principal",
                "heading": "principal",
                "unit": "元",
                "count": 3,
                "sum": "150000.00",
                "smallest": "50000.00",
                "largest": "50000.00",
            }
        ],
        "hidden_rows": [],
        "notes": [],
    }
    place = f"/imports/{told.json['id']}"
    shown = sign_in("checker").get(place).json
    assert (shown["status"], shown["bank"], shown["made_by"], shown["file_name"]) == (
        "booked",
        "GZRCB",
        "officer",
        "放款台账.csv",
    )
    assert sign_in("checker").post(f"{place}/approval", {}).json["status"] == "approved"
    figures = sign_in("auditor").get("/ledger/trial-balance", book="LOAN-GZRCB").json
    stands = {row["account"]: row["closing"] for row in figures["rows"] if row["closing"] != "0.00"}
    assert stands == {"130301": "150000.00", "1003": "-150000.00"}


def test_a_rejection_says_why(sign_in: SignIn, rows: list[Row]) -> None:
    place = f"/imports/{send(sign_in('officer'), 'loans', csv_of('loans', rows)).json['id']}"
    assert sign_in("checker").post(f"{place}/rejection", {}).status_code == 400
    told = sign_in("checker").post(f"{place}/rejection", {"reason": "台账有误"})
    assert (told.json["status"], told.json["decision"], told.json["decided_by"]) == ("rejected", "台账有误", "checker")
    assert sign_in("checker").post(f"{place}/approval", {}).status_code == 409


@pytest.mark.parametrize("decision", ["approval", "rejection"])
def test_a_decision_is_never_dated_before_the_import(decision: str, sign_in: SignIn, rows: list[Row]) -> None:
    booked = send(sign_in("officer"), "loans", csv_of("loans", rows)).json
    place = f"/imports/{booked['id']}"
    made_on = sign_in("checker").get(place).json["made_on"]
    reason = {} if decision == "approval" else {"reason": "台账有误"}
    told = sign_in("checker").post(f"{place}/{decision}", {"on": "2016-06-01", **reason})
    assert (told.status_code, told.json["code"]) == (422, "before_earlier_step")
    assert told.json["facts"]["limit"] == made_on


def test_a_sheet_with_faults_is_refused_with_all_of_them(sign_in: SignIn, rows: list[Row]) -> None:
    wrong = csv_of("loans", [rows[0], rows[1] | {"principal": "51000.00"}, rows[2] | {"annual_rate": "4.35%"}])
    told = send(sign_in("officer"), "loans", wrong)
    assert (told.status_code, told.mimetype) == (422, "application/problem+json")
    assert (told.json["code"], told.json["rows"], told.json["booked"]) == ("sheet_has_faults", 3, 0)
    assert [(fault["row"], fault["column"], fault["code"]) for fault in told.json["faults"]] == [
        (3, "principal", "over_household_cap"),
        (4, "annual_rate", "rate_not_benchmark"),
    ]
    assert told.json["faults"] == told.json["errors"]
    assert "51000.00" in told.json["faults"][0]["message"]
    assert "户" in send(sign_in("officer"), "loans", wrong, language="zh").json["faults"][0]["message"]
    assert sign_in("officer").get("/imports").json["items"] == []


def test_a_dry_run_answers_with_the_faults_and_needs_no_key(sign_in: SignIn, rows: list[Row]) -> None:
    officer = sign_in("officer")
    tried = send(officer, "loans", csv_of("loans", rows), key=None, dry_run="true")
    assert (tried.status_code, tried.json["status"], tried.json["ready"], tried.json["id"]) == (200, "checked", 3, None)
    wrong = csv_of("loans", [rows[0] | {"principal": "x"}, *rows[1:]])
    tried = send(officer, "loans", wrong, key=None, dry_run="true")
    assert (tried.status_code, tried.json["status"], tried.json["booked"]) == (200, "failed", 0)
    assert [fault["code"] for fault in tried.json["faults"]] == ["amount_unfit"]
    heading = csv_of("loans", rows).replace("贷款用途".encode(), "用处".encode())
    tried = send(officer, "loans", heading, key=None, dry_run="true")
    assert [fault["code"] for fault in tried.json["faults"]] == ["column_unknown", "column_missing"]
    assert officer.get("/loans").json["items"] == []


def test_a_key_gives_the_same_answer_and_the_file_belongs_to_it(sign_in: SignIn, rows: list[Row]) -> None:
    officer = sign_in("officer")
    first = send(officer, "loans", csv_of("loans", rows[:2]), key="k-1")
    again = send(officer, "loans", csv_of("loans", rows[:2]), key="k-1")
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert send(officer, "loans", csv_of("loans", rows), key="k-1").json["code"] == "key_reused"
    assert send(officer, "loans", csv_of("loans", rows), key=None).json["code"] == "key_missing"
    other = send(officer, "loans", csv_of("loans", rows[:2]), key="k-2")
    assert (other.status_code, other.json["id"], other.json["booked"], other.json["unchanged"]) == (200, None, 0, 2)
    refused = send(officer, "loans", b"rubbish", key="k-3")
    assert (refused.status_code, refused.json["code"]) == (422, "sheet_empty")
    assert send(officer, "loans", b"rubbish", key="k-3").headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "user, kind, status",
    [
        ("stranger", "loans", 422),  # The cap counts the loans of all banks, so the loan of bank ABC exceeds the cap.
        ("poverty", "loans", 403),
        ("city", "repayments", 403),
        ("checker", "loans", 403),
        ("auditor", "households", 403),
        ("officer", "households", 200),
        ("city", "households", 200),
        ("officer", "pigs", 404),
    ],
)
def test_who_brings_what(user: str, kind: str, status: int, sign_in: SignIn, rows: list[Row]) -> None:
    assert send(sign_in("officer"), "loans", csv_of("loans", rows)).status_code == 201
    sheets = {"loans": rows, "repayments": [paid_row(rows[0])], "households": [home_row(row) for row in rows]}
    data = csv_of(kind, sheets[kind]) if kind in sheets else b"x"
    assert send(sign_in(user), kind, data).status_code == status


def test_imports_are_their_banks_and_registers_their_countys(sign_in: SignIn, rows: list[Row]) -> None:
    place = f"/imports/{send(sign_in('officer'), 'loans', csv_of('loans', rows)).json['id']}"

    def kinds(user: str) -> list[str]:
        return [row["kind"] for row in sign_in(user).get("/imports").json["items"]]

    assert (kinds("officer"), kinds("checker"), kinds("stranger")) == (["loans"], ["loans"], [])
    assert (kinds("poverty"), kinds("city")) == (["households"], ["households", "loans"])
    for user in ("stranger", "poverty"):
        assert sign_in(user).get(place).status_code == 404
    assert sign_in("officer").get("/imports", kind="repayments").json["items"] == []


def test_an_officer_of_one_county_is_told_which_rows_are_not_theirs(sign_in: SignIn, rows: list[Row]) -> None:
    elsewhere = loan_row()
    homes = csv_of("households", [home_row(elsewhere, county="360702")])
    assert send(sign_in("poverty"), "households", homes).json["faults"][0]["code"] == "county_not_yours"
    assert send(sign_in("city"), "households", homes).status_code == 201
    told = send(sign_in("local"), "loans", csv_of("loans", [*rows, elsewhere]))
    assert [(fault["row"], fault["code"]) for fault in told.json["faults"]] == [(5, "county_not_yours")]


def polled(client: Client, import_id: str) -> Any:
    """Wait until an import has ended, and return the ended import."""
    shown = None
    for _ in range(600):
        shown = client.get(f"/imports/{import_id}").json
        if shown["status"] not in {"trying", "checking", "booking"}:
            return shown
        time.sleep(0.1)
    raise AssertionError(shown)


def test_a_large_sheet_is_answered_at_once_and_polled(
    sign_in: SignIn, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "ROWS_AT_ONCE", 2)
    officer = sign_in("officer")
    tried = send(officer, "loans", csv_of("loans", rows), key=None, dry_run="true")
    assert (tried.status_code, tried.json["status"]) == (202, "trying")
    assert polled(officer, tried.json["id"])["status"] == "checked"
    told = send(officer, "loans", csv_of("loans", rows), key="big")
    assert told.status_code == 202
    assert polled(officer, told.json["id"]) | {"status": "booked", "booked": 3, "rows": 3} == polled(
        officer, told.json["id"]
    )
    assert send(officer, "loans", csv_of("loans", rows), key="big").json == told.json
    again = send(officer, "loans", csv_of("loans", rows))
    assert polled(officer, again.json["id"])["status"] == "unchanged"
    wrong = send(officer, "loans", csv_of("loans", [*rows[:2], rows[2] | {"purpose": "别的"}]))
    shown = polled(officer, wrong.json["id"])
    assert (shown["status"], shown["booked"]) == ("failed", 0)
    assert [(fault["row"], fault["code"]) for fault in shown["faults"]] == [(4, "row_differs")]
    homes = csv_of("households", [home_row(loan_row()) for _ in range(3)])
    register = send(sign_in("poverty"), "households", homes)
    assert polled(sign_in("poverty"), register.json["id"])["status"] == "booked"


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_templates_are_there_for_every_kind(kind: str, sign_in: SignIn) -> None:
    for ending in ("xlsx", "csv"):
        told = sign_in("officer").get(f"/imports/templates/{kind}.{ending}")
        assert told.status_code == 200
        assert f"{kind}.{ending}" in told.headers["Content-Disposition"]
        heading = read_sheet(told.data, "template").page.rows[0]
        assert [cell.split()[-1] for cell in heading] == [column.name for column in COLUMNS[kind]]
    assert sign_in("officer").get("/imports/templates/pigs.xlsx").status_code == 404


def test_dates_are_the_business_days_of_shanghai(app: Flask, rows: list[Row]) -> None:
    row = [rows[0] | {"signed_on": "2017-01-01", "disbursed_on": "2017-01-01"}]
    with freeze_time("2016-12-31 15:59:00"):
        told = send(Client.signed_in(app, "officer"), "loans", csv_of("loans", row))
        assert {fault["code"] for fault in told.json["faults"]} == {"future_date"}
    with freeze_time("2016-12-31 16:00:00"):
        assert send(Client.signed_in(app, "officer"), "loans", csv_of("loans", row)).status_code == 201
