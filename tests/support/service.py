"""A service on a fresh database with one user a role, and clients of it that are signed in."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from api.app import create_app
from api.core import edge
from ledger.operations.registry import users
from ledger.settings import Settings, read_settings
from tests.support.clients import Client, add_people


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same argon2id with the least it may cost."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    users._nobody.cache_clear()
    yield
    users._nobody.cache_clear()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a service on a fresh database, once on each engine."""
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": database_url})


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A service on a fresh database with one user a role, once on each engine."""
    with _served(_application(), settings) as served:
        yield served


@pytest.fixture
def sqlite_app(sqlite_settings: Settings) -> Iterator[Flask]:
    """As `app`, on SQLite alone, for what no engine makes different."""
    with _served(_application(), sqlite_settings) as served:
        yield served


@pytest.fixture
def fresh_app(sqlite_settings: Settings) -> Iterator[Flask]:
    """As `sqlite_app`, an application that nobody else uses, for tests that change it."""
    with _served(create_app(sqlite_settings), sqlite_settings) as served:
        yield served


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    """Settings of a service on a fresh SQLite database."""
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": sqlite_url})


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Client]:
    """`sign_in("officer")` gives a client of that user."""
    return lambda username: Client.signed_in(app, username)


@pytest.fixture
def nobody(app: Flask) -> Client:
    """A client that has not signed in."""
    return Client(app)


@cache
def _application() -> Flask:
    """One application for all tests of this process: what differs from test to test is what it serves."""
    folder = Path(os.environ["LEDGER_TEST_FOLDER"])
    nowhere = {"LEDGER_HOME": str(folder / "home"), "LEDGER_DATABASE_URL": f"sqlite:///{folder / 'nowhere.sqlite3'}"}
    return create_app(read_settings(nowhere))


@contextmanager
def _served(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The application connected to the database of the settings, with everybody in it."""
    service = edge.install(app, settings, demo=False)
    (limiter,) = app.extensions["limiter"]
    limiter.reset()
    add_people(app)
    yield app
    service.engine.dispose()
