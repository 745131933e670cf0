"""The subsidy due for every settlement line, computed by the oracle from database rows, and the amounts paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Engine, text

from tests.oracle import subsidy as oracle

_BORROWER = ("borrower", "guarantor", "collateral", "credit")
_NEVER = ("fund", "insurer", "waiver", "write_off")
_PRINCIPAL = ("130301", "130302")


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid line of a subsidy batch, with amounts in fen.

    A line has the net payment, including supplements and claw-backs, and the amount still missing.
    """

    loan: int
    starts: tuple[date, ...]
    household: bool
    net: int
    short: int


def rows(connection: Connection, query: str) -> list[Any]:
    """Return the rows of an SQL query, with dates as `date` objects on both engines."""

    def value(raw: Any) -> Any:
        return date.fromisoformat(raw) if isinstance(raw, str) and raw[4:5] == "-" == raw[7:8] else raw

    return [tuple(map(value, row)) for row in connection.execute(text(query))]


def amounts(engine: Engine) -> dict[tuple[int, date], Fraction]:
    """Return the eligible interest, in fen, of every fully paid unreversed settlement line, by loan and first day."""
    with engine.connect() as connection:
        loans = {
            row[0]: row
            for row in rows(
                connection,
                (
                    "SELECT id, household_id, disbursed_on, first_disbursed_on, original_due_on, misused_on, "
                    "annual_rate, benchmark_rate FROM loans WHERE disbursed_on IS NOT NULL"
                ),
            )
        }
        owed = {loan: _owed(connection, loan) for loan in loans}
        applied = rows(
            connection,
            ("SELECT loan_id, period_start, effective_on, payer, contract, compound + penalty FROM applications"),
        )
        billed = rows(connection, "SELECT loan_id, period_start, period_end, contract FROM lines WHERE live")
    eligible = {}
    for loan, start, end, contract in billed:
        payments = [row[2:] for row in applied if row[:2] == (loan, start)]
        if contract and _is_paid(contract, payments):
            _, home, disbursed, first, due, misused, rate, benchmark = loans[loan]
            terms = oracle.Contract(
                disbursed, first, due, misused, _always(Fraction(rate, 10**8)), Fraction(benchmark, 10**8)
            )
            earlier = [
                owed[other]
                for other, row in loans.items()
                if home is not None and row[1] == home and (row[2], other) < (disbursed, loan)
            ]
            cap = None if home is None else 5_000_000
            eligible[loan, start] = oracle.eligible(terms, start, end, owed[loan], contract, cap, earlier)
    return eligible


def _always(rate: Fraction) -> Callable[[date], Fraction]:
    return lambda _: rate


def _is_paid(contract: int, applied: list[Any]) -> bool:
    barred = any(sum(c + charges for _, payer, c, charges in applied if payer == never) for never in _NEVER)
    paid = [(on, c) for on, payer, c, _ in applied if payer in _BORROWER]
    return not barred and oracle.paid_since(contract, paid) is not None


def _owed(connection: Connection, loan: int) -> list[tuple[date, int]]:
    principal, steps = 0, []
    for on, debit, credit, fen in rows(
        connection,
        (f"SELECT effective_on, debit, credit, fen FROM postings WHERE loan_id = {loan} ORDER BY effective_on"),
    ):
        principal += fen * ((debit in _PRINCIPAL) - (credit in _PRINCIPAL))
        steps.append((on, principal))
    return [
        (on, owed) for place, (on, owed) in enumerate(steps) if place + 1 == len(steps) or steps[place + 1][0] != on
    ]


def paid_lines(engine: Engine) -> list[Paid]:
    """Return every paid line of every subsidy batch, with the effect of supplements and claw-backs included."""
    with engine.connect() as connection:
        originals = rows(
            connection,
            (
                "SELECT s.id, s.loan_id, s.fen, l.household_id FROM subsidy_lines s JOIN subsidy_batches b "
                "ON b.id = s.batch_id JOIN loans l ON l.id = s.loan_id "
                "WHERE b.status = 'paid' AND s.live AND s.of_line_id IS NULL"
            ),
        )
        moved = rows(
            connection,
            (
                "SELECT s.of_line_id, s.fen FROM subsidy_lines s JOIN subsidy_batches b ON b.id = s.batch_id "
                "WHERE b.status = 'paid' AND s.live AND s.of_line_id IS NOT NULL UNION ALL "
                "SELECT line_id, -fen FROM clawbacks"
            ),
        )
        short = dict(rows(connection, "SELECT line_id, fen FROM subsidy_shortfalls"))
        claims = rows(connection, "SELECT line_id, period_start FROM subsidy_claims WHERE live ORDER BY 1, 2")
    return [
        Paid(
            loan,
            tuple(start for line, start in claims if line == line_id),
            home is not None,
            fen + sum(more for line, more in moved if line == line_id),
            short.get(line_id, 0),
        )
        for line_id, loan, fen, home in originals
    ]
