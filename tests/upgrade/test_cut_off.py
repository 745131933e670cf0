"""An upgrade killed before any of its statements and then repeated gives the result of an uninterrupted upgrade."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from ledger.backups import back_up
from ledger.database import open_engine
from ledger.reports.verifying.verification import verify
from tests.migrations.catalogue import listed
from tests.support import engines
from tests.support.sources import ROOT
from tests.upgrade.restore import releases, restore


def test_an_upgrade_killed_at_any_statement_is_run_again_and_ends_the_same(
    engine_name: str, empty_database_url: str, shared_folder: Path, request: pytest.FixtureRequest
) -> None:
    release = releases()[0]
    restore(release, empty_database_url)
    ended = _upgraded(empty_database_url, 0)
    assert ended.returncode == 0, ended.stderr
    statements, undisturbed = int(ended.stdout), _rows(empty_database_url)
    assert statements > 20
    kills = min(request.config.getoption("--kills"), statements)
    for number in range(1, kills + 1):
        with _database(engine_name, shared_folder) as url:
            restore(release, url)
            killed = _upgraded(url, statements * number // kills)
            assert killed.returncode == -9, killed.stderr
            again = _upgraded(url, 0)
            assert again.returncode == 0, again.stderr
            assert _rows(url) == undisturbed, f"killed before statement {statements * number // kills}"


def _upgraded(url: str, last: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.upgrade.cut_off", url, str(last)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@contextmanager
def _database(engine_name: str, shared: Path) -> Iterator[str]:
    """Yield the URL of another empty database of the engine under test."""
    if engine_name == "sqlite":
        with tempfile.TemporaryDirectory(dir=shared) as folder:
            yield f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        return
    server = engines.start_server(shared)
    name = server.create()
    yield server.url(name)
    server.drop(name)


def _rows(url: str) -> dict[str, str]:
    """Return a hash of every table's rows, and the schema objects; check that verification reports no fault."""
    engine = open_engine(url)
    assert verify(engine) == ()
    hashes = {"schema": "\n".join(listed(engine))}
    with engine.connect().execution_options(reading=True) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for name, table in sorted(metadata.tables.items()):
            rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            hashes[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return hashes


def test_a_backup_that_was_cut_off_is_not_taken_for_one(sqlite_url: str, tmp_path: Path) -> None:
    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    unfinished = tmp_path / "ledger-20261128T090000Z.sqlite3.part"
    unfinished.write_bytes(b"cut off")
    kept = back_up(sqlite_url, tmp_path, at)
    assert kept == tmp_path / "ledger-20261128T090000Z.sqlite3"
    assert list(tmp_path.iterdir()) == [kept]
