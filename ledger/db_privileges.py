"""What the service's own PostgreSQL role may do: read, add, and change only what is not append-only."""

from sqlalchemy import Connection, Engine

# Tables whose rows are only added carry this guard (migrations/guards.py).
_APPEND_ONLY = (
    "SELECT DISTINCT relname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND tgname = relname || '_append_only' "
    "AND relnamespace = current_schema()::regnamespace"
)
# What stays once it is there; of a book only how far it is closed may change.
_NEVER_DELETED = ("accounts", "books", "fund_balances", "movements")
_NEVER_UPDATED = ("accounts", "books")


def grant(engine: Engine, role: str) -> None:
    """Give a role the rights the service works with; it owns nothing, and updates or empties no journal.

    To be called as the owner of the tables, after every migration; it says all anew. On SQLite there are no roles.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as connection:
        quoted = engine.dialect.identifier_preparer.quote
        schema = quoted(str(connection.exec_driver_sql("SELECT current_schema()").scalar_one()))
        who, tables = quoted(role), f"ALL TABLES IN SCHEMA {schema}"
        added_only = ", ".join(map(quoted, _append_only(connection)))
        for statement in (
            f"REVOKE ALL ON {tables} FROM {who}",
            f"REVOKE ALL ON SCHEMA {schema} FROM {who}",
            f"GRANT USAGE ON SCHEMA {schema} TO {who}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {who}",
            f"REVOKE UPDATE, DELETE ON {added_only} FROM {who}",
            f"REVOKE UPDATE ON {', '.join(_NEVER_UPDATED)} FROM {who}",
            f"REVOKE DELETE ON {', '.join(_NEVER_DELETED)} FROM {who}",
            f"GRANT UPDATE (closed_through) ON books TO {who}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {who}",
        ):
            connection.exec_driver_sql(statement)


def _append_only(connection: Connection) -> list[str]:
    return sorted(connection.exec_driver_sql(_APPEND_ONLY).scalars())
