"""Tests that temporary database errors are recognised, whether raised by a driver or wrapped by SQLAlchemy."""

import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from ledger.retries import of_the_database, passing, retried


def _sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


def _wrapped(error: Exception) -> OperationalError:
    return OperationalError("SELECT 1", {}, error)


CASES = [
    ("SQLite is busy", _sqlite(sqlite3.SQLITE_BUSY), True, True),
    ("its snapshot is stale", _sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), True, True),
    ("a table of it is locked", _sqlite(sqlite3.SQLITE_LOCKED), True, True),
    ("its disk is full", _sqlite(sqlite3.SQLITE_FULL), False, True),
    ("one of its constraints", sqlite3.IntegrityError("words"), False, False),
    ("a deadlock", errors.DeadlockDetected(), True, True),
    ("a serialization failure", errors.SerializationFailure(), True, True),
    ("a lock that was not to be had", errors.LockNotAvailable(), True, True),
    ("the server is going down", errors.AdminShutdown(), True, True),
    ("the connection was lost", psycopg.OperationalError("server closed the connection"), True, True),
    ("its disk is full too", errors.DiskFull(), False, True),
    ("one of its constraints too", errors.UniqueViolation(), False, False),
    ("a guard of the journal", errors.RaiseException(), False, False),
    ("a fault of ours", KeyError("x"), False, False),
]


@pytest.mark.parametrize("case, error, passes, the_database", CASES)
def test_an_error_is_known_for_what_it_is(case: str, error: Exception, passes: bool, the_database: bool) -> None:
    assert (passing(error), of_the_database(error)) == (passes, the_database)
    if isinstance(error, sqlite3.Error | psycopg.Error):
        assert (passing(_wrapped(error)), of_the_database(_wrapped(error))) == (passes, the_database)


def test_work_is_done_again_while_its_error_passes_and_no_longer() -> None:
    faults: list[Exception] = [errors.DeadlockDetected(), _wrapped(_sqlite(sqlite3.SQLITE_BUSY))]

    def work() -> str:
        if faults:
            raise faults.pop()
        return "done"

    assert retried(work) == "done"
    faults += [errors.UniqueViolation(), errors.DeadlockDetected()]
    with pytest.raises(errors.UniqueViolation):
        retried(work)
    endless = [errors.DeadlockDetected() for _ in range(5)]
    faults += endless
    with pytest.raises(errors.DeadlockDetected):
        retried(work, tries=3)
    assert len(faults) == 2
