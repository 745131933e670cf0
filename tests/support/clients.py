"""The users of tests, and a client that signs in to the API and sends requests with keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from flask import Flask
from werkzeug.datastructures import Headers

from ledger.operations.registry.users import Role, add_user
from ledger.unit_of_work import work

PASSWORD = "correct horse"
BASE = "/api/v1"

COUNTY, OTHER_COUNTY = "360781", "360732"
BANK, OTHER_BANK = "GZRCB", "ABC"


@dataclass(frozen=True)
class Someone:
    """A user of the tests."""

    role: Role
    bank: str | None = None
    counties: tuple[str, ...] = ()


PEOPLE: Mapping[str, Someone] = {
    "officer": Someone(Role.BANK_OFFICER, BANK),
    "checker": Someone(Role.BANK_CHECKER, BANK),
    "local": Someone(Role.BANK_OFFICER, BANK, (COUNTY,)),
    "stranger": Someone(Role.BANK_OFFICER, OTHER_BANK),
    "poverty": Someone(Role.POVERTY_OFFICE, counties=(COUNTY,)),
    "finance": Someone(Role.FINANCE_OFFICER, counties=(COUNTY,)),
    "finance2": Someone(Role.FINANCE_CHECKER, counties=(COUNTY,)),
    "elsewhere": Someone(Role.FINANCE_OFFICER, counties=(OTHER_COUNTY,)),
    "city": Someone(Role.CITY_FINANCE),
    "city2": Someone(Role.CITY_FINANCE),
    "auditor": Someone(Role.AUDITOR),
    "admin": Someone(Role.ADMIN),
}


def add_people(app: Flask) -> None:
    """Add every user to the service's database."""
    engine = app.extensions["ledger"].engine
    with work(engine, user="setup", today=date(2016, 1, 1), clock=lambda: datetime(2016, 1, 1, tzinfo=UTC)) as unit:
        for username, each in PEOPLE.items():
            add_user(unit, username, f"{username}'s name", PASSWORD, each.role, bank=each.bank, counties=each.counties)


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
