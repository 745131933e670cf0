"""Verification (核对): every stored figure is computed from its sources, and differences are reported.

The checks read the rows themselves, and do not rely on constraints of the program or the database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from ledger.reports.verifying.check import Check
from ledger.reports.verifying.entries import ENTRIES
from ledger.reports.verifying.journal import KEPT, REVERSALS, SHAPE
from ledger.reports.verifying.loans import LOANS
from ledger.reports.verifying.public_money import PUBLIC_MONEY

CHECKS: tuple[Check, ...] = (*SHAPE, *ENTRIES, *REVERSALS, *KEPT, *LOANS, *PUBLIC_MONEY)


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference: the check that found it, the place, the expected value and the found value."""

    check: str
    subject: str
    expected: str
    found: str


def verify(engine: Engine) -> tuple[Finding, ...]:
    """Return every difference found in one snapshot of the database, in the order of checks; or an empty tuple."""
    with _snapshot(engine) as connection:
        return tuple(findings(connection))


def findings(connection: Connection) -> Iterator[Finding]:
    """Run the checks in order on a database connection, and yield every difference that a check finds."""
    for check in CHECKS:
        for subject, expected, found in check.look(connection):
            yield Finding(check.name, subject, str(expected), str(found))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees the rows committed now, but no rows that other connections commit later."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection
