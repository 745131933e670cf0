"""Writes one log line for each request, with the id of the request but without personal data."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
HEADER = "X-Request-ID"


def install(app: Flask) -> None:
    """Give every request an id, and write a log line when a request ends."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        g.began = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        # The log line has the route's pattern instead of the URL, since a URL contains ids of loans and people.
        structlog.get_logger("api").info(
            "request",
            method=request.method,
            route=request.url_rule.rule if request.url_rule is not None else None,
            status=response.status_code,
            ms=int((time.perf_counter() - g.began) * 1000),
        )
        return response

    @app.teardown_request
    def clear(_error: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()
