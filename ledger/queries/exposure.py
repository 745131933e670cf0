"""The debts of borrowers at all banks and the loans paid out by a bank, for the limits of scheme §2."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, select

from ledger import balances, chart
from ledger.database import among
from ledger.money import NIL, Fen
from ledger.policy.limits import Exposure
from ledger.queries import fund_calls
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

PENDING = (LoanStatus.SUBMITTED, LoanStatus.APPROVED)
"""The statuses of loans submitted or approved but not paid out, which count against the caps (2.2)."""


@dataclass(frozen=True, slots=True)
class Borrowing:
    """A borrower's exposure and bad debt at all banks together; whole fen."""

    exposure: Exposure
    recourse: Fen = NIL
    written_off: Fen = NIL


NOTHING = Borrowing(Exposure(NIL, NIL))
"""The borrowing of a borrower without any loan."""


def household_borrowings(
    unit: Unit, household_ids: Iterable[int], leaving_out: int | None = None
) -> dict[int, Borrowing]:
    """Return the exposure and bad debt of households by id (2.1, 2.2); households without a loan are left out.

    Two queries serve all households. A caller that decides by the result must have locked the households. `leaving_out`
    is the id of a loan that is not counted: the loan that is being checked.
    """
    return _borrowings(unit, Loan.__table__.c.household_id, household_ids, leaving_out)


def organisation_borrowings(
    unit: Unit, organisation_ids: Iterable[int], leaving_out: int | None = None
) -> dict[int, Borrowing]:
    """Return the exposure and bad debt of organisations by id, as `household_borrowings`."""
    return _borrowings(unit, Loan.__table__.c.organisation_id, organisation_ids, leaving_out)


def exposures(unit: Unit, household_ids: Iterable[int]) -> dict[int, Fen]:
    """Return the fen that count against each household's cap at all banks (2.2); without a loan: left out."""
    return {
        household: Fen(found.exposure.open + found.exposure.pending)
        for household, found in household_borrowings(unit, household_ids).items()
    }


def _borrowings(
    unit: Unit, borrower: ColumnElement[Any], ids: Iterable[int], leaving_out: int | None
) -> dict[int, Borrowing]:
    loan = Loan.__table__.c
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
        # An unreturned compensation still counts after recourse is closed: a claim forgives no debt (2.2, 6.7).
        unreturned = found.get(chart.COMPENSATION_LOSS, 0) + found.get(chart.DUE_FROM_COUNTY, 0)
        into[0] += open_principal(found) + max(recourse, unreturned) + lost
        into[2] += recourse
        into[3] += lost
    return {
        borrower: Borrowing(Exposure(Fen(is_open), Fen(pending)), Fen(recourse), Fen(lost))
        for borrower, (is_open, pending, recourse, lost) in sums.items()
    }


def open_principal(found: Mapping[chart.Account, Fen]) -> Fen:
    """Return the open principal of a loan at the bank in fen, overdue or not."""
    return Fen(found.get(chart.LOAN_PRINCIPAL, 0) + found.get(chart.OVERDUE_PRINCIPAL, 0))


def issued(unit: Unit, bank: str, county: str) -> Fen:
    """Return the fen that a bank has paid out in a county, net of reversals, renewals not counted (5.2)."""
    loan = Loan.__table__.c
    query = select(cast(func.sum(loan.principal_fen), BigInteger)).where(
        loan.county == county, loan.bank == bank, loan.disbursed_on.is_not(None), loan.renews_id.is_(None)
    )
    return Fen(unit.connection.execute(query).scalar() or 0)


def contributed(unit: Unit, bank: str, county: str) -> Fen:
    """Return the fen called into a fund account by plans, with money in transit, less returned money (5.2)."""
    return Fen(sum(fund_calls.contributed(unit.session, county, bank).values()))


def lent(unit: Unit, bank: str) -> dict[str, tuple[Fen, Fen]]:
    """Return by county the fen that a bank has ever paid out to households, and to all borrowers (2.7)."""
    loan = Loan.__table__.c
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
