"""Tests that the migrations form one sequence, make the declared tables, and are undone only in an empty database."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Connection, Engine, inspect

from ledger import journal, setup
from ledger.database import Base, open_engine
from tests.migrations.catalogue import listed
from tests.support.county_desk import row_counts
from tests.support.recording import disbursed, recording
from tests.support.sources import ROOT

__all__ = [  # The tests that pytest-alembic provides run on each engine.
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    """Return an engine on an empty database."""
    opened = open_engine(empty_database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def alembic_config() -> Config:
    return _config()


@pytest.fixture
def alembic_engine(empty: Engine) -> Iterator[Connection]:
    with empty.begin() as connection:
        yield connection


def _objects(engine: Engine) -> list[str]:
    """Return every schema object that the migrations made, except alembic's own table."""
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return sorted(tables) + listed(engine)


def test_down_to_nothing_leaves_nothing_behind(empty: Engine) -> None:
    setup.upgrade(empty)
    with empty.begin() as connection:
        command.downgrade(_config(connection), "base")
    assert _objects(empty) == []


def test_down_and_up_again_is_as_at_first(empty: Engine) -> None:
    setup.upgrade(empty)
    before = _objects(empty)
    with empty.begin() as connection:
        command.downgrade(_config(connection), "base")
    setup.upgrade(empty)
    assert _objects(empty) == before


def test_no_step_back_once_the_journal_has_entries(engine: Engine) -> None:
    with recording(engine) as unit:
        journal.record(unit, disbursed())
    before = _objects(engine)
    with engine.connect() as connection:
        rows = row_counts(connection)
    with pytest.raises(RuntimeError, match="the journal has entries"), engine.begin() as connection:
        command.downgrade(_config(connection), "-1")
    with engine.connect() as connection:
        assert row_counts(connection) == rows
    assert _objects(engine) == before
    assert setup.at_head(engine)


def test_every_step_back_asks_first() -> None:
    """The downgrade of each migration first checks that no data is written yet, whatever migrations came later."""
    for source in sorted((ROOT / "migrations" / "versions").glob("*.py")):
        undo = source.read_text(encoding="utf-8").partition("def downgrade() -> None:\n")[2]
        assert undo.lstrip().startswith("refuse_once_written()"), source.name


def test_a_revision_is_named_as_its_file() -> None:
    script = ScriptDirectory.from_config(_config())
    revisions = list(reversed(list(script.walk_revisions())))
    assert [revision.revision for revision in revisions] == sorted(
        path.stem for path in (ROOT / "migrations" / "versions").glob("*.py")
    )
    numbers = [int(revision.revision[:4]) for revision in revisions]
    assert numbers == list(range(1, len(revisions) + 1))


def test_the_migrations_import_nothing_of_the_product() -> None:
    """A migration must have an equal effect in every later release, so migrations import no code of the product.

    Only env.py may import the declared tables, to compare the migrations with them.
    """
    ours = re.compile(r"^\s*(from|import) (ledger|api|jobs)\b", re.MULTILINE)
    sources = [path for path in (ROOT / "migrations").rglob("*.py") if ours.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in sources] == ["env.py"]


def test_what_the_tables_declare_is_what_the_migrations_make(empty: Engine, database_url: str) -> None:
    """Compare check constraints, names and options too, which alembic's own comparison leaves out."""
    Base.metadata.create_all(empty)
    migrated = open_engine(database_url)
    guards = ("trigger ", "function ")
    declared = [line for line in listed(empty) if not line.startswith(guards)]
    assert declared == [line for line in listed(migrated) if not line.startswith(guards)]
    migrated.dispose()


def test_three_processes_that_start_at_once_prepare_once(empty: Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    program = "import sys; from ledger.setup import prepare; prepare(sys.argv[1])"
    started = [
        subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(3)
    ]
    assert [(each.communicate(timeout=300)[1], each.returncode) for each in started] == [("", 0)] * 3
    assert setup.at_head(empty)


def test_to_prepare_again_changes_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        before = row_counts(connection)
    setup.prepare(engine.url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert row_counts(connection) == before


def test_an_empty_database_is_not_at_head(empty: Engine) -> None:
    assert not setup.at_head(empty)
