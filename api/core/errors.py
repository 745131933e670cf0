"""Answers refusals and failures as application/problem+json (RFC 9457), in the language of the request."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response
from marshmallow import Schema, fields
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from api.core.messages import CODES, TITLES, language, said, title_of
from ledger.errors import Conflict, Forbidden, NotFound, Refusal, RuleViolation
from ledger.retries import of_the_database

PROBLEM_TYPE = "application/problem+json"


class Malformed(Refusal):
    """Raised for a request that does not have the required shape (400)."""

    code = "malformed"
    zh = "请求格式有误：{found:text}"
    en = "the request is malformed: {found:text}"


class NotSignedIn(Refusal):
    """Raised for a request without a valid token (401)."""

    code = "not_signed_in"
    zh = "请先登录，并在请求头中带上有效的令牌"
    en = "sign in and send a token that is still good: Authorization: Bearer ..."


class NotYours(Forbidden):
    """Raised for a function that the user's role may not use (403)."""

    code = "not_yours"
    zh = "角色 {found:role} 无权使用此功能；可用的角色：{limit:role}"
    en = "the function is not for the role {found:role}; it is for: {limit:role}"


class Stale(Conflict):
    """Raised when another transaction recorded a conflicting row at the same moment (409)."""

    code = "stale"
    zh = "同一时刻有他人作了相同或相关的登记，请刷新后重试"
    en = "somebody else recorded the same or a related thing at this moment; look again, then try again"


STATUS: Mapping[type[Refusal], int] = {
    Malformed: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    RuleViolation: 422,
}


class FieldError(Schema):
    """A fault of one field of a request, or of one row of a sheet."""

    field = fields.String()
    row = fields.Integer()
    column = fields.String()
    code = fields.String()
    message = fields.String(required=True)


class Problem(Schema):
    """The body of every refusal and failure (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    facts = fields.Dict(required=True)
    errors = fields.List(fields.Nested(FieldError), required=True)


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status for the class of a refusal."""
    return next(status for kind, status in STATUS.items() if isinstance(refusal, kind))


def refused(refusal: Refusal) -> tuple[int, str]:
    """Return the HTTP status and the body of a refusal."""
    return _body(status_of(refusal), refusal.code, refusal.say(language()), refusal.facts)


def answer(status: int, body: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response; a response with status 400 or higher has the content type of a problem."""
    kind = "application/json" if status < HTTPStatus.BAD_REQUEST else PROBLEM_TYPE
    return Response(body, status=status, mimetype=kind, headers=headers)


def install(app: Flask) -> None:
    """Make the application answer every error with a problem (RFC 9457)."""
    app.register_error_handler(Refusal, _on_refusal)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, _on_failure)


def on_http(error: HTTPException) -> Response:
    """Return the response for an error that the web framework itself raises."""
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return Response(status=status, headers=dict(error.get_headers()))
    faults = list(_faults(getattr(error, "data", {}).get("messages") or {}))
    detail = title_of(status)
    body = _body(status, CODES.get(status, "refused"), said(detail), {}, faults)[1]
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "60"
    return answer(status, body, headers)


def _on_refusal(refusal: Refusal) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(refusal, NotSignedIn) else None
    return answer(*refused(refusal), headers)


def _on_failure(error: Exception) -> Response:
    if isinstance(error, IntegrityError):
        # Two transactions passed the rules at the same time, and a database constraint refused the later transaction.
        structlog.get_logger("api").warning("constraint", exc_info=error)
        return _on_refusal(Stale())
    status = 503 if of_the_database(error) else 500
    structlog.get_logger("api").error("failure", exc_info=error)
    body = _body(status, CODES[status], said(TITLES[status]), {})[1]
    return answer(status, body, {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None)


def _body(
    status: int, code: str, detail: str, facts: Mapping[str, Any], errors: list[dict[str, Any]] | None = None
) -> tuple[int, str]:
    rows = facts.get("faults")
    problem = {
        "type": f"urn:ledger:problem:{code}",
        "title": said(title_of(status)),
        "status": status,
        "detail": detail,
        "code": code,
        "facts": facts,
        "errors": errors if errors is not None else rows if _are_rows(rows) else [],
    }
    return status, json.dumps(problem, ensure_ascii=False)


def _are_rows(faults: object) -> bool:
    return isinstance(faults, list) and all(isinstance(row, dict) and "message" in row for row in faults)


def _faults(messages: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Return marshmallow's tree of messages as a flat list, whose paths leave out the level body, query or files."""
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            hidden = (not path and name in {"json", "query", "files", "form"}) or name == "_schema"
            yield from _faults(below, path if hidden else f"{path}.{name}".lstrip("."))
    elif isinstance(messages, list | tuple):
        for each in messages:
            yield from _faults(each, path)
    else:
        yield {"field": path, "message": said(messages)}
