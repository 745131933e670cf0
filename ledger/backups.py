"""Backups: a copy of the whole database, made before its schema is changed."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from ledger.labels import Said


class NoBackup(Exception):
    """Raised when no backup of the database could be made; `why` gives the reason."""

    def __init__(self, why: Said) -> None:
        super().__init__(why)
        self.why = why


def back_up(url: str, folder: Path, at: datetime) -> Path | None:
    """Copy a database into a folder that only the folder's owner can read; return the copy, or None for an empty
    database.

    An SQLite database is copied by SQLite's online backup, and the whole copy is checked. A PostgreSQL database is
    dumped by `pg_dump`, and `pg_restore` restores the dump. Raise NoBackup where no copy can be made.
    """
    address = make_url(url)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sqlite = address.get_backend_name() == "sqlite"
    target = folder / f"ledger-{at:%Y%m%dT%H%M%SZ}.{'sqlite3' if sqlite else 'dump'}"
    # The backup is renamed when it is complete, so that an unfinished copy is not mistaken for a backup.
    unfinished = target.with_name(f"{target.name}.part")
    unfinished.unlink(missing_ok=True)
    if (_copy_sqlite if sqlite else _dump_postgresql)(address, unfinished) is None:
        return None
    return unfinished.rename(target)


def _copy_sqlite(address: URL, target: Path) -> Path | None:
    source = Path(address.database or "")
    if not source.is_file():
        return None
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        (state,) = copy.execute("PRAGMA quick_check").fetchone()
        empty = copy.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    if state != "ok":
        raise NoBackup(Said(f"the copy {target} is damaged: {state}", f"副本 {target} 已损坏：{state}"))
    if empty:
        target.unlink()
        return None
    target.chmod(0o600)
    return target


def _dump_postgresql(address: URL, target: Path) -> Path:
    program = shutil.which("pg_dump")
    if program is None:
        raise NoBackup(Said("pg_dump is not on the path", "找不到 pg_dump 程序"))
    secret = {"PGPASSWORD": address.password} if address.password else {}
    options = [
        ("--host", address.host),
        ("--port", address.port),
        ("--username", address.username),
        ("--dbname", address.database),
    ]
    chosen = [f"{name}={value}" for name, value in options if value is not None]
    target.touch(mode=0o600)
    ended = subprocess.run(
        [program, "--format=custom", "--no-password", f"--file={target}", *chosen],
        env=os.environ | secret,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        target.unlink()
        raise NoBackup(Said(f"pg_dump: {ended.stderr.strip()}", f"pg_dump：{ended.stderr.strip()}"))
    return target
