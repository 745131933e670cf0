"""The API requests whose answers are compared between releases, each sent at one fixed moment by a named user."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from freezegun import freeze_time

from api.app import create_app
from ledger.settings import read_settings
from tests.upgrade.stage import password_of

ASKED_AT = datetime(2020, 1, 6, 1, 0, tzinfo=UTC)
"""The moment at which all requests are sent: the first Monday morning after the scenario's last day."""

BASE = "/api/v1"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Question:
    """A request to the API and the user who sends it; for a list, all pages are requested."""

    user: str
    path: str
    method: str = "GET"
    body: Any = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP status and the body of an answer."""

    status: int
    body: Any


@dataclass(slots=True)
class Asker:
    """A client of one service that signs in each user only once."""

    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, question: Question) -> Answer:
        """Return the answer to a request, with all pages of a list joined and only the code and facts of a refusal."""
        answer = self._send(question, question.path)
        body = answer.body
        if answer.status >= 400:
            return Answer(answer.status, {"code": body["code"], "facts": body["facts"]})
        while isinstance(body, dict) and "next_cursor" in body:
            cursor = body.pop("next_cursor")
            if cursor is None:
                break
            page = self._send(question, f"{question.path}{_mark(question.path)}cursor={cursor}").body
            body = {**body, "items": body["items"] + page["items"], "next_cursor": page["next_cursor"]}
        return Answer(answer.status, body)

    def _send(self, question: Question, path: str) -> Answer:
        headers = {"Authorization": f"Bearer {self._token(question.user)}", "Accept-Language": "en"}
        if question.key is not None:
            headers["Idempotency-Key"] = question.key
        response = self.app.test_client().open(BASE + path, method=question.method, json=question.body, headers=headers)
        return Answer(response.status_code, response.get_json(silent=True))

    def _token(self, user: str) -> str:
        if user not in self.tokens:
            sent = {"username": user, "password": password_of(user)}
            response = self.app.test_client().post(f"{BASE}/auth/token", json=sent)
            assert response.status_code == 200, response.text
            self.tokens[user] = response.get_json()["access_token"]
        return self.tokens[user]


@contextmanager
def asking(url: str, at: datetime = ASKED_AT) -> Iterator[Asker]:
    """Yield a client of the service on a database, with the clock of this process frozen at a moment."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(read_settings({"LEDGER_HOME": home, "LEDGER_DATABASE_URL": url}))
        engine = app.extensions["ledger"].engine
        try:
            with freeze_time(at):
                yield Asker(app)
        finally:
            engine.dispose()


def listing(path: str) -> str:
    """Return the path of a list with the largest page size."""
    return f"{path}{_mark(path)}limit={_PAGE}"


def _mark(path: str) -> str:
    return "&" if "?" in path else "?"


def written(question: Question, answer: Answer) -> str:
    """Return an API request with its answer as one line of JSON."""
    record = {
        "user": question.user,
        "method": question.method,
        "path": question.path,
        "body": question.body,
        "key": question.key,
        "status": answer.status,
        "answer": answer.body,
    }
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(text: str) -> Iterator[tuple[Question, Answer]]:
    """Return API requests with their answers from a JSON list."""
    for record in json.loads(text):
        question = Question(record["user"], record["path"], record["method"], record["body"], record["key"])
        yield question, Answer(record["status"], record["answer"])
