"""Database engines, column types, and fast writing of many rows at once."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from ledger import dates

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
RATE_SCALE = 10**8
BUSY_SECONDS = 30
_PIPELINED_ROWS = 100
_SQLITE_PARAMETERS = 999  # The number of parameters that every build of SQLite allows in one statement.

sqlite3.register_adapter(date, dates.iso_day)
sqlite3.register_adapter(bool, int)  # Without this adapter, sqlite3 stores a bool as int too, but more slowly.


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


def table_of(model: type[Base]) -> Table:
    """Return the table of a mapped class, for queries and bulk writes that build no entities."""
    table = model.__table__
    assert isinstance(table, Table), f"{model.__name__} is mapped to one table"
    return table


class Moment(TypeDecorator[datetime]):
    """A column of aware UTC moments, stored as whole microseconds since 1970; a naive moment raises an error."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else dates.micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else dates.moment(value)


class Rate(TypeDecorator[Decimal]):
    """A column of rates as Decimal fractions, stored in whole units of 1e-8; a finer rate raises an error."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> int | None:
        return None if value is None else rate_parts(value)

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        return None if value is None else rate_of(value)


def rate_parts(rate: Decimal) -> int:
    """Return a rate in whole units of 1e-8; raise ValueError for a rate with more than eight decimals."""
    parts = rate * RATE_SCALE
    if parts != int(parts):
        raise ValueError(f"a rate has at most eight decimals: {rate}")
    return int(parts)


def rate_of(parts: int) -> Decimal:
    """Return the rate, as a fraction, that equals a number of units of 1e-8."""
    return Decimal(parts).scaleb(-8).normalize()


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Return the engine of a database address, `sqlite:///path` or `postgresql+psycopg://...`.

    SQLite uses a write-ahead log with full durability. Every transaction takes the write lock when the transaction
    begins (BEGIN IMMEDIATE), unless its connection has the execution option `reading`.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=50,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_size=pool_size, max_overflow=50)


def _tune_sqlite(raw: sqlite3.Connection, _record: Any) -> None:
    raw.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def among(connection: Connection, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of the values, which are sent as a single parameter.

    SQLite and PostgreSQL both join the column with the list of values. The condition `= ANY(list)` would be slower on a
    freshly filled table: PostgreSQL's statistics still call the table small, so PostgreSQL would compare each row with
    the whole list.
    """
    chosen = list(values)
    if is_sqlite(connection):
        listed = func.json_each(orjson.dumps(chosen).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column.in_(select(func.unnest(literal(chosen, ARRAY(column.type)))))


def write_rows(connection: Connection, batches: Mapping[Table, Sequence[Sequence[Any]]]) -> None:
    """Insert many rows, table by table in the order given; a row has a value for every column, in column order.

    `write_rows` passes the rows directly to the database driver, without SQLAlchemy. SQLite gets many rows per
    statement; PostgreSQL gets one pipeline for a few rows and COPY for many rows. Values are in the form that the
    driver stores: whole fen, microseconds, rates in units of 1e-8, text and dates. For many rows, both drivers write
    dates faster as ISO text.
    """
    raw: Any = connection.connection.driver_connection
    if is_sqlite(connection):
        for table, rows in batches.items():
            _insert_sqlite(raw, table, rows)
        return
    if sum(map(len, batches.values())) > _PIPELINED_ROWS:
        with raw.cursor() as cursor:
            for table, rows in batches.items():
                if rows:
                    with cursor.copy(f"COPY {table.name} ({_columns(table)}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)
        return
    with raw.pipeline(), raw.cursor() as cursor:
        for table, rows in batches.items():
            for row in rows:
                cursor.execute(_insert(table, "%s"), row)


def add_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]], *, sums: Sequence[str]) -> None:
    """Insert rows; where a row with the same primary key exists, add the values of the columns `sums` to that row
    instead.
    """
    key = ", ".join(column.name for column in table.primary_key.columns)
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    tail = f" ON CONFLICT ({key}) DO UPDATE SET {added}"
    raw: Any = connection.connection.driver_connection
    if is_sqlite(connection):
        raw.executemany(_insert(table, "?") + tail, rows)
        return
    with raw.cursor() as cursor:
        cursor.executemany(_insert(table, "%s") + tail, rows)


def update_rows(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Set the columns `names` of many rows; the last value of each row is its primary key."""
    if not rows:
        return
    raw: Any = connection.connection.driver_connection
    (key,) = table.primary_key.columns
    if is_sqlite(connection):
        # One UPDATE statement sets all rows that get equal values.
        keys_by_values: dict[tuple[Any, ...], list[Any]] = {}
        for row in rows:
            keys_by_values.setdefault(tuple(row[:-1]), []).append(row[-1])
        setting = ", ".join(f'"{name}" = ?' for name in names)
        raw.executemany(
            f'UPDATE {table.name} SET {setting} WHERE "{key.name}" IN (SELECT value FROM json_each(?))',
            [(*values, orjson.dumps(keys).decode()) for values, keys in keys_by_values.items()],
        )
        return
    # One statement with a list of values for each column is much quicker than one statement for each row.
    kinds = [table.c[name].type.compile(dialect=connection.dialect) for name in (*names, key.name)]
    lists = ", ".join(f"%s::{kind}[]" for kind in kinds)
    columns = ", ".join(f'"{name}"' for name in (*names, key.name))
    setting = ", ".join(f'"{name}" = given."{name}"' for name in names)
    raw.execute(
        f"UPDATE {table.name} SET {setting} FROM unnest({lists}) AS given ({columns}) "
        f'WHERE {table.name}."{key.name}" = given."{key.name}"',
        [list(values) for values in zip(*rows, strict=True)],
    )


def _insert_sqlite(raw: sqlite3.Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows with many rows per statement, since each extra statement costs as much time as an extra row."""
    times = _SQLITE_PARAMETERS // len(table.columns)
    whole = len(rows) - len(rows) % times
    if whole:
        raw.executemany(
            _insert(table, "?", times),
            (list(chain.from_iterable(rows[first : first + times])) for first in range(0, whole, times)),
        )
    if whole < len(rows):
        raw.executemany(_insert(table, "?"), rows[whole:])


_texts: dict[tuple[str, str, int], str] = {}


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _insert(table: Table, mark: str, times: int = 1) -> str:
    if (text := _texts.get((table.name, mark, times))) is None:
        row = f"({', '.join([mark] * len(table.columns))})"
        rows = ", ".join([row] * times)
        text = _texts[table.name, mark, times] = f"INSERT INTO {table.name} ({_columns(table)}) VALUES {rows}"
    return text
