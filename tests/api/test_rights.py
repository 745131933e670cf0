"""Tests of every route with every role: a role may use exactly the routes that the table of rights gives the role."""

import re

import pytest
from flask import Flask

from api.app import BLUEPRINTS
from api.core.rights import ANYBODY, RIGHTS
from api.core.routes import BASE, path_of
from ledger.operations.registry.users import Role
from tests.support.clients import Client
from tests.support.county_desk import PEOPLE

_PLACES = re.compile(r"{([^}]+)}")
_SOMEBODY = {each.role: username for username, each in reversed(list(PEOPLE.items()))}

# A path parameter is replaced by one of these values so that the path matches a route; no row has such a value.
_NAMES = {"table": "lpr", "year": "2016", "code": "NONE", "username": "none", "book": "LOAN-NONE", "month": "2016-01"}


def routes_of(app: Flask) -> set[str]:
    """Return every route below /api/v1 in the notation of the table of rights."""
    found = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(f"{BASE}/") and not rule.rule.endswith("openapi.json"):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found |= {f"{method} {path_of(rule.rule).removeprefix(BASE)}" for method in methods}
    return found


def test_every_route_has_a_row_of_rights_and_every_row_a_route(sqlite_app: Flask) -> None:
    assert routes_of(sqlite_app) == set(RIGHTS)


def test_signing_in_alone_is_for_anybody() -> None:
    assert [place for place, roles in RIGHTS.items() if roles == ANYBODY] == ["POST /auth/token"]


def test_the_administrator_does_nothing_with_money() -> None:
    theirs = {place for place, roles in RIGHTS.items() if Role.ADMIN in roles}
    assert all(re.search("/(users|me|counties|banks|schemes|rates|calendar|jobs)", place) for place in theirs)
    assert not [place for place in theirs if place.startswith("POST") and not place.startswith("POST /users")]


def test_an_auditor_changes_nothing() -> None:
    theirs = {place for place, roles in RIGHTS.items() if Role.AUDITOR in roles and not place.startswith("GET ")}
    assert theirs <= {"POST /households/search", "POST /audit/verify"}


def test_nobody_gets_anywhere_without_signing_in(sqlite_app: Flask) -> None:
    client = Client(sqlite_app)
    answered = {place: _try(client, place) for place, roles in RIGHTS.items() if roles != ANYBODY}
    assert answered
    assert {place: told for place, told in answered.items() if told != (401, "not_signed_in")} == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_let_in_where_the_table_says_and_refused_elsewhere(role: Role, sqlite_app: Flask) -> None:
    client = Client.signed_in(sqlite_app, _SOMEBODY[role])
    let_in: set[str] = set()
    refused: set[str] = set()
    for place, roles in RIGHTS.items():
        if roles == ANYBODY:
            continue
        status, code = _try(client, place)
        assert status < 500, place
        (refused if (status, code) == (403, "not_yours") else let_in).add(place)
    assert let_in == {place for place, roles in RIGHTS.items() if role in roles}
    assert refused == {place for place, roles in RIGHTS.items() if roles != ANYBODY and role not in roles}


def test_a_route_without_a_row_of_rights_does_not_start() -> None:
    with pytest.raises(KeyError, match="GET /users/nowhere"):
        BLUEPRINTS[1].get("/nowhere", answer=type("None_", (), {}))(lambda _session: None)


def _try(client: Client, place: str) -> tuple[int, str | None]:
    method, path = place.split(" ")
    address = _PLACES.sub(lambda found: _NAMES.get(found[1], "1"), path)
    told = client.send(method, address, None if method == "GET" else {}, key="k-1" if method == "POST" else None)
    return told.status_code, told.json.get("code") if isinstance(told.json, dict) else None
