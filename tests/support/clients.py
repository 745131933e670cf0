"""The users of tests, and a client that signs in to the API and sends requests with keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from flask import Flask
from werkzeug.datastructures import Headers

from tests.support.county_desk import PASSWORD

BASE = "/api/v1"


@dataclass(frozen=True)
class Told:
    """An answer of the service."""

    status_code: int
    json: Any
    data: bytes
    mimetype: str
    headers: Headers

    @property
    def text(self) -> str:
        return self.data.decode()


@dataclass(frozen=True)
class Client:
    """A client of /api/v1, which sends a token after signing in, and a new idempotency key with each POST."""

    app: Flask
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, app: Flask, username: str, password: str = PASSWORD) -> "Client":
        """Return the signed-in client of a user; every call signs in again, for tests that change the current time."""
        answered = cls(app).token(username, password)
        assert answered.status_code == 200, answered.text
        return cls(app, {"Authorization": f"Bearer {answered.json['access_token']}"})

    def token(self, username: str, password: str = PASSWORD) -> Told:
        return self.send("POST", "/auth/token", {"username": username, "password": password}, key=None)

    def get(self, path: str, **query: Any) -> Told:
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, key: str | None = "", **query: Any) -> Told:
        """Send a POST request with a new idempotency key, with the given `key`, or with no key if `key` is None."""
        return self.send("POST", path, body, key=uuid4().hex if key == "" else key, query=query)

    def patch(self, path: str, body: Any) -> Told:
        return self.send("PATCH", path, body, key=None)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Told:
        headers = dict(self.headers)
        if key is not None:
            headers["Idempotency-Key"] = key
        told = self.app.test_client().open(
            BASE + path, method=method, json=body, query_string=query or None, headers=headers
        )
        return Told(told.status_code, told.get_json(silent=True), told.data, told.mimetype or "", told.headers)

    def in_english(self) -> "Client":
        return replace(self, headers={**self.headers, "Accept-Language": "en"})

    def in_chinese(self) -> "Client":
        return replace(self, headers={**self.headers, "Accept-Language": "zh-CN,zh;q=0.9"})
