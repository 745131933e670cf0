"""Tests of users managed by the administrator: roles with their scope, names used only once, and strong passwords."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from api.core import edge
from ledger.operations.registry.users import DEMO_USERS, Role, fits, hash_password
from ledger.settings import Settings
from ledger.tables.users import User
from tests.support.clients import Client
from tests.support.county_desk import PASSWORD, PEOPLE

SignIn = Callable[[str], Client]

SOMEBODY = {"username": "newcomer", "name": "新来的", "password": PASSWORD}


@pytest.mark.parametrize(
    "case, scope",
    [
        ("a bank's officer, everywhere", {"role": "bank_officer", "bank": "GZRCB"}),
        (
            "a bank's checker, in named counties",
            {"role": "bank_checker", "bank": "ABC", "counties": ["360781", "360732"]},
        ),
        ("a county's office, by a retired code", {"role": "poverty_office", "counties": ["360727"]}),
        ("a supervisor of two counties", {"role": "auditor", "counties": ["360781", "360732"]}),
        ("the city", {"role": "city_finance"}),
    ],
)
def test_who_is_added_is_shown_with_role_and_scope(case: str, scope: dict[str, Any], sign_in: SignIn) -> None:
    admin = sign_in("admin")
    told = admin.post("/users", SOMEBODY | scope)
    assert told.status_code == 201
    shown = {"role": scope["role"], "bank": scope.get("bank"), "active": True}
    assert {name: told.json[name] for name in shown} == shown
    assert told.json["counties"] == sorted(code.replace("360727", "360783") for code in scope.get("counties", ()))
    assert "password" not in told.json
    (row,) = [row for row in admin.get("/users").json["items"] if row["username"] == "newcomer"]
    assert row == told.json


@pytest.mark.parametrize(
    "case, body, status, code",
    [
        ("a name with a blank", {"username": "new comer"}, 422, "username_unfit"),
        ("a name in capitals", {"username": "Newcomer"}, 422, "username_unfit"),
        ("a Chinese name", {"username": "新来的"}, 422, "username_unfit"),
        ("a name there is", {"username": "officer"}, 422, "user_exists"),
        ("a short password", {"password": "1234567"}, 422, "password_weak"),
        ("the name for a password", {"username": "newcomer", "password": "newcomer"}, 422, "password_weak"),
        ("a password of the demo", {"password": "demo-newcomer"}, 422, "password_weak"),
        ("a bank's officer without bank", {"role": "bank_officer"}, 422, "role_scope"),
        ("an auditor with a bank", {"bank": "ABC"}, 422, "role_scope"),
        ("an office of no county", {"role": "finance_officer"}, 422, "role_scope"),
        ("an office of two counties", {"role": "finance_officer", "counties": ["360781", "360732"]}, 422, "role_scope"),
        ("the city of one county", {"role": "city_finance", "counties": ["360781"]}, 422, "role_scope"),
        ("an administrator of a county", {"role": "admin", "counties": ["360781"]}, 422, "role_scope"),
        ("an unknown bank", {"role": "bank_officer", "bank": "NONE"}, 404, "not_found"),
        ("an unknown county", {"counties": ["999999"]}, 404, "not_found"),
        ("an unknown role", {"role": "king"}, 400, "malformed"),
    ],
)
def test_who_cannot_be_is_not_added(case: str, body: dict[str, Any], status: int, code: str, sqlite_app: Flask) -> None:
    told = Client.signed_in(sqlite_app, "admin").post("/users", SOMEBODY | {"role": "auditor"} | body)
    assert (told.status_code, told.json["code"]) == (status, code)


def test_the_last_administrator_stays(sign_in: SignIn, app: Flask) -> None:
    admin = sign_in("admin")
    assert admin.patch("/users/admin", {"active": False}).json["code"] == "last_admin"
    assert admin.post("/users", SOMEBODY | {"role": "admin"}).status_code == 201
    assert admin.patch("/users/admin", {"active": False}).status_code == 200
    newcomer = Client.signed_in(app, "newcomer")
    assert newcomer.patch("/users/newcomer", {"active": False}).json["code"] == "last_admin"


def test_an_unknown_user_is_not_found(sign_in: SignIn) -> None:
    told = sign_in("admin").patch("/users/none", {"active": False})
    assert (told.status_code, told.json["code"]) == (404, "not_found")


def test_passwords_are_kept_as_salted_argon2id_alone(sign_in: SignIn, app: Flask) -> None:
    with Session(app.extensions["ledger"].looking) as session:
        kept = [session.get_one(User, name).password for name in PEOPLE]
    assert all(each.startswith("$argon2id$v=19$") for each in kept)
    assert len(set(kept)) == len(kept)
    assert not any(PASSWORD in each for each in kept)


@pytest.mark.parametrize(
    "case, password, kept, good",
    [
        ("the right one", PASSWORD, PASSWORD, True),
        ("a wrong one", "wrong", PASSWORD, False),
        ("nobody's", PASSWORD, None, False),
        ("no hash at all", PASSWORD, "", False),
    ],
)
def test_a_password_fits_its_hash_alone(case: str, password: str, kept: str | None, good: bool) -> None:
    stored = hash_password(kept) if kept else kept
    assert fits(password, stored) is good


def test_demo_users_are_let_in_where_the_demo_is_served_and_nowhere_else(
    sqlite_app: Flask, sqlite_settings: Settings
) -> None:
    from ledger.operations.registry import users
    from tests.api.ledger_books import unit_of

    with unit_of(sqlite_app) as unit:
        users.add_user(unit, "poverty2", "二", "demo-poverty2", Role.POVERTY_OFFICE, counties=["360781"], demo=True)
    told = Client(sqlite_app).token("poverty2", "demo-poverty2")
    assert (told.status_code, told.json["code"]) == (401, "sign_in_refused")
    edge.install(sqlite_app, sqlite_settings, demo=True).engine.dispose()
    assert Client(sqlite_app).token("poverty2", "demo-poverty2").status_code == 200


def test_the_demo_has_a_user_for_every_role() -> None:
    assert set(DEMO_USERS.values()) == set(Role)
    named = "officer checker poverty poverty2 finance finance2 city city2 auditor admin"
    assert set(named.split()) <= DEMO_USERS.keys()
