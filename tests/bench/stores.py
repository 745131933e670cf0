"""Databases for benchmarks: each template is filled once, and copied for every measured run."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, event

from ledger.database import open_engine
from ledger.setup import prepare
from tests.bench.rounds import Side, stopwatch
from tests.support.engines import Server, make_folder, remove_folder, start_server

Fill = Callable[[Engine], None]


class Store(Protocol):
    """A store for the benchmark databases of one engine."""

    name: str

    def template(self, name: str, fill: Fill, base: str = "") -> None:
        """Make and fill a template database called `name`, unless the template exists.

        With `base`, the new template database starts as a copy of the template `base`.
        """

    def copy(self, name: str) -> str:
        """Copy a template database, wait until the copy is on disk, and return the copy's address."""

    def drop(self, url: str) -> None:
        """Remove the copy of a template database."""

    def url(self, name: str) -> str:
        """Return the address of a template database that callers may only read."""


@contextmanager
def opened(store: Store, name: str) -> Iterator[Engine]:
    """Open an engine on a new copy of a template, and remove the copy at the end of the `with` block."""
    url = store.copy(name)
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
        store.drop(url)


def on_copies(store: Store, name: str, work: Callable[[Engine], object], right: Callable[[Engine], bool]) -> Side:
    """Return one side of a benchmark, which does work on a new copy of a template in each run.

    After its first run, the benchmarked function checks the rows that were written.
    """
    looked = False

    def run() -> float:
        nonlocal looked
        with opened(store, name) as engine:
            seconds = stopwatch(lambda: work(engine))
            assert looked or right(engine), f"{name}: not the figures that were expected"
            looked = True
            return seconds

    return run


@contextmanager
def looked_at(store: Store, name: str) -> Iterator[Engine]:
    """Open an engine on a template database that callers may only read."""
    engine = open_engine(store.url(name))
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def store_of(engine_name: str) -> Iterator[Store]:
    """Open a store of benchmark databases that are as durable as in production.

    The store of benchmark databases is removed at the end of the `with` block.
    """
    folder = make_folder(durable=True)
    try:
        if engine_name == "sqlite":
            yield SqliteStore(folder)
        else:
            yield PostgresqlStore(start_server(folder, durable=True))
    finally:
        remove_folder(folder)


class SqliteStore:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def template(self, name: str, fill: Fill, base: str = "") -> None:
        path = self._folder / f"{name}.sqlite3"
        if path.exists():
            return
        if base:
            shutil.copyfile(self._folder / f"{base}.sqlite3", path)
        else:
            prepare(f"sqlite:///{path}")
        engine = open_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
        fill(engine)
        engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def copy(self, name: str) -> str:
        path = self._folder / f"{secrets.token_hex(8)}.sqlite3"
        shutil.copyfile(self._folder / f"{name}.sqlite3", path)
        with path.open("rb") as copied:
            # Without fsync, the first measured commit would wait until the whole copied file is on disk.
            os.fsync(copied.fileno())
        return f"sqlite:///{path}"

    def drop(self, url: str) -> None:
        for tail in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + tail).unlink(missing_ok=True)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._folder / f'{name}.sqlite3'}"


class PostgresqlStore:
    name = "postgresql"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._templates: set[str] = set()

    def template(self, name: str, fill: Fill, base: str = "") -> None:
        if name in self._templates:
            return
        self._templates.add(name)
        self._server.run(f"CREATE DATABASE {name} TEMPLATE {base or 'template0'}")
        if not base:
            prepare(self._server.url(name))
        engine = open_engine(self._server.url(name))
        fill(engine)
        with engine.connect() as connection:
            # In production the rows are written over time, so autovacuum would have vacuumed and analysed the tables.
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()

    def copy(self, name: str) -> str:
        copied = f"{name}_{secrets.token_hex(8)}"
        self._server.run(f"CREATE DATABASE {copied} TEMPLATE {name} STRATEGY FILE_COPY")
        self._server.run("CHECKPOINT")
        return self._server.url(copied)

    def drop(self, url: str) -> None:
        self._server.drop(url.rpartition("/")[2])

    def url(self, name: str) -> str:
        return self._server.url(name)
