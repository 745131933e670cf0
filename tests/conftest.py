"""Fixtures for all tests: each test gets a fresh database on each engine, prepared or empty."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from ledger.errors import Refusal
from tests.support import engines
from tests.support.refusals import unlabelled

# The environment variable HYPOTHESIS_PROFILE selects a profile. No Hypothesis profile sets deadlines, since the machine
# may be busy with other work.
_CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", _CALM, max_examples=25)
settings.register_profile("ci", _CALM, max_examples=100, derandomize=True, database=None, print_blob=True)
settings.register_profile("full", _CALM, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that sets how often the crash tests kill a process."""
    parser.addoption("--kills", type=int, default=3, help="how often a run of the jobs is killed in its middle")


def pytest_configure(config: pytest.Config) -> None:
    """Create the folder that all test workers of a run share.

    The first worker that needs PostgreSQL starts the server.
    """
    if hasattr(config, "workerinput"):
        return
    for name in [name for name in os.environ if name.startswith("LEDGER_")]:
        if name != "LEDGER_TEST_ENGINES":
            del os.environ[name]  # The tests do not use the developer's own settings.
    folder = engines.make_folder()
    config.add_cleanup(lambda: engines.remove_folder(folder))
    os.environ["LEDGER_TEST_FOLDER"] = str(folder)
    os.environ["LEDGER_TEST_OWNER"] = str(os.getpid())
    os.environ["LEDGER_HOME"] = str(folder / "home")  # The tests must not use the `var/` folder of the checkout.


def chosen_engines() -> list[str]:
    """Return the engines to test: both engines, or those that LEDGER_TEST_ENGINES lists, separated by commas."""
    named = os.environ.get("LEDGER_TEST_ENGINES")
    chosen = named.split(",") if named else list(engines.ENGINES)
    if unknown := set(chosen) - set(engines.ENGINES):
        raise pytest.UsageError(f"LEDGER_TEST_ENGINES: no engine {sorted(unknown)}, only {engines.ENGINES}")
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that needs a database once on each engine."""
    if "engine_name" in metafunc.fixturenames:
        metafunc.parametrize("engine_name", chosen_engines(), indirect=True)


@pytest.fixture
def engine_name(request: pytest.FixtureRequest) -> str:
    """Return the name of the engine on which the test runs, `sqlite` or `postgresql`."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """Return the folder that all test workers of a run share."""
    return Path(os.environ["LEDGER_TEST_FOLDER"])


@pytest.fixture
def database_url(engine_name: str, shared_folder: Path) -> Iterator[str]:
    """Return the address of a fresh database with schema and reference data, once on each engine."""
    with _PREPARED[engine_name](shared_folder) as url:
        yield url


@pytest.fixture
def empty_database_url(engine_name: str, shared_folder: Path) -> Iterator[str]:
    """Return the address of a fresh database without a schema, once on each engine."""
    with _EMPTY[engine_name](shared_folder) as url:
        yield url


@pytest.fixture
def sqlite_url(shared_folder: Path) -> Iterator[str]:
    """Return the address of a fresh prepared SQLite database."""
    with _prepared_sqlite(shared_folder) as url:
        yield url


@pytest.fixture
def postgresql_url(shared_folder: Path) -> Iterator[str]:
    """Return the address of a fresh prepared PostgreSQL database."""
    if "postgresql" not in chosen_engines():
        pytest.skip("LEDGER_TEST_ENGINES leaves PostgreSQL out")
    with _prepared_postgresql(shared_folder) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Return an engine on a fresh prepared database, once on each engine."""
    from ledger.database import open_engine

    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(autouse=True, scope="session")
def every_refusal_is_told_in_words() -> Iterator[None]:
    """Check that each fact of every refusal raised during the run has a Chinese label."""
    made, found = Refusal.__init__, set[str]()

    def noted(refusal: Refusal, **facts: Any) -> None:
        made(refusal, **facts)
        found.update(unlabelled(refusal))

    Refusal.__init__ = noted  # type: ignore[method-assign, assignment]
    yield
    Refusal.__init__ = made  # type: ignore[method-assign]
    assert not found, "\n".join(sorted(found))


def _prepare(url: str) -> None:
    from ledger.setup import prepare

    prepare(url)


@contextmanager
def _prepared_sqlite(shared: Path) -> Iterator[str]:
    with _empty_sqlite(shared) as url:
        shutil.copyfile(engines.prepared_sqlite(shared, _prepare), url.removeprefix("sqlite:///"))
        yield url


@contextmanager
def _empty_sqlite(shared: Path) -> Iterator[str]:
    own = Path(tempfile.mkdtemp(dir=shared))
    yield f"sqlite:///{own / 'ledger.sqlite3'}"
    shutil.rmtree(own)


@contextmanager
def _prepared_postgresql(shared: Path) -> Iterator[str]:
    with _postgresql(shared, engines.prepared_postgresql(shared, _prepare)) as url:
        yield url


@contextmanager
def _empty_postgresql(shared: Path) -> Iterator[str]:
    with _postgresql(shared, "template0") as url:
        yield url


@contextmanager
def _postgresql(shared: Path, template: str) -> Iterator[str]:
    server = engines.start_server(shared)
    name = server.create(template)
    yield server.url(name)
    server.drop(name)


_PREPARED = {"sqlite": _prepared_sqlite, "postgresql": _prepared_postgresql}
_EMPTY = {"sqlite": _empty_sqlite, "postgresql": _empty_postgresql}
