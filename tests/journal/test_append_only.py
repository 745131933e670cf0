"""Tests of promise 2: no SQL statement can change, remove, replace or empty rows of the journal."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine

from ledger.database import open_engine
from ledger.tables.journal import JOURNAL
from tests.journal.raw import AT, DAY, Row, add, event_row, raw, refusal, unchecked, whole_entry, why

# The journal's tables and the append-only tables that refer to them, each with a column that the test tries to change.
ROWS: Mapping[str, tuple[Row, str, Any]] = {
    "events": (whole_entry()[0], "reason", "changed"),
    "entries": (whole_entry()[1], "book", "LOAN-ABC"),
    "postings": (whole_entry()[2], "fen", 1),
    "footers": (whole_entry()[3], "total", 1),
    "applications": (
        (
            "applications",
            {
                "event_id": 1,
                "loan_id": 7,
                "period_start": DAY,
                "effective_on": DAY,
                "payer": "borrower",
                "contract": 1,
                "compound": 0,
                "penalty": 0,
            },
        ),
        "contract",
        2,
    ),
    "closings": (
        (
            "closings",
            {
                "id": 1,
                "book": "LOAN-GZRCB",
                "month": "2016-05",
                "action": "close",
                "by_user": "checker",
                "checked_by": None,
                "reason": "",
                "recorded_at": AT,
            },
        ),
        "action",
        "reopen",
    ),
    "loan_status_changes": (
        (
            "loan_status_changes",
            {
                "id": 1,
                "loan_id": 7,
                "from_status": "active",
                "to_status": "overdue",
                "on_day": DAY,
                "by_user": "job",
                "reason": "",
                "recorded_at": AT,
            },
        ),
        "to_status",
        "closed",
    ),
}
TABLES = sorted(ROWS)
KEYS = {
    "events": "id",
    "entries": "id",
    "postings": "entry_id, number",
    "footers": "entry_id",
    "applications": "event_id, loan_id, period_start",
    "closings": "id",
    "loan_status_changes": "id",
}

# Some SQL statements run on both engines, and some on one engine only. A name in braces is replaced by a part of the
# statement: a table, a column, a key, or a new value.
STATEMENTS = {
    "update": "UPDATE {table} SET {column} = ?",
    "update of a row to itself": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "upsert": "INSERT INTO {table} ({names}) SELECT {names} FROM {table} WHERE true "
    "ON CONFLICT ({key}) DO UPDATE SET {column} = ?",
}
SQLITE = {
    "insert or replace": "INSERT OR REPLACE INTO {table} ({names}) SELECT {changed} FROM {table}",
    "replace": "REPLACE INTO {table} ({names}) SELECT {changed} FROM {table}",
    "update or replace": "UPDATE OR REPLACE {table} SET {column} = ?",
    "update or ignore": "UPDATE OR IGNORE {table} SET {column} = ?",
}
POSTGRESQL = {
    "truncate": "TRUNCATE {table} CASCADE",
    "truncate of what it rests on": "TRUNCATE books, events, loans CASCADE",
    "merge": "MERGE INTO {table} AS t USING (SELECT 1) AS s ON true WHEN MATCHED THEN UPDATE SET {column} = ?",
    "merge that deletes": "MERGE INTO {table} AS t USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
}
ASIDE = {"truncate of what it rests on": {"closings"}}  # No other table has a foreign key to the table of closings.
# A user with access to the database may switch off these protections before trying to change a row.
SETTINGS = {
    "sqlite": ("PRAGMA recursive_triggers=OFF", "PRAGMA foreign_keys=OFF"),
    "postgresql": ("SET session_replication_role = replica",),
}


@pytest.fixture
def written(engine: Engine) -> Engine:
    """Make a database with one row in each of the append-only tables."""
    with unchecked(engine) as connection:
        for row, _, _ in ROWS.values():
            connection.add(row)
    return engine


def _try(engine: Engine, statement: str, table: str, *settings: str) -> str:
    row, column, value = ROWS[table]
    changed = ["?" if name == column else f'"{name}"' for name in row[1]]
    names = ", ".join(f'"{name}"' for name in row[1])
    text = statement.format(table=table, column=column, key=KEYS[table], names=names, changed=", ".join(changed))
    try:
        with raw(engine, *settings) as connection:
            connection.run(text, [value] * text.count("?"))
    except (sqlite3.Error, psycopg.Error) as error:
        return why(error)
    return ""


def _content(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with raw(engine) as connection:
        return {table: connection.run(f"SELECT * FROM {table}") for table in TABLES}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("switched_off", [False, True], ids=["as it comes", "with checks switched off"])
def test_no_statement_touches_a_row_that_is_there(switched_off: bool, table: str, written: Engine) -> None:
    engine, before = written.dialect.name, _content(written)
    assert {len(rows) for rows in before.values()} == {1}
    settings = SETTINGS[engine] if switched_off else ()
    tried = STATEMENTS | (SQLITE if engine == "sqlite" else POSTGRESQL)
    said = {
        name: _try(written, statement, table, *settings)
        for name, statement in tried.items()
        if table not in ASIDE.get(name, ())
    }
    assert {name: text for name, text in said.items() if not _refuses(text, table)} == {}
    assert _content(written) == before


def _refuses(text: str, table: str) -> bool:
    # An upsert may first be refused by the trigger on inserts, and TRUNCATE by the trigger of another truncated table.
    return text.startswith(("append_only: ", "entry_closed: ")) and (table in text or text.partition(": ")[2] in TABLES)


@pytest.mark.parametrize("key", ["id", "key", "reverses_id"])
def test_a_row_is_not_replaced_by_any_of_its_keys(key: str, sqlite_url: str) -> None:
    """The statement OR REPLACE removes every row that shares a unique key with the new row."""
    engine = open_engine(sqlite_url)
    add(engine, *whole_entry(), event_row(2, key="k", red=True, reverses_id=1))
    other: dict[str, Any] = {"id": 3, "key": "l", "red": False, "reverses_id": None}
    same = {"id": 2} if key == "id" else {"key": "k"} if key == "key" else {"red": True, "reverses_id": 1}
    with raw(engine, *SETTINGS["sqlite"]) as connection, pytest.raises(sqlite3.IntegrityError, match="append_only"):
        connection.add(event_row(**(other | same)), "INSERT OR REPLACE")
    engine.dispose()


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_no_hidden_number_to_be_replaced_by(table: str, sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with raw(engine) as connection, pytest.raises(sqlite3.OperationalError, match="no such column: rowid"):
        connection.run(f"SELECT rowid FROM {table}")
    engine.dispose()


def test_every_table_of_the_journal_is_tried() -> None:
    assert {table.name for table in JOURNAL} <= set(TABLES)


def test_adding_is_not_hindered(engine: Engine) -> None:
    assert refusal(engine, *whole_entry()) == ""
    assert refusal(engine, event_row(2, key="next")) == ""
