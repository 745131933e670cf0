"""The privileges of the service's PostgreSQL role: read and add rows, and change rows only of tables that are not
append-only.
"""

from sqlalchemy import Connection, Engine

# A query that finds the append-only tables by the names of the tables' triggers (migrations/guards.py).
_APPEND_ONLY = (
    "SELECT DISTINCT relname::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND tgname = relname || '_append_only' "
    "AND relnamespace = current_schema()::regnamespace"
)
# Rows of the tables accounts, books, fund_balances and movements are never deleted. Rows of accounts and books are
# never updated either, except the column `closed_through` of a book.
_NEVER_DELETED = ("accounts", "books", "fund_balances", "movements")
_NEVER_UPDATED = ("accounts", "books")


def grant(engine: Engine, role: str) -> None:
    """Grant a role the privileges that the service needs; the role can neither update nor delete rows of the journal.

    Call `grant` as the owner of the tables, after every migration. Earlier privileges of the role are revoked first. On
    SQLite, which has no roles, `grant` does nothing.
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
