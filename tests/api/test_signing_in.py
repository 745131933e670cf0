"""Tests of signing in: tokens, the expiry of a token, and refusals that do not say what was wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from freezegun import freeze_time

from api.app import create_app
from ledger.settings import Settings
from tests.support.clients import Client
from tests.support.county_desk import PASSWORD, PEOPLE

SignIn = Callable[[str], Client]


def test_a_token_is_given_for_name_and_password_and_says_when_it_ends(sqlite_app: Flask) -> None:
    with freeze_time("2016-05-10 01:00:00"):
        answered = Client(sqlite_app).token("officer")
    assert answered.status_code == 200
    assert answered.json["token_type"] == "Bearer"
    assert answered.json["expires_at"] == "2016-05-10T21:00:00+08:00"


def test_everybody_is_told_user_role_and_scope(sign_in: SignIn) -> None:
    assert sign_in("local").get("/me").json == {
        "user": "local",
        "name": "local's name",
        "role": "bank_officer",
        "scope": {"bank": "GZRCB", "counties": ["360781"]},
    }
    assert sign_in("city").get("/me").json["scope"] == {"bank": None, "counties": []}


@pytest.mark.parametrize(
    "case, username, password",
    [
        ("a wrong password", "officer", "wrong horse"),
        ("an unknown name", "nobody", PASSWORD),
        ("another's case", "Officer", PASSWORD),
        ("a password with a blank behind", "officer", PASSWORD + " "),
    ],
)
def test_who_is_not_let_in_learns_nothing(case: str, username: str, password: str, sqlite_app: Flask) -> None:
    answered = Client(sqlite_app).token(username, password)
    assert (answered.status_code, answered.json["code"]) == (401, "sign_in_refused")
    assert answered.json == Client(sqlite_app).token("officer", "not it either").json


@pytest.mark.parametrize(
    "case, header",
    [
        ("nothing", None),
        ("no token", "Bearer"),
        ("not a token", "Bearer abc"),
        ("another scheme", "Basic b2ZmaWNlcjpwYXNz"),
        ("far too long", "Bearer " + "a" * 5000),
        ("not ASCII", "Bearer é"),
    ],
)
def test_without_a_good_token_nothing_is_answered(case: str, header: str | None, sqlite_app: Flask) -> None:
    client = Client(sqlite_app, {"Authorization": header} if header is not None else {})
    answered = client.get("/me")
    assert (answered.status_code, answered.json["code"]) == (401, "not_signed_in")
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    assert answered.mimetype == "application/problem+json"


def test_a_token_signed_by_another_service_is_refused(sqlite_app: Flask) -> None:
    good = Client.signed_in(sqlite_app, "officer")
    token = good.headers["Authorization"]
    # Some bits of the token's last character are padding, so the test changes an earlier character.
    other = "B" if token[-9] == "A" else "A"
    forged = Client(sqlite_app, {"Authorization": token[:-9] + other + token[-8:]})
    assert forged.get("/me").status_code == 401
    assert good.get("/me").status_code == 200


def test_a_token_ends_after_twelve_hours(sqlite_app: Flask) -> None:
    with freeze_time("2016-05-10 01:00:00") as clock:
        client = Client.signed_in(sqlite_app, "officer")
        clock.move_to("2016-05-10 12:59:59")
        assert client.get("/me").status_code == 200
        clock.move_to("2016-05-10 13:00:01")
        assert client.get("/me").status_code == 401


def test_a_disabled_user_and_a_changed_password_end_every_token(sign_in: SignIn, app: Flask) -> None:
    admin, officer, checker = sign_in("admin"), sign_in("officer"), sign_in("checker")
    assert admin.patch("/users/officer", {"active": False}).json["active"] is False
    assert officer.get("/me").status_code == 401
    assert Client(app).token("officer").status_code == 401
    assert admin.patch("/users/checker", {"password": "another horse"}).status_code == 200
    assert checker.get("/me").status_code == 401
    assert Client(app).token("checker").status_code == 401
    assert Client(app).token("checker", "another horse").status_code == 200
    assert admin.patch("/users/officer", {"active": True}).status_code == 200
    assert officer.get("/me").status_code == 401, "an ended token does not come back"
    assert Client(app).token("officer").status_code == 200


def test_who_fails_too_often_waits_and_nobody_else_does(sqlite_app: Flask) -> None:
    client = Client(sqlite_app)
    assert [client.token("officer", f"wrong {n}").status_code for n in range(10)] == [401] * 10
    stopped = client.token("officer")
    assert (stopped.status_code, stopped.json["code"]) == (429, "too_many_attempts")
    assert stopped.headers["Retry-After"] == "60"
    assert client.token("checker").status_code == 200


@pytest.mark.parametrize(
    "case, proxies, forwarded, stopped",
    [
        ("nobody may say where it comes from", 0, "10.0.0.9", True),
        ("but a trusted proxy", 1, "10.0.0.9", False),
        ("and of what it passes on only its own word", 1, "10.0.0.9, 127.0.0.1", True),
    ],
)
def test_where_somebody_signs_in_from(
    case: str, proxies: int, forwarded: str, stopped: bool, sqlite_settings: Settings
) -> None:
    app = create_app(replace(sqlite_settings, trusted_proxies=proxies))
    body = {"username": "nobody", "password": "x"}

    def status(headers: dict[str, str]) -> int:
        told = app.test_client().post("/api/v1/auth/token", json=body, headers=headers)
        return told.status_code

    assert {status({}) for _ in range(10)} == {401}
    assert status({"X-Forwarded-For": forwarded}) == (429 if stopped else 401)
    app.extensions["ledger"].engine.dispose()


def test_signing_in_well_is_never_too_often(sqlite_app: Flask) -> None:
    assert {Client(sqlite_app).token("officer").status_code for _ in range(30)} == {200}


def test_every_role_has_somebody_in_these_tests() -> None:
    from ledger.operations.registry.users import Role

    assert {each.role for each in PEOPLE.values()} == set(Role)
