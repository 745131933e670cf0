"""The entry point of Alembic: migrations run on the given connection, on PostgreSQL one process at a time."""

from alembic import context
from sqlalchemy import Connection, text

from ledger import tables  # noqa: F401  every table must be known to the comparison
from ledger.database import Base

_LOCK = 7_201_620_001  # the key of PostgreSQL's advisory lock: an arbitrary number that only the ledger uses


def run(connection: Connection) -> None:
    """Run the migrations on a connection, on PostgreSQL under an advisory lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=False, compare_server_default=True
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
