"""Helpers that write rows of the journal with the bare driver, without any check of the application."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Engine

BOOK = "LOAN-GZRCB"
COUNTY = "360781"
BANK = "GZRCB"
DAY = date(2016, 5, 10)
AT = 1_462_852_800_000_000  # The value is noon of 2016-05-10 in Shanghai, in microseconds.

Row = tuple[str, Mapping[str, Any]]


def event_row(id: int = 1, **changed: Any) -> Row:
    """Return the database row of an ordinary event, with some columns replaced."""
    return "events", {
        "id": id,
        "kind": "LoanDisbursed",
        "effective_on": DAY,
        "recorded_at": AT,
        "county": COUNTY,
        "bank": BANK,
        "loan_id": 7,
        "made_by": "officer",
        "checked_by": None,
        "document": "",
        "reason": "",
        "origin": "",
        "key": None,
        "reverses_id": None,
        "red": False,
        "payload": '{"principal":5000000}',
    } | changed


def entry_row(id: int = 11, event_id: int = 1, **changed: Any) -> Row:
    """Return the row of an event's entry in the bank's book."""
    return "entries", {
        "id": id,
        "event_id": event_id,
        "book": BOOK,
        "effective_on": DAY,
        "recorded_at": AT,
        "red": False,
    } | changed


def posting_row(entry_id: int = 11, number: int = 1, **changed: Any) -> Row:
    """Return one posting row of an event's entry."""
    return "postings", {
        "entry_id": entry_id,
        "number": number,
        "book": BOOK,
        "effective_on": DAY,
        "recorded_at": AT,
        "county": COUNTY,
        "bank": BANK,
        "loan_id": 7,
        "debit": "130301",
        "credit": "1003",
        "fen": 5_000_000,
        "red": False,
    } | changed


def footer_row(entry_id: int = 11, **changed: Any) -> Row:
    """Return the footer row that closes an event's entry."""
    return "footers", {"entry_id": entry_id, "rows": 1, "total": 5_000_000, "hash": b"\x00" * 32} | changed


def whole_entry() -> list[Row]:
    """Return every row that a disbursement adds to the journal."""
    return [event_row(), entry_row(), posting_row(), footer_row()]


class Raw:
    """A driver's connection with an open transaction, which accepts `?` placeholders on both engines."""

    def __init__(self, connection: Any, sqlite: bool) -> None:
        self._connection = connection
        self._sqlite = sqlite

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one SQL statement and return its result rows, if any."""
        text = statement if self._sqlite else statement.replace("?", "%s")
        cursor = self._connection.execute(text, values) if values else self._connection.execute(text)
        return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]

    def add(self, row: Row, verb: str = "INSERT", tail: str = "") -> None:
        """Insert one row into a table."""
        table, values = row
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        self.run(f"{verb} INTO {table} ({names}) VALUES ({marks}) {tail}", list(values.values()))

    def keep(self) -> None:
        """Commit the transaction and begin a new transaction."""
        self.run("COMMIT")
        self.run("BEGIN")


@contextmanager
def raw(engine: Engine, *settings: str) -> Iterator[Raw]:
    """Open a driver's connection with foreign keys on, run the statements of `settings`, and commit at the end."""
    if engine.dialect.name == "sqlite":
        connection: Any = sqlite3.connect(str(engine.url.database), timeout=30, isolation_level=None)
        settings = ("PRAGMA foreign_keys=ON", *settings)
    else:
        dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(dsn, autocommit=True)
    try:
        for setting in settings:
            connection.execute(setting)
        opened = Raw(connection, engine.dialect.name == "sqlite")
        opened.run("BEGIN")
        yield opened
        opened.run("COMMIT")
    finally:
        connection.close()


@contextmanager
def unchecked(engine: Engine) -> Iterator[Raw]:
    """Open a connection without foreign-key checks, so that a row may refer to a missing row."""
    sqlite = engine.dialect.name == "sqlite"
    setting = "PRAGMA foreign_keys=OFF" if sqlite else "SET session_replication_role = replica"
    with raw(engine, setting) as connection:
        yield connection


def add(engine: Engine, *rows: Row, settings: Sequence[str] = ()) -> None:
    """Insert rows in one transaction."""
    with raw(engine, *settings) as connection:
        for row in rows:
            connection.add(row)


def refusal(engine: Engine, *rows: Row, settings: Sequence[str] = ()) -> str:
    """Return the reason for which the database refused rows, or an empty text if it accepted the rows."""
    try:
        add(engine, *rows, settings=settings)
    except (sqlite3.Error, psycopg.Error) as error:
        return why(error)
    return ""


def why(error: BaseException) -> str:
    """Return the violated constraint that a driver's error reports, in equal words for both engines."""
    if isinstance(error, errors.ForeignKeyViolation):
        return "foreign key"
    if isinstance(error, errors.CheckViolation):
        return f"check {error.diag.constraint_name}"
    if isinstance(error, errors.NotNullViolation):
        return f"not null {error.diag.table_name}.{error.diag.column_name}"
    if isinstance(error, errors.UniqueViolation):
        return f"unique {error.diag.constraint_name}"
    if isinstance(error, psycopg.Error):
        return str(error.diag.message_primary)
    text = str(error)
    for kind in ("FOREIGN KEY", "CHECK", "NOT NULL", "UNIQUE"):
        if text.startswith(f"{kind} constraint failed"):
            return f"{kind.lower()} {text.partition(': ')[2]}".strip()
    return text
