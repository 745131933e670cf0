"""A service on a fresh database with one user a role, and clients of it that are signed in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from api.app import create_app
from ledger.operations import people
from ledger.settings import Settings, read_settings
from tests.api.clients import Client, add_people


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same argon2id with the least it may cost."""
    monkeypatch.setattr(people, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    people._nobody.cache_clear()
    yield
    people._nobody.cache_clear()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a service on a fresh database, once on each engine."""
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": database_url})


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A service on a fresh database with one user a role, once on each engine."""
    with_people = _app(settings)
    yield with_people
    with_people.extensions["ledger"].engine.dispose()


@pytest.fixture
def sqlite_app(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    """As `app`, on SQLite alone, for what no engine makes different."""
    made = _app(read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": sqlite_url}))
    yield made
    made.extensions["ledger"].engine.dispose()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Client]:
    """`sign_in("officer")` gives a client of that user."""
    return lambda username: Client.signed_in(app, username)


@pytest.fixture
def nobody(app: Flask) -> Client:
    """A client that has not signed in."""
    return Client(app)


def _app(settings: Settings) -> Flask:
    app = create_app(settings)
    add_people(app)
    return app
