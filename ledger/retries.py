"""Retries: which database errors are temporary, and how a whole transaction is repeated after a temporary error."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

# The SQL states of temporary errors: serialization failure, deadlock, lock not available, server shutting down, server
# starting up, too many connections.
_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
_PASSING_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

T = TypeVar("T")


def passing(error: BaseException) -> bool:
    """Return whether a repeated transaction may succeed after an error, such as a busy database, a deadlock or a lost
    connection.
    """
    original = driver_error(error)
    if isinstance(original, sqlite3.Error):
        # The lowest byte of an extended error code of SQLite is the basic error code.
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in _PASSING_CODES
    if isinstance(original, psycopg.OperationalError):
        state = original.sqlstate
        return state is None or state in _PASSING_STATES or state.startswith("08")
    return False


def of_the_database(error: BaseException) -> bool:
    """Return whether an error is a failure of the database (unreachable, full, locked), not of the statement."""
    original = driver_error(error)
    return isinstance(original, sqlite3.OperationalError | psycopg.OperationalError | psycopg.InterfaceError)


def driver_error(error: BaseException) -> BaseException:
    """Return the database driver's own error, which SQLAlchemy wraps in an SQLAlchemy error.

    Errors of `write_rows` are not wrapped, since `write_rows` calls the driver directly.
    """
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def retried(work: Callable[[], T], tries: int = 6) -> T:
    """Return the result of `work`, a whole transaction, which is repeated after a temporary database error."""
    return attempts(tries)(work)


def attempts(tries: int = 6) -> Retrying:
    """Return the attempts at a transaction, for a loop: `for attempt in attempts(): with attempt: ...`."""
    return Retrying(
        retry=retry_if_exception(passing),
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
