"""Tests that the list of deadlines shows each office its own deadlines, both page by page and as a spreadsheet."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from ledger.ids import new_id
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange
from ledger.tables.work import Import
from ledger.unit_of_work import work
from tests.support.clients import Client
from tests.support.county_desk import BANK, COUNTY, OTHER_BANK, OTHER_COUNTY

SignIn = Callable[[str], Client]
AS_OF = "2016-07-06"
_AT = 1_466_000_000_000_000


@pytest.fixture
def owed(app: Flask) -> Flask:
    """Make one subsidy batch per bank and county, and one imported sheet per bank.

    Each subsidy batch is submitted on the 26th and approved on the 28th of the month.
    """
    engine = app.extensions["ledger"].engine
    with work(engine, user="x", today=date(2016, 7, 1), clock=lambda: datetime(2016, 7, 1, tzinfo=UTC)) as unit:
        for bank in (BANK, OTHER_BANK):
            for county in (COUNTY, OTHER_COUNTY):
                batch = new_id()
                unit.session.add(
                    SubsidyBatch(
                        id=batch,
                        bank=bank,
                        county=county,
                        cycle="quarter",
                        period="2016Q2",
                        status="approved",
                        submit_by=date(2016, 6, 26),
                        pay_days=5,
                        maker="x",
                        drafted_on=date(2016, 6, 21),
                        refreshed_on=date(2016, 6, 21),
                    )
                )
                unit.session.flush()
                for step, day in (("submit", 26), ("approve", 28)):
                    unit.session.add(
                        SubsidyChange(
                            id=new_id(),
                            batch_id=batch,
                            step=step,
                            from_status="",
                            to_status="",
                            on=date(2016, 6, day),
                            by="x",
                            reason="",
                            recorded_at=_AT,
                        )
                    )
            unit.session.add(
                Import(
                    id=new_id(),
                    kind="loans",
                    bank=bank,
                    file_name="=放款.xlsx",
                    hash="0" * 64,
                    status="booked",
                    rows=1,
                    booked=1,
                    unchanged=0,
                    faults="[]",
                    made_by="x",
                    made_on=date(2016, 6, 3),
                    made_at=_AT,
                )
            )
    return app


PAYMENTS = [
    ("subsidy_payment", BANK, COUNTY),
    ("subsidy_payment", BANK, OTHER_COUNTY),
    ("subsidy_payment", OTHER_BANK, COUNTY),
    ("subsidy_payment", OTHER_BANK, OTHER_COUNTY),
]
SHEETS = [("import_confirmation", BANK, None), ("import_confirmation", OTHER_BANK, None)]


@pytest.mark.parametrize(
    "case, user, wanted",
    [
        ("a bank sees its own", "officer", [SHEETS[0], PAYMENTS[0], PAYMENTS[1]]),
        ("its officer of one county", "local", [SHEETS[0], PAYMENTS[0]]),
        ("another bank", "stranger", [SHEETS[1], PAYMENTS[2], PAYMENTS[3]]),
        ("a county's finance, no sheets", "finance", [PAYMENTS[0], PAYMENTS[2]]),
        ("a county's poverty office", "poverty", [PAYMENTS[0], PAYMENTS[2]]),
        ("the city sees everything", "city", [*SHEETS, *PAYMENTS]),
        ("an auditor too", "auditor", [*SHEETS, *PAYMENTS]),
    ],
)
def test_every_office_sees_its_own(
    owed: Flask, sign_in: SignIn, case: str, user: str, wanted: list[tuple[str, str, str | None]]
) -> None:
    rows = sign_in(user).get("/reports/deadlines", as_of=AS_OF).json["items"]
    found = [(row["what"], row["bank"], row["county"]) for row in rows]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    days = [row["due_on"] for row in rows]
    assert days == sorted(days), "the earliest first"


def test_a_row_says_what_is_owed_and_how_late_it_is(owed: Flask, sign_in: SignIn) -> None:
    told = sign_in("finance").get("/reports/deadlines", as_of=AS_OF, bank=BANK).json
    (row,) = told["items"]
    assert told["as_of"] == AS_OF
    assert {**row, "subject_id": None} == {
        "what": "subsidy_payment",
        "title": "审核拨付贴息",
        "rule": "4.5",
        "office": "finance",
        "bank": BANK,
        "county": COUNTY,
        "subject": "2016Q2",
        "subject_id": None,
        "due_on": "2016-07-05",
        "provisional": False,
        "items": 1,
        "open": 1,
        "done_on": None,
        "days": -1,
        "state": "late",
    }


@pytest.mark.parametrize(
    "case, asked, count",
    [
        ("all of them", {"state": "all"}, 10),
        ("done in time", {"state": "done"}, 4),
        ("of the bank", {"state": "all", "office": "bank"}, 6),
        ("of one kind", {"what": "subsidy_payment"}, 4),
        ("one bank's", {"bank": BANK}, 3),
        ("one county's", {"county": COUNTY}, 2),
        ("before it was late", {"state": "late", "as_of": "2016-06-30"}, 0),
        ("on that day", {"as_of": "2016-06-30"}, 6),
    ],
)
def test_the_list_is_narrowed(owed: Flask, sign_in: SignIn, case: str, asked: dict[str, str], count: int) -> None:
    rows = sign_in("city").get("/reports/deadlines", **({"as_of": AS_OF} | asked)).json["items"]
    assert len(rows) == count


def test_it_is_a_sheet_too_that_no_spreadsheet_runs(owed: Flask, sign_in: SignIn) -> None:
    told = sign_in("officer").get("/reports/deadlines", as_of=AS_OF, format="csv")
    rows = list(csv.DictReader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert [row["what"] for row in rows] == ["import_confirmation", "subsidy_payment", "subsidy_payment"]
    assert rows[0]["subject"] == "'=放款.xlsx"


def test_out_of_scope_is_not_there(owed: Flask, sign_in: SignIn) -> None:
    assert sign_in("finance").get("/reports/deadlines", county=OTHER_COUNTY).status_code == 404
    assert sign_in("officer").get("/reports/deadlines", bank=OTHER_BANK).status_code == 404
