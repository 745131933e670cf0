"""Tests of API lists: pages with cursors, and exported sheets in which no cell can run as a spreadsheet formula."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from api.core import paging
from api.core.files import harmless
from tests.api.ledger_books import disbursed, write
from tests.support.clients import Client
from tests.support.county_desk import PEOPLE

SignIn = Callable[[str], Client]


def test_pages_follow_each_other_without_gap_or_double(sign_in: SignIn) -> None:
    admin, names, cursor = sign_in("admin"), [], None
    for _ in range(10):
        told = admin.get("/users", limit=5, **({"cursor": cursor} if cursor else {})).json
        names += [row["username"] for row in told["items"]]
        if (cursor := told["next_cursor"]) is None:
            break
    assert names == sorted(PEOPLE)


def test_a_page_that_ends_with_the_list_says_so(sign_in: SignIn) -> None:
    told = sign_in("admin").get("/users", limit=len(PEOPLE)).json
    assert (len(told["items"]), told["next_cursor"]) == (len(PEOPLE), None)


def test_pages_by_day_and_id_follow_each_other(sign_in: SignIn, app: Flask) -> None:
    write(app, [disbursed(n, "1.00", f"2016-05-{10 + n % 3}") for n in range(1, 10)])
    auditor = sign_in("auditor")
    whole = [row["id"] for row in auditor.get("/ledger/entries").json["items"]]
    paged, cursor = [], None
    while True:
        told = auditor.get("/ledger/entries", limit=2, **({"cursor": cursor} if cursor else {})).json
        paged += [row["id"] for row in told["items"]]
        if (cursor := told["next_cursor"]) is None:
            break
    assert (len(whole), paged) == (9, whole)


def test_what_stands_in_memory_is_paged_too(sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    first = auditor.get("/ledger/accounts", limit=20).json
    rest = auditor.get("/ledger/accounts", limit=20, cursor=first["next_cursor"]).json
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (20, 6, None)


@pytest.mark.parametrize(
    "case, asked, code",
    [
        ("too many", {"limit": "201"}, "malformed"),
        ("none", {"limit": "0"}, "malformed"),
        ("in words", {"limit": "all"}, "malformed"),
        ("another format", {"format": "pdf"}, "malformed"),
        ("an unknown filter", {"colour": "red"}, "malformed"),
        ("a cursor of nothing", {"cursor": "abc"}, "cursor_unfit"),
        ("a cursor of another list", {"cursor": "WzEsMl0"}, "cursor_unfit"),
        ("a cursor of an object", {"cursor": "e30"}, "cursor_unfit"),
        ("a cursor with a number", {"cursor": "WzFd"}, "cursor_unfit"),
        ("a cursor with a nought byte", {"cursor": "WyJcdTAwMDAiXQ"}, "cursor_unfit"),
        ("a cursor with half a character", {"cursor": "WyJcdWQ4MDAiXQ"}, "cursor_unfit"),
        ("a cursor that is not base64", {"cursor": "%%%"}, "cursor_unfit"),
    ],
)
def test_a_page_that_cannot_be_is_refused(case: str, asked: dict[str, str], code: str, sqlite_app: Flask) -> None:
    told = Client.signed_in(sqlite_app, "admin").get("/users", **asked)
    assert (told.status_code, told.json["code"]) == (400, code)


@pytest.mark.parametrize(
    "case, cursor",
    [
        ("an id beyond 63 bits", "WyIyMDE2LTA1LTEwIiwgOTk5OTk5OTk5OTk5OTk5OTk5OTldCg"),
        ("not a day", "WyIyMDE2LTEzLTEwIiwgMV0"),
        ("a truth for an id", "WyIyMDE2LTA1LTEwIiwgdHJ1ZV0"),
    ],
)
def test_a_made_up_cursor_by_day_and_id_is_refused(case: str, cursor: str, sign_in: SignIn) -> None:
    told = sign_in("auditor").get("/ledger/entries", cursor=cursor)
    assert (told.status_code, told.json["code"]) == (400, "cursor_unfit")


@pytest.mark.parametrize("case, cursor", [("before the list", "Wy0xXQ"), ("a truth", "W3RydWVd")])
def test_a_made_up_cursor_by_place_is_refused(case: str, cursor: str, sqlite_app: Flask) -> None:
    told = Client.signed_in(sqlite_app, "auditor").get("/ledger/accounts", cursor=cursor)
    assert (told.status_code, told.json["code"]) == (400, "cursor_unfit")


def test_a_filter_sent_twice_is_refused(sqlite_app: Flask) -> None:
    told = Client.signed_in(sqlite_app, "auditor").get("/ledger/entries?bank=ABC&bank=GZRCB")
    assert (told.status_code, told.json["code"]) == (400, "malformed")


def test_a_sheet_holds_the_whole_list(sign_in: SignIn, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "CHUNK", 3)
    write(app, [disbursed(n, "1.00", f"2016-05-{10 + n % 3}") for n in range(1, 11)])
    auditor = sign_in("auditor")
    ids = [row["id"] for row in auditor.get("/ledger/entries").json["items"]]
    as_csv = auditor.get("/ledger/entries", format="csv", limit=1)
    assert as_csv.mimetype == "text/csv"
    assert as_csv.headers["Content-Disposition"] == 'attachment; filename="entries.csv"'
    rows = _csv(as_csv.data)
    assert [row["id"] for row in rows] == ids
    assert (rows[0]["book"], rows[0]["total"], rows[0]["number"]) == ("LOAN-GZRCB", "1.00", "")
    as_xlsx = auditor.get("/ledger/entries", format="xlsx")
    heading, *cells = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx.data)).get_sheet_by_index(0).to_python()
    assert [dict(zip(heading, row, strict=True))["id"] for row in cells] == ids
    assert {type(cell) for row in cells for cell in row} == {str}


def test_what_is_refused_is_refused_before_a_sheet_begins(sign_in: SignIn) -> None:
    told = sign_in("stranger").get("/ledger/entries", format="csv", book="LOAN-GZRCB")
    assert (told.status_code, told.json["code"]) == (404, "not_found")


def test_an_empty_list_is_a_sheet_with_its_heading(sign_in: SignIn) -> None:
    told = sign_in("auditor").get("/ledger/entries", format="csv")
    assert told.data.decode("utf-8-sig").startswith("id,book,number,")
    assert _csv(told.data) == []


def test_nothing_in_a_sheet_is_run_as_a_formula(sign_in: SignIn) -> None:
    admin = sign_in("admin")
    evil = {"username": "eve", "name": '=HYPERLINK("http://x")', "password": "correct horse", "role": "auditor"}
    assert admin.post("/users", evil).status_code == 201
    names = {row["username"]: row["name"] for row in _csv(admin.get("/users", format="csv").data)}
    assert names["eve"] == '\'=HYPERLINK("http://x")'
    book = CalamineWorkbook.from_filelike(io.BytesIO(admin.get("/users", format="xlsx").data))
    rows = book.get_sheet_by_index(0).to_python()
    assert '=HYPERLINK("http://x")' in [cell for row in rows for cell in row], "a text cell, as it was sent"


@pytest.mark.parametrize(
    "case, text, written",
    [
        ("a formula", "=1+1", "'=1+1"),
        ("a plus", "+1", "'+1"),
        ("a command", "@SUM(1)", "'@SUM(1)"),
        ("a minus before words", "-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
        ("a tabulator", "\t=1", "'\t=1"),
        ("an amount", "-5000.00", "-5000.00"),
        ("words", "赣州市", "赣州市"),
    ],
)
def test_what_a_spreadsheet_would_run_is_written_as_text(case: str, text: str, written: str) -> None:
    assert harmless(text) == written


def _csv(data: bytes) -> list[dict[str, Any]]:
    assert data.startswith(b"\xef\xbb\xbf"), "spreadsheets take it for UTF-8 by this"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
