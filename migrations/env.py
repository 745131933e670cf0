"""The entry point of Alembic, which runs migrations on a connection; on PostgreSQL only one process migrates."""

from alembic import context
from sqlalchemy import Connection, text

from ledger import tables  # noqa: F401  Alembic's comparison must know every table
from ledger.database import Base

_LOCK = 7_201_620_001  # the key of PostgreSQL's advisory lock: an arbitrary number that only the ledger uses


def run(connection: Connection) -> None:
    """Run the migrations on a connection; on PostgreSQL hold an advisory lock meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=False, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
