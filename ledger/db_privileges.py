"""The rights of the service's PostgreSQL role: read and insert rows, and change rows of tables that allow changes."""

from sqlalchemy import Connection, Engine

# Every append-only table has a trigger with this name (migrations/guards.py).
_APPEND_ONLY = (
    "SELECT DISTINCT relname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND tgname = relname || '_append_only' "
    "AND relnamespace = current_schema()::regnamespace"
)
# Rows of these tables are never deleted. Of a book, only the column `closed_through` may be changed.
_NEVER_DELETED = ("accounts", "books", "fund_balances", "movements")
_NEVER_UPDATED = ("accounts", "books")


def grant(engine: Engine, role: str) -> None:
    """Grant a role the rights of the service; the role owns no table and cannot update or delete journal rows.

    The owner of the tables calls this after every migration; all rights are revoked first. SQLite has no roles, and
    nothing is done there.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as connection:
        quoted = engine.dialect.identifier_preparer.quote
        schema = quoted(str(connection.exec_driver_sql("SELECT current_schema()").scalar_one()))
        grantee, tables = quoted(role), f"ALL TABLES IN SCHEMA {schema}"
        added_only = ", ".join(map(quoted, _append_only(connection)))
        for statement in (
            f"REVOKE ALL ON {tables} FROM {grantee}",
            f"REVOKE ALL ON SCHEMA {schema} FROM {grantee}",
            f"GRANT USAGE ON SCHEMA {schema} TO {grantee}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {grantee}",
            f"REVOKE UPDATE, DELETE ON {added_only} FROM {grantee}",
            f"REVOKE UPDATE ON {', '.join(_NEVER_UPDATED)} FROM {grantee}",
            f"REVOKE DELETE ON {', '.join(_NEVER_DELETED)} FROM {grantee}",
            f"GRANT UPDATE (closed_through) ON books TO {grantee}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {grantee}",
        ):
            connection.exec_driver_sql(statement)


def _append_only(connection: Connection) -> list[str]:
    return sorted(connection.exec_driver_sql(_APPEND_ONLY).scalars())
