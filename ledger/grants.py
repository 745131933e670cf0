"""What the service's own PostgreSQL role may do: read, add, and change only what is not append-only."""

from sqlalchemy import Engine, text

_APPEND_ONLY = text(
    "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    r"WHERE NOT tgisinternal AND tgname LIKE '%\_append\_only'"
)


def grant(engine: Engine, role: str) -> None:
    """Give a role the rights the service works with; it owns nothing, and updates or empties no journal.

    To be called as the owner of the tables, after every migration; it says all anew. On SQLite there are no roles.
    """
    if engine.dialect.name != "postgresql":
        return
    quoted = engine.dialect.identifier_preparer.quote
    who = quoted(role)
    with engine.begin() as connection:
        added_only = [quoted(name) for name in connection.execute(_APPEND_ONLY).scalars()]
        for statement in (
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {who}",
            f"GRANT USAGE ON SCHEMA public TO {who}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {who}",
            f"REVOKE UPDATE, DELETE ON {', '.join(added_only)} FROM {who}",
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {who}",
        ):
            connection.execute(text(statement))
