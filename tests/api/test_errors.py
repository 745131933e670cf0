"""Tests that every error response has one form: a stable code and a text in the language of the request."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError, OperationalError

from api.core import edge
from api.core.errors import NotYours
from ledger.errors import Refusal
from ledger.operations.registry.users import Role
from tests.support.clients import Client
from tests.support.county_desk import PASSWORD

SignIn = Callable[[str], Client]

BODY = {"username": "newcomer", "name": "新来的", "password": PASSWORD, "role": "auditor"}


@pytest.mark.parametrize(
    "case, method, path, status, code",
    [
        ("an unknown address", "GET", "/api/v1/nowhere", 404, "not_found"),
        ("an address of nothing", "GET", "/", 404, "not_found"),
        ("a method of nobody", "DELETE", "/api/v1/users", 405, "method_not_allowed"),
        ("not signed in", "GET", "/api/v1/users", 401, "not_signed_in"),
        ("an id too long", "GET", "/api/v1/ledger/entries/99999999999999999999", 404, "not_found"),
        ("an id beyond 63 bits", "GET", "/api/v1/ledger/entries/9999999999999999999", 404, "not_found"),
        ("not a year", "GET", "/api/v1/calendar/16", 404, "not_found"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    case: str, method: str, path: str, status: int, code: str, sqlite_app: Flask
) -> None:
    told = sqlite_app.test_client().open(path, method=method)
    _check_problem(told.get_json(), told.mimetype, status, code)
    assert told.status_code == status


def test_a_wrong_method_is_told_the_right_ones(sqlite_app: Flask) -> None:
    told = sqlite_app.test_client().delete("/api/v1/users")
    assert {"GET", "POST"} <= set(told.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "case, data, kind, status",
    [
        ("not JSON", b"{", "application/json", 400),
        ("a list", b"[]", "application/json", 400),
        ("null", b"null", "application/json", 400),
        ("a name twice", b'{"username": "a", "username": "b"}', "application/json", 400),
        ("not a number", b'{"username": NaN}', "application/json", 400),
        ("too deep", b"[" * 100_000, "application/json", 400),
        ("a number without end", b'{"username": ' + b"9" * 5000 + b"}", "application/json", 400),
        ("not UTF-8", b'{"username": "\xff"}', "application/json", 400),
        ("a form", b"username=a", "application/x-www-form-urlencoded", 415),
        ("no kind", b"{}", "", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    case: str, data: bytes, kind: str, status: int, sqlite_app: Flask
) -> None:
    headers = dict(Client.signed_in(sqlite_app, "admin").headers) | {"Idempotency-Key": "k-1"}
    told = sqlite_app.test_client().post("/api/v1/users", data=data, content_type=kind, headers=headers)
    _check_problem(told.get_json(), told.mimetype, status, "malformed" if status == 400 else "not_json")


def test_every_field_at_fault_is_named_at_once(sqlite_app: Flask) -> None:
    admin = Client.signed_in(sqlite_app, "admin")
    body = {"username": 5, "password": PASSWORD, "role": "king", "colour": "red"}
    told = admin.post("/users", body)
    _check_problem(told.json, told.mimetype, 400, "malformed")
    assert {row["field"] for row in told.json["errors"]} == {"username", "name", "role", "colour"}


def test_a_field_within_a_list_is_named_by_its_place(sqlite_app: Flask) -> None:
    city = Client.signed_in(sqlite_app, "city").in_english()
    rows = [{"effective_on": "2026-10-01", "rates": {"lpr_1y": "0.03", "lpr_5y": 0.035}}]
    told = city.post("/rates/lpr", {"covered_through": "2026-10-20", "source": "x", "rows": rows})
    (error,) = told.json["errors"]
    assert error["field"] == "rows.0.rates.lpr_5y.value"
    assert error["message"].startswith("A rate is a fraction as text")


def test_words_are_chinese_for_who_asks_for_them(sqlite_app: Flask) -> None:
    admin = Client.signed_in(sqlite_app, "admin").in_chinese()
    told = admin.post("/users", {"username": 5, "name": "甲", "password": PASSWORD, "role": "auditor", "x": 1}).json
    assert told["title"] == "请求格式有误"
    assert {row["field"]: row["message"] for row in told["errors"]} == {"username": "应为文本", "x": "没有这个字段"}
    refused = admin.post("/users", BODY | {"password": "short"}).json
    assert (refused["title"], refused["code"]) == ("不符合规定", "password_weak")
    assert refused["detail"].startswith("密码不符合要求")
    assert Client(sqlite_app).in_chinese().get("/me").json["detail"].startswith("请先登录")


def test_too_large_a_body_is_not_read(fresh_app: Flask) -> None:
    fresh_app.config["MAX_CONTENT_LENGTH"] = 1000
    told = Client.signed_in(fresh_app, "admin").post("/users", BODY | {"name": "x" * 2000})
    _check_problem(told.json, told.mimetype, 413, "body_too_large")


@pytest.mark.parametrize(
    "case, fault, status, code",
    [
        ("a mistake of ours", ValueError("card 362101196001010016"), 500, "internal_error"),
        ("an assertion", AssertionError(), 500, "internal_error"),
        (
            "the database is gone",
            OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk")),
            503,
            "unavailable",
        ),
        ("a race the database decided", IntegrityError("INSERT", {"id": 1}, Exception("UNIQUE")), 409, "stale"),
    ],
)
def test_a_failure_is_a_problem_and_its_words_stay_inside(
    case: str, fault: Exception, status: int, code: str, fresh_app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    @fresh_app.get("/broken")
    def broken() -> str:
        raise fault

    told = fresh_app.test_client().get("/broken")
    _check_problem(told.get_json(), told.mimetype, status, code)
    assert "362101" not in told.text
    assert (told.headers.get("Retry-After") == "5") == (status == 503)


def test_every_refusal_there_is_says_itself_in_both_languages() -> None:
    kinds = [kind for kind in _all(Refusal) if "code" in vars(kind)]
    assert len(kinds) > 50
    for kind in kinds:
        made = kind.__new__(kind)
        made.facts = {}
        assert kind.code == kind.code.lower().replace("-", "_").replace(" ", "_")
        assert made.say("zh"), kind
        assert made.say("en"), kind
        assert any("\u4e00" <= sign <= "\u9fff" for sign in kind.zh), kind


def test_several_facts_are_told_as_people_write_them(sqlite_app: Flask) -> None:
    officer = Client.signed_in(sqlite_app, "officer")
    refused = officer.in_chinese().post("/loans/1/approval")
    assert refused.json["detail"] == "角色 银行经办员 无权使用此功能；可用的角色：银行复核员"
    both = NotYours(found=Role.AUDITOR, limit=[Role.BANK_OFFICER, Role.BANK_CHECKER])
    assert "银行经办员、银行复核员" in both.say("zh")
    assert "bank officer, bank checker" in both.say("en")
    assert both.facts["limit"] == ["bank_officer", "bank_checker"]


def test_answers_are_kept_nowhere_and_shown_nowhere_else(sqlite_app: Flask) -> None:
    headers = Client.signed_in(sqlite_app, "admin").get("/me").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in headers, "plain http on an office network"
    assert len(headers["X-Request-ID"]) == 16


def test_the_edge_reads_the_clock_of_shanghai() -> None:
    from freezegun import freeze_time

    with freeze_time("2016-05-10 15:59:59"):
        assert edge.today().isoformat() == "2016-05-10"
    with freeze_time("2016-05-10 16:00:00"):
        assert edge.today().isoformat() == "2016-05-11"


def _check_problem(told: Any, kind: str | None, status: int, code: str) -> None:
    assert kind == "application/problem+json"
    assert told.keys() == {"type", "title", "status", "detail", "code", "facts", "errors"}
    assert (told["status"], told["code"], told["type"]) == (status, code, f"urn:ledger:problem:{code}")


def _all(kind: type[Refusal]) -> set[type[Refusal]]:
    return {kind} | {each for below in kind.__subclasses__() for each in _all(below)}
