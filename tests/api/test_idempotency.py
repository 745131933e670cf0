"""Tests of promise 3: a request with an idempotency key takes effect once, however often the request is sent."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from api.app import create_app
from ledger.settings import Settings
from ledger.tables.users import User
from ledger.tables.work import Request
from tests.support.clients import Client
from tests.support.county_desk import PASSWORD

SignIn = Callable[[str], Client]

NEWCOMER = {"username": "newcomer", "name": "新来的", "password": PASSWORD, "role": "auditor"}


def test_the_same_again_gets_the_same_answer(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    first = admin.post("/users", NEWCOMER, key="k-1")
    again = admin.post("/users", NEWCOMER, key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _users(app, "newcomer") == 1


def test_content_is_the_same_however_it_is_laid_out(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    admin.post("/users", NEWCOMER, key="k-1")
    turned = dict(reversed(NEWCOMER.items()))
    assert admin.post("/users", turned, key="k-1").headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "case, path, body",
    [
        ("another body", "/users", NEWCOMER | {"name": "另一个"}),
        (
            "another address",
            "/banks",
            {"code": "NEW", "name": "新银行", "status": "pilot", "effective_on": "2016-01-01"},
        ),
    ],
)
def test_the_key_with_other_content_is_refused(
    case: str, path: str, body: dict[str, Any], sign_in: SignIn, app: Flask
) -> None:
    admin = sign_in("admin") if path == "/users" else sign_in("city")
    admin.post("/users", NEWCOMER, key="k-1") if path == "/users" else admin.post(
        "/banks/ABC/status", {"status": "eliminated", "effective_on": "2020-01-01"}, key="k-1"
    )
    answered = admin.post(path, body, key="k-1")
    assert (answered.status_code, answered.json["code"]) == (422, "key_reused")


def test_a_key_belongs_to_a_user(sign_in: SignIn) -> None:
    body = {"status": "eliminated", "effective_on": "2020-01-01"}
    first = sign_in("city").post("/banks/ABC/status", body, key="k-1")
    other = sign_in("city2").post("/banks/PSBC/status", body, key="k-1")
    assert (first.status_code, other.status_code) == (200, 200)


@pytest.mark.parametrize(
    "case, key",
    [
        ("none", None),
        ("a long one", "k" * 121),
        ("Chinese", "钥匙".encode().decode("latin-1")),
    ],
)
def test_without_a_good_key_nothing_is_recorded(case: str, key: str | None, sign_in: SignIn, app: Flask) -> None:
    answered = sign_in("admin").post("/users", NEWCOMER, key=key)
    assert (answered.status_code, answered.json["code"]) == (400, "key_missing")
    assert _users(app, "newcomer") == 0


def test_a_rules_refusal_is_stored_and_stays(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    weak = NEWCOMER | {"password": "short"}
    first = admin.post("/users", weak, key="k-1")
    assert (first.status_code, first.json["code"]) == (422, "password_weak")
    again = admin.in_chinese().post("/users", weak, key="k-1")
    assert again.data == first.data
    assert again.mimetype == "application/problem+json"
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_refusal_stays_even_when_the_rule_would_now_allow_it(sign_in: SignIn) -> None:
    admin = sign_in("admin")
    refused = admin.patch("/users/admin", {"active": False})
    assert (refused.status_code, refused.json["code"]) == (422, "last_admin")
    second = NEWCOMER | {"role": "admin"}
    assert admin.post("/users", second | {"username": "officer"}, key="k-1").json["code"] == "user_exists"
    assert admin.post("/users", second | {"username": "officer"}, key="k-1").json["code"] == "user_exists"


@pytest.mark.parametrize(
    "case, who, path, body, status",
    [
        ("malformed", "admin", "/users", NEWCOMER | {"role": "king"}, 400),
        ("not theirs", "officer", "/users", NEWCOMER, 403),
        ("unknown", "city", "/banks/NONE/status", {"status": "pilot", "effective_on": "2016-01-01"}, 404),
    ],
)
def test_what_never_reached_a_rule_is_not_stored(
    case: str, who: str, path: str, body: dict[str, Any], status: int, sign_in: SignIn, app: Flask
) -> None:
    assert sign_in(who).post(path, body, key="k-1").status_code == status
    assert _requests(app) == 0


def test_many_at_once_with_one_key_record_one_thing(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: admin.post("/users", NEWCOMER, key="k-1"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert _users(app, "newcomer") == 1


def test_who_comes_while_the_first_runs_waits_two_seconds_and_is_told(
    sign_in: SignIn, settings: Settings, app: Flask
) -> None:
    """On PostgreSQL, send the second request to another application on the same database, as a second process would."""
    admin, elsewhere = sign_in("admin"), Client.signed_in(create_app(settings), "admin")
    with _held_up() as (threads, running, release):
        first = threads.submit(admin.post, "/users", NEWCOMER, key="k-1")
        assert running.wait(30)
        told = (admin if app.extensions["ledger"].engine.dialect.name == "sqlite" else elsewhere).post(
            "/users", NEWCOMER, key="k-1"
        )
        assert (told.status_code, told.json["code"]) == (409, "in_flight")
        release.set()
        assert first.result().status_code == 201
    assert admin.post("/users", NEWCOMER, key="k-1").headers["Idempotency-Replayed"] == "true"
    elsewhere.app.extensions["ledger"].engine.dispose()


def test_a_transaction_that_fails_leaves_its_key_free(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    assert admin.post("/users", NEWCOMER | {"bank": "NONE", "role": "bank_officer"}, key="k-1").status_code == 404
    assert admin.post("/users", NEWCOMER, key="k-1").status_code == 201


@contextmanager
def _held_up() -> Iterator[tuple[ThreadPoolExecutor, threading.Event, threading.Event]]:
    """Make the first request to add a user report that its key is reserved, and then wait for a signal from the test.

    The request continues when the test sends the signal.
    """
    running, release = threading.Event(), threading.Event()

    def wait(session: Session, *_: Any) -> None:
        if any(isinstance(row, User) for row in session.new) and not running.is_set():
            running.set()
            assert release.wait(30)

    event.listen(Session, "before_flush", wait)
    try:
        with ThreadPoolExecutor(1) as threads:
            yield threads, running, release
            release.set()
    finally:
        release.set()
        event.remove(Session, "before_flush", wait)


def _users(app: Flask, username: str) -> int:
    with Session(app.extensions["ledger"].looking) as session:
        return session.execute(select(func.count()).where(User.username == username)).scalar_one()


def _requests(app: Flask) -> int:
    with Session(app.extensions["ledger"].looking) as session:
        return session.execute(select(func.count()).select_from(Request)).scalar_one()
