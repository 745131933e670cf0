"""A service on a fresh database with one user per role, and clients of the service that are signed in."""

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
from tests.support.clients import Client
from tests.support.county_desk import add_people


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords with argon2id at its lowest cost."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    users._nobody.cache_clear()
    yield
    users._nobody.cache_clear()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Return the settings of a service on a fresh database, once on each engine."""
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": database_url})


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """Return a service on a fresh database with one user per role, once on each engine."""
    with _served(_application(), settings) as served:
        yield served


@pytest.fixture
def sqlite_app(sqlite_settings: Settings) -> Iterator[Flask]:
    """Return a service with one user per role on SQLite only, for behaviour that does not depend on the engine."""
    with _served(_application(), sqlite_settings) as served:
        yield served


@pytest.fixture
def fresh_app(sqlite_settings: Settings) -> Iterator[Flask]:
    """Return a service as a separate application, for tests that change the application."""
    with _served(create_app(sqlite_settings), sqlite_settings) as served:
        yield served


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    """Return the settings of a service on a fresh SQLite database."""
    return read_settings({"LEDGER_HOME": str(tmp_path / "home"), "LEDGER_DATABASE_URL": sqlite_url})


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Client]:
    """Return a function that signs a user in: `sign_in("officer")` returns the client of that user."""
    return lambda username: Client.signed_in(app, username)


@pytest.fixture
def nobody(app: Flask) -> Client:
    """Return a client of the API that has not signed in."""
    return Client(app)


@cache
def _application() -> Flask:
    """Return the one application that all tests of this process share; only the database differs from test to test."""
    folder = Path(os.environ["LEDGER_TEST_FOLDER"])
    nowhere = {"LEDGER_HOME": str(folder / "home"), "LEDGER_DATABASE_URL": f"sqlite:///{folder / 'nowhere.sqlite3'}"}
    return create_app(read_settings(nowhere))


@contextmanager
def _served(app: Flask, settings: Settings) -> Iterator[Flask]:
    """Connect the application to the database of the settings, and add every user."""
    service = edge.install(app, settings, demo=False)
    (limiter,) = app.extensions["limiter"]
    limiter.reset()
    add_people(service.engine)
    yield app
    service.engine.dispose()
