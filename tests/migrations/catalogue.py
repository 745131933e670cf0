"""Lists of a database's constraints, indexes, triggers and functions, each with its definition.

After a change of the schema, run `python -m tests.migrations.catalogue` to write the lists again, and review the diff.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect

from ledger.database import open_engine
from ledger.setup import prepare
from tests.support import engines

_OWN = "connamespace = current_schema()::regnamespace"
_POSTGRESQL = {
    # Constraints of type 'n' (NOT NULL) are left out, since alembic already compares whether columns are NOT NULL.
    "constraint": f"SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint "
    f"WHERE {_OWN} AND contype <> 'n'",
    "index": "SELECT tablename::text, indexname::text, regexp_replace(indexdef, ' ON public\\.', ' ON ') "
    "FROM pg_indexes WHERE schemaname = current_schema() AND NOT EXISTS "
    f"(SELECT 1 FROM pg_constraint WHERE {_OWN} AND conname = indexname)",
    # A trigger marked 'A' always fires; a trigger marked 'O' does not fire in replica role.
    "trigger": "SELECT tgrelid::regclass::text, tgname::text, tgenabled::text || ' ' || "
    "regexp_replace(pg_get_triggerdef(oid), '\\s+', ' ', 'g') FROM pg_trigger WHERE NOT tgisinternal",
    "function": "SELECT '', proname::text, coalesce(array_to_string(proconfig, ' '), '') || ' ' || prosrc "
    "FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
}


def path_of(engine_name: str) -> Path:
    """Return the path of the committed list of schema objects for a database engine."""
    return Path(__file__).with_name(f"{engine_name}.txt")


def listed(engine: Engine) -> list[str]:
    """Return the sorted list of the constraints, indexes, triggers and functions of a database."""
    with engine.connect().execution_options(reading=True) as connection:
        found = _sqlite(connection) if engine.dialect.name == "sqlite" else _postgresql(connection)
    return sorted(" ".join(line.split()) for line in found if " alembic_version" not in line)


def _postgresql(connection: Connection) -> list[str]:
    return [
        f"{kind} {table} {name}: {text}"
        for kind, query in _POSTGRESQL.items()
        for table, name, text in connection.exec_driver_sql(query)
    ]


def _sqlite(connection: Connection) -> list[str]:
    found = [
        f"{kind} {table} {name}: {sql}"
        for kind, table, name, sql in connection.exec_driver_sql(
            "SELECT type, tbl_name, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table'"
        )
    ]
    for name, without in connection.exec_driver_sql("SELECT name, wr FROM pragma_table_list WHERE type = 'table'"):
        if without:
            found.append(f"rows {name}: without hidden numbers")
    for table in inspect(connection).get_table_names():
        found += [f"constraint {table} {line}" for line in _constraints(connection, table)]
    return found


def _constraints(connection: Connection, table: str) -> list[str]:
    look: Any = inspect(connection)
    key = look.get_pk_constraint(table)
    found = [f"{key['name']}: PRIMARY KEY ({', '.join(key['constrained_columns'])})"]
    for each in look.get_unique_constraints(table):
        found.append(f"{each['name']}: UNIQUE ({', '.join(each['column_names'])})")
    found += [f"{each['name']}: CHECK ({each['sqltext']})" for each in look.get_check_constraints(table)]
    for each in look.get_foreign_keys(table):
        options = "".join(f" {name} {value}" for name, value in sorted(each["options"].items()))
        columns, of = ", ".join(each["constrained_columns"]), ", ".join(each["referred_columns"])
        found.append(f"{each['name']}: FOREIGN KEY ({columns}) REFERENCES {each['referred_table']}({of}){options}")
    return found


def names(lines: list[str], kind: str) -> list[str]:
    """Return the names of the schema objects of one kind in a list."""
    return [match[1] for line in lines if (match := re.match(rf"{kind} \S* ?(\S+):", line))]


def write() -> None:
    """Write the lists of schema objects for both engines, from databases made by the migrations."""
    with engines.postgresql_server() as server:
        folder = engines.make_folder()
        for url in (f"sqlite:///{folder / 'ledger.sqlite3'}", server.url(server.create())):
            prepare(url)
            engine = open_engine(url)
            path_of(engine.dialect.name).write_text("\n".join(listed(engine)) + "\n", encoding="utf-8")
            engine.dispose()
        engines.remove_folder(folder)


if __name__ == "__main__":
    write()
