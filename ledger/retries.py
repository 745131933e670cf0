"""Temporary database errors, and the retrying of a transaction that failed with one."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

# Serialization failure, deadlock, lock not available; the server shuts down, starts, or has no free connection.
_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
_PASSING_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

T = TypeVar("T")


def passing(error: BaseException) -> bool:
    """Return whether the same work may succeed on another try: database busy, deadlock, connection lost."""
    original = driver_error(error)
    if isinstance(original, sqlite3.Error):
        # The lowest byte of an extended error code is the primary error code.
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in _PASSING_CODES
    if isinstance(original, psycopg.OperationalError):
        state = original.sqlstate
        return state is None or state in _PASSING_STATES or state.startswith("08")
    return False


def of_the_database(error: BaseException) -> bool:
    """Return whether an error comes from the database itself (unreachable, full, locked), not from the statement."""
    original = driver_error(error)
    return isinstance(original, sqlite3.OperationalError | psycopg.OperationalError | psycopg.InterfaceError)


def driver_error(error: BaseException) -> BaseException:
    """Return the driver's own error, which SQLAlchemy wraps; errors of `write_rows` come unwrapped."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def retried(work: Callable[[], T], tries: int = 6) -> T:
    """Return the result of `work`, a whole transaction; retry where a temporary database error is raised."""
    return attempts(tries)(work)


def attempts(tries: int = 6) -> Retrying:
    """Return the retrying of `retried` as a loop: `for attempt in attempts(): with attempt: ...`."""
    return Retrying(
        retry=retry_if_exception(passing),
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
