"""Tests that requests drawn from the OpenAPI document, valid or nearly valid, get a documented answer."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from api.core.rights import ANYBODY, RIGHTS
from api.core.routes import BASE
from tests.support.clients import Client
from tests.support.county_desk import PEOPLE

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize("place", list(RIGHTS))
def test_no_request_is_answered_by_a_failure(place: str, sqlite_app: Flask) -> None:
    """A normal test run sends only a few requests per route.

    Setting HYPOTHESIS_PROFILE to `ci` or `full` sends more requests.
    """
    method, path = place.split(" ")
    roles = RIGHTS[place]
    username = next((name for name, each in PEOPLE.items() if each.role in roles), "officer")
    headers = {} if roles == ANYBODY else dict(Client.signed_in(sqlite_app, username).headers)
    document = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", sqlite_app)
    operation = document[BASE + path][method]
    profile = settings()

    @settings(profile, max_examples=max(3, profile.max_examples // 5), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE))
    def tried(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    tried()
