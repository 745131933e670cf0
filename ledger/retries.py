"""Which errors of a database pass by themselves, and how the unit of work is tried again."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

# Serialization failure, deadlock, lock not available; the server going down, coming up, out of connections.
_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300"})
_PASSING_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

T = TypeVar("T")


def passing(error: BaseException) -> bool:
    """Whether the same work may succeed when it is done again: busy, deadlock, connection lost."""
    original = driver_error(error)
    if isinstance(original, sqlite3.Error):
        # Extended codes carry the kind in their lowest byte.
        return getattr(original, "sqlite_errorcode", 0) & 0xFF in _PASSING_CODES
    if isinstance(original, psycopg.OperationalError):
        state = original.sqlstate
        return state is None or state in _PASSING_STATES or state.startswith("08")
    return False


def of_the_database(error: BaseException) -> bool:
    """Whether the database itself is at fault (gone, full, locked), not what was asked of it."""
    original = driver_error(error)
    return isinstance(original, sqlite3.OperationalError | psycopg.OperationalError | psycopg.InterfaceError)


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error: SQLAlchemy wraps it, `write_rows`, which goes past SQLAlchemy, does not."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def retried(work: Callable[[], T], tries: int = 6) -> T:
    """What `work`, a whole transaction, answers; done again while it fails for a reason that passes."""
    return attempts(tries)(work)


def attempts(tries: int = 6) -> Retrying:
    """The same as a loop: `for attempt in attempts(): with attempt: ...`."""
    return Retrying(
        retry=retry_if_exception(passing),
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
