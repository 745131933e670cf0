"""Finality: whether every transaction recorded up to a moment is visible to readers (promise 5 in books.md)."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

CLOCKS_APART = timedelta(minutes=1)
"""The largest difference assumed between the clocks of the database server and the ledger."""

# A database session that has written has a transaction id. PostgreSQL hides the sessions of other roles, so a hidden
# session counts as one that has written.
_WRITERS = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND ((backend_xid IS NOT NULL AND xact_start <= :known_at) OR state IS NULL)
""")


def is_final(engine: Engine, known_at: datetime) -> bool:
    """Return whether every transaction begun at or before `known_at` has ended; call `is_final` before reading figures.

    On SQLite only one transaction at a time can write, and its start time is unknown. While a transaction is writing,
    no moment is final on SQLite.
    """
    if engine.dialect.name == "sqlite":
        return _nobody_writes(engine)
    with engine.connect() as connection:
        latest = known_at + CLOCKS_APART
        writers: int = connection.execute(_WRITERS, {"known_at": latest}).scalar_one()
        return writers == 0


def _nobody_writes(engine: Engine) -> bool:
    file = engine.url.database
    assert file is not None
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        connection.execute("ROLLBACK")
    return True
