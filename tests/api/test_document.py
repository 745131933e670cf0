"""Tests that the OpenAPI document describes exactly the existing routes, and that its HTML page needs no network."""

import re
from typing import Any

import pytest
from flask import Flask

from api.core.routes import BASE
from tests.api.test_rights import routes_of

KEYLESS = {"/auth/token", "/households/search", "/audit/verify"}


@pytest.fixture
def document(sqlite_app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document as the service sends it."""
    told = sqlite_app.test_client().get(f"{BASE}/openapi.json")
    found: dict[str, Any] = told.get_json()
    return found


def test_the_document_equals_the_routes(document: dict[str, Any], sqlite_app: Flask) -> None:
    documented = {
        f"{method.upper()} {path.removeprefix(BASE)}"
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert documented == routes_of(sqlite_app)
    assert all(path.startswith(f"{BASE}/") for path in document["paths"])
    assert document["openapi"].startswith("3.1")


def test_every_operation_says_what_it_does_under_a_name_of_its_own(document: dict[str, Any]) -> None:
    operations = _operations(document)
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)
    assert [place for place, operation in operations if not operation.get("summary")] == []


def test_every_refusal_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    for place, operation in _operations(document):
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}, place
    assert list(document["components"]["responses"]["DEFAULT_ERROR"]["content"]) == ["application/problem+json"]


def test_what_records_something_asks_for_a_key(document: dict[str, Any]) -> None:
    for place, operation in _operations(document):
        method, path = place.split(" ")
        headers = {each["name"] for each in operation.get("parameters", ()) if each.get("in") == "header"}
        wanted = method == "post" and path.removeprefix(BASE) not in KEYLESS
        assert ("Idempotency-Key" in headers) == wanted, place


def test_who_is_asked_for_a_token_is_told(document: dict[str, Any]) -> None:
    without = [place for place, operation in _operations(document) if not operation.get("security")]
    assert without == [f"post {BASE}/auth/token"]


def test_lists_have_pages_and_sheets_everywhere(document: dict[str, Any]) -> None:
    for place, operation in _operations(document):
        names = {each["name"] for each in operation.get("parameters", ())}
        if "limit" in names:
            assert {"cursor", "format"} <= names, place
            kinds = set(operation["responses"]["200"]["content"])
            assert kinds == {
                "application/json",
                "text/csv",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            }, place


def test_figures_of_the_books_are_asked_and_answered_by_two_clocks(document: dict[str, Any]) -> None:
    for place, operation in _operations(document):
        method, path = place.split(" ")
        if method == "get" and re.match(f"{BASE}/(ledger|reports)/", path):
            names = {each["name"] for each in operation["parameters"]}
            assert {"as_of", "known_at"} <= names, place


def test_the_page_is_served_from_here_alone(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    page = client.get("/api/docs/")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    assert all(source.startswith("/api/docs/") for source in sources)
    for source in sources:
        with client.get(source) as file:
            assert file.status_code == 200, source
    assert "/api/v1/openapi.json" in page.text


def test_the_pages_own_script_is_the_only_one_let_in(sqlite_app: Flask) -> None:
    page = sqlite_app.test_client().get("/api/docs/")
    (nonce,) = re.findall(r'<script nonce="([^"]+)">', page.text)
    assert f"script-src 'self' 'nonce-{nonce}'" in page.headers["Content-Security-Policy"]


def _operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    ]
