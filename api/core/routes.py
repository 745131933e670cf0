"""The class `Blueprint`, with which a module registers routes together with the shapes of requests and answers.

For each request, a route first checks the sign-in (401), the rights of the role (403, api/core/rights.py) and the shape
of the request (400). After all checks, the route begins a transaction, looks up the idempotency key, calls the view,
and writes the answer in the answer's shape.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import flask_smorest
import marshmallow as ma
from flask import Response, g

from api.core import auth, edge, errors, paging
from api.core.clocks import FACTS, ClockQuery, asked
from api.core.idempotency import HEADER, KEY_LENGTH_MAX, Reply
from api.core.parser import StrictParser
from api.core.rights import ANYBODY, RIGHTS, Roles
from ledger.unit_of_work import Unit

BASE = "/api/v1"

View = Callable[..., Any]
Route = Callable[[View], View]
Shape = type[ma.Schema]

_CONVERTED = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_KEY = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "Yours to choose, one for each thing to be recorded; the same again gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX},
}


class Blueprint(flask_smorest.Blueprint):
    """The routes of one kind of object; the module docstring of api/app.py shows how to write a route."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, prefix: str, description: str) -> None:
        super().__init__(name, f"api.{name}", url_prefix=BASE + prefix, description=description)
        self.prefix = prefix

    def get(self, rule: str, *, answer: Shape, asks: Shape | None = None) -> Route:
        """Register a route that reads one object: `view(session, **query)`.

        If the query is a ClockQuery, the view gets `clocks`, and the answer also has `as_of`, `known_at` and `final`.
        """
        clocked = asks is not None and issubclass(asks, ClockQuery)
        shape = answer(exclude=FACTS) if clocked else answer()

        def route(view: View) -> View:
            @wraps(view)
            def run(**sent: Any) -> Response:
                facts = asked(sent) if clocked else {}
                with edge.reading() as session:
                    told = shape.dump(view(session, **sent))
                return errors.answer(200, to_json(told | facts))

            return self._add("GET", rule, view, run, [(200, answer)], asks=asks)

        return route

    def listing(self, rule: str, *, row: Shape, asks: Shape | None = None) -> Route:
        """Register a route that lists rows: `view(session, **query)` returns a `paging.Listing` or a sequence.

        The list is answered page by page or as a file. If the query is a ClockQuery, the view gets `clocks`, as a view
        registered with `get` does.
        """
        clocked = asks is not None and issubclass(asks, ClockQuery)
        query = paging.query_of(asks)

        def route(view: View) -> View:
            @wraps(view)
            def run(**sent: Any) -> Response:
                turn = paging.turn_of(sent)
                facts = asked(sent) if clocked else {}
                return paging.respond(lambda session: view(session, **sent), turn, row(), facts)

            page = paging.page_of(row, clocked=clocked)
            return self._add("GET", rule, view, run, [(200, page)], asks=query, sheets=True)

        return route

    def search(self, rule: str, *, body: Shape, answer: Shape) -> Route:
        """Register a POST route that only reads: `view(session, **body)`.

        The values to search for are in the body, since a URL should not contain private data.
        """

        def route(view: View) -> View:
            @wraps(view)
            def run(**sent: Any) -> Response:
                with edge.reading() as session:
                    return errors.answer(200, to_json(answer().dump(view(session, **sent))))

            return self._add("POST", rule, view, run, [(200, answer)], body=body)

        return route

    def post(self, rule: str, *, answer: Shape, body: Shape | None = None, status: int = 200) -> Route:
        """Register a route that records data once for each idempotency key: `view(unit, **body)`."""
        return self._recording("POST", rule, answer, body, status, keyed=True)

    def patch(self, rule: str, *, answer: Shape, body: Shape) -> Route:
        """Register a route that corrects data, with an optional idempotency key: `view(unit, **body)`."""
        return self._recording("PATCH", rule, answer, body, 200, keyed=False)

    def raw(
        self,
        method: str,
        rule: str,
        *,
        answers: Mapping[int, Shape | str],
        keyed: bool = False,
        body: Shape | None = None,
        asks: Shape | None = None,
        files: Shape | None = None,
    ) -> Route:
        """Register a route whose view builds the response with `edge.reading`, `edge.writing` or `edge.recorded`.

        `answers` gives the shape of the JSON answer or the content type of the response, for each status.
        """

        def route(view: View) -> View:
            return self._add(
                method, rule, view, view, list(answers.items()), keyed=keyed, body=body, asks=asks, files=files
            )

        return route

    def _recording(
        self, method: str, rule: str, answer: Shape, body: Shape | None, status: int, *, keyed: bool
    ) -> Route:
        def route(view: View) -> View:
            @wraps(view)
            def run(**sent: Any) -> Response:
                def act(unit: Unit) -> Reply:
                    return Reply(status, to_json(answer().dump(view(unit, **sent))))

                return replied(edge.recorded(act, keyed=keyed))

            return self._add(method, rule, view, run, [(status, answer)], body=body, keyed=keyed)

        return route

    def _add(
        self,
        method: str,
        rule: str,
        view: View,
        run: View,
        answers: list[tuple[int, Shape | str]],
        *,
        body: Shape | None = None,
        asks: Shape | None = None,
        files: Shape | None = None,
        keyed: bool = False,
        sheets: bool = False,
    ) -> View:
        """Register `run` as the handler of a route, with all checks before it; return the view without the checks."""
        roles = RIGHTS[f"{method} {path_of(self.prefix + rule)}"]
        for status, answer in answers:
            if isinstance(answer, str):
                run = self.response(status, _FILE, content_type=answer)(run)
            else:
                run = self.response(status, answer)(run)
        if sheets:
            for kind in paging.SHEETS.values():
                run = self.alt_response(200, schema=_FILE, content_type=kind.media, success=True)(run)
        for shape, place in ((asks, "query"), (body, "json"), (files, "files")):
            if shape is not None:
                assert not set(shape().load_fields) & set(_CONVERTED.findall(rule)), "a field hides the path's"
                run = self.arguments(shape, location=place, as_kwargs=True)(run)
        documented: dict[str, Any] = {"operationId": f"{self.name}.{view.__name__}"}
        if roles != ANYBODY:
            documented["security"] = [{"bearer": []}]
        if keyed:
            documented["parameters"] = [_KEY]
        run = self.doc(**documented)(_guarded(run, roles))
        self.add_url_rule(rule, view.__name__, run, methods=[method])
        return view


_FILE = {"type": "string", "format": "binary"}


def path_of(rule: str) -> str:
    """Return the path of a routing rule in the form of the OpenAPI document."""
    return _CONVERTED.sub(r"{\1}", rule)


def to_json(body: object) -> str:
    """Return an answer as JSON text."""
    return json.dumps(body, ensure_ascii=False)


def replied(reply: Reply) -> Response:
    """Return the HTTP response for the reply to a recording request."""
    headers = {"Idempotency-Replayed": "true"} if reply.replayed else None
    return errors.answer(reply.status, reply.body, headers)


def _guarded(run: View, roles: Roles) -> View:
    @wraps(run)
    def guarded(**sent: Any) -> Any:
        if roles != ANYBODY:
            g.person = auth.identify()
            if g.person.role not in roles:
                raise errors.NotYours(found=g.person.role, limit=sorted(roles))
        return run(**sent)

    return guarded
