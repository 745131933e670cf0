"""How a kept county is asked: through the HTTP API, at one moment of its own time, each question as some user."""

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
"""The moment at which all questions are asked: the morning of the first working Monday after the story."""

BASE = "/api/v1"
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and who asks; a list is asked for whole, however many pages it has."""

    user: str
    path: str
    method: str = "GET"
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the HTTP status and the body."""

    status: int
    body: Any


@dataclass(slots=True)
class Asker:
    """A client of one service; signs each user in once."""

    app: Flask
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, question: Question) -> Answer:
        """Return the answer, all pages of a list as one, without what only a reader of the moment needs."""
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
        told = self.app.test_client().open(BASE + path, method=question.method, json=question.body, headers=headers)
        return Answer(told.status_code, told.get_json(silent=True))

    def _token(self, user: str) -> str:
        if user not in self.tokens:
            sent = {"username": user, "password": password_of(user)}
            told = self.app.test_client().post(f"{BASE}/auth/token", json=sent)
            assert told.status_code == 200, told.text
            self.tokens[user] = told.get_json()["access_token"]
        return self.tokens[user]


@contextmanager
def asking(url: str, at: datetime = ASKED_AT) -> Iterator[Asker]:
    """Give an asker of the service on a database, while the clock of this process stands at a moment."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(read_settings({"LEDGER_HOME": home, "LEDGER_DATABASE_URL": url}))
        engine = app.extensions["ledger"].engine
        try:
            with freeze_time(at):
                yield Asker(app)
        finally:
            engine.dispose()


def listing(path: str) -> str:
    """Return the path of a list with the longest pages there are."""
    return f"{path}{_mark(path)}limit={_PAGE}"


def _mark(path: str) -> str:
    return "&" if "?" in path else "?"


def written(question: Question, answer: Answer) -> str:
    """Return a question with its answer as one line of JSON."""
    told = {
        "user": question.user,
        "method": question.method,
        "path": question.path,
        "body": question.body,
        "status": answer.status,
        "answer": answer.body,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(text: str) -> Iterator[tuple[Question, Answer]]:
    """Read questions with their answers out of a JSON list."""
    for told in json.loads(text):
        question = Question(told["user"], told["path"], told["method"], told["body"])
        yield question, Answer(told["status"], told["answer"])
