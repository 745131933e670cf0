"""Queries of borrowers' debts to all banks, and of the loans a bank has issued, for the limits in scheme 2."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select

from ledger import balances, chart
from ledger.database import among, table_of
from ledger.money import NIL, Fen
from ledger.policy.limits import Exposure
from ledger.queries import fund_calls
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)

PENDING = (LoanStatus.SUBMITTED, LoanStatus.APPROVED)
"""The statuses of loans that are submitted but not disbursed, which count against the caps (2.2)."""


@dataclass(frozen=True, slots=True)
class Borrowing:
    """A borrower's exposure to all banks and its bad debt at all banks, in whole fen."""

    exposure: Exposure
    recourse: Fen = NIL
    written_off: Fen = NIL


NOTHING = Borrowing(Exposure(NIL, NIL))
"""The borrowing of a borrower without any loan."""


def household_borrowings(
    unit: Unit, household_ids: Iterable[int], leaving_out: int | None = None
) -> dict[int, Borrowing]:
    """Return the exposure and bad debt of each household (2.1, 2.2); a household without a loan is left out.

    Two queries are enough for any number of households. A caller that decides by the returned exposure must have locked
    the households. The loan with the id `leaving_out` is ignored.
    """
    return _borrowings(unit, _LOANS.c.household_id, household_ids, leaving_out)


def organisation_borrowings(
    unit: Unit, organisation_ids: Iterable[int], leaving_out: int | None = None
) -> dict[int, Borrowing]:
    """Return the exposure and bad debt of each organisation, as `household_borrowings` does."""
    return _borrowings(unit, _LOANS.c.organisation_id, organisation_ids, leaving_out)


def _borrowings(
    unit: Unit, borrower: ColumnElement[Any], ids: Iterable[int], leaving_out: int | None
) -> dict[int, Borrowing]:
    loan = _LOANS.c
    unit.session.flush()
    rows = unit.connection.execute(
        select(loan.id, borrower.label("borrower"), loan.status, loan.principal_fen, loan.disbursed_on).where(
            among(unit.connection, borrower, ids)
        )
    ).all()
    counted = [row for row in rows if row.id != leaving_out]
    standing = balances.loan_balances(unit.connection, [row.id for row in counted if row.disbursed_on is not None])
    sums: dict[int, list[int]] = {}
    for row in counted:
        into = sums.setdefault(row.borrower, [0, 0, 0, 0])
        if row.status in PENDING:
            into[1] += row.principal_fen
            continue
        found = standing.get(row.id, {})
        recourse, lost = found.get(chart.RECOURSE, 0), found.get(chart.LOAN_LOSSES, 0)
        # Unrecovered compensation counts as debt even after recourse is closed: a claim cancels no debt (2.2, 6.7).
        unreturned = found.get(chart.COMPENSATION_LOSS, 0) + found.get(chart.DUE_FROM_COUNTY, 0)
        into[0] += open_principal(found) + max(recourse, unreturned) + lost
        into[2] += recourse
        into[3] += lost
    return {
        borrower: Borrowing(Exposure(Fen(is_open), Fen(pending)), Fen(recourse), Fen(lost))
        for borrower, (is_open, pending, recourse, lost) in sums.items()
    }


def open_principal(found: Mapping[chart.Account, Fen]) -> Fen:
    """Return the open principal of a loan in fen: principal not yet overdue plus overdue principal."""
    return Fen(found.get(chart.LOAN_PRINCIPAL, 0) + found.get(chart.OVERDUE_PRINCIPAL, 0))


def issued(unit: Unit, bank: str, county: str) -> Fen:
    """Return the principal that a bank disbursed in a county, in fen, without renewals and reversed loans (5.2)."""
    loan = _LOANS.c
    query = select(cast(func.sum(loan.principal_fen), BigInteger)).where(
        loan.county == county, loan.bank == bank, loan.disbursed_on.is_not(None), loan.renews_id.is_(None)
    )
    return Fen(unit.connection.execute(query).scalar() or 0)


def contributed(unit: Unit, bank: str, county: str) -> Fen:
    """Return the contributions to a fund account in fen: approved plans less returned money (5.2)."""
    return Fen(sum(fund_calls.contributed(unit.session, county, bank).values()))


def lent(unit: Unit, bank: str) -> dict[str, tuple[Fen, Fen]]:
    """Return by county the principal in fen that a bank disbursed to households, and to all borrowers (2.7)."""
    loan = _LOANS.c
    to_households = case((loan.household_id.is_not(None), loan.principal_fen), else_=0)
    query = (
        select(
            loan.county,
            cast(func.sum(to_households), BigInteger).label("households"),
            cast(func.sum(loan.principal_fen), BigInteger).label("whole"),
        )
        .where(loan.bank == bank, loan.disbursed_on.is_not(None), loan.renews_id.is_(None))
        .group_by(loan.county)
    )
    found = unit.connection.execute(query)
    return {row.county: (Fen(row.households), Fen(row.whole)) for row in found}
