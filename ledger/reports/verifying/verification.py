"""Verification (核对): everything recorded is computed again, and what does not agree is told.

Nothing is trusted that the application or the database ought to have kept: the rows themselves are asked.
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
    """Something that does not agree: the check that found it, where, what should stand there and what does."""

    check: str
    subject: str
    expected: str
    found: str


def verify(engine: Engine) -> tuple[Finding, ...]:
    """Everything that does not agree, check by check, all of one snapshot; nothing when all is well."""
    with _snapshot(engine) as connection:
        return tuple(findings(connection))


def findings(connection: Connection) -> Iterator[Finding]:
    """The same, one by one, of what a connection sees."""
    for check in CHECKS:
        for subject, expected, found in check.look(connection):
            yield Finding(check.name, subject, str(expected), str(found))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """What is committed now, and nothing of what others commit meanwhile."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection
