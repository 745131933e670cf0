"""Reports of issuance (放款情况): the loans disbursed in a quarter by county and bank."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, select
from sqlalchemy.orm import Session

from ledger import activity
from ledger.balances import Clocks
from ledger.database import table_of
from ledger.dates import DAY, Quarter, business_day
from ledger.events import LoanDisbursed
from ledger.money import Fen
from ledger.policy.risk_fund import report_due_by
from ledger.queries import reference
from ledger.statuses import ReportStatus
from ledger.tables.fund import IssuanceReport
from ledger.tables.loans import Loan

_LOANS = table_of(Loan)


@dataclass(frozen=True, slots=True)
class Reported:
    """The latest issuance report (放款情况汇总表) that a bank submitted, and whether it was submitted late (5.5)."""

    version: int
    submitted_on: date
    late: bool
    cumulative: Fen


@dataclass(frozen=True, slots=True)
class Issuance:
    """Loans issued by one bank in one county, or by several; in whole fen, without renewals (5.2).

    Loans that were reversed do not count as issued. `households` and `organisations` are counts of the quarter's loans;
    `cumulative` is the principal of all loans up to the quarter's end.
    """

    county: str
    bank: str
    households: int
    households_issued: Fen
    organisations: int
    organisations_issued: Fen
    cumulative: Fen
    due_by: date
    reported: Reported | None = None

    @property
    def issued(self) -> Fen:
        """Return the principal disbursed in a quarter, in fen."""
        return Fen(self.households_issued + self.organisations_issued)

    @property
    def reported_difference(self) -> Fen | None:
        """Return the cumulative principal in the books less the reported principal; return None without a report."""
        return None if self.reported is None else Fen(self.cumulative - self.reported.cumulative)


def issuance(
    session: Session, clocks: Clocks, quarter: Quarter, county: str | None = None, bank: str | None = None
) -> list[Issuance]:
    """Return the issuance of each bank in each county up to a quarter's end, with one grouped database query."""
    due_by = report_due_by(reference.latest_scheme(session, reference.MAIN_SCHEME), quarter)
    reported = _reported(session, clocks, quarter)
    return [
        Issuance(
            row.county,
            row.bank,
            row.households,
            Fen(row.households_fen),
            row.organisations,
            Fen(row.organisations_fen),
            Fen(row.cumulative),
            due_by,
            reported.get((row.county, row.bank)),
        )
        for row in session.execute(_grouped(clocks, quarter, county, bank))
    ]


def together(rows: Iterable[Issuance], county: str = "", bank: str = "") -> Issuance:
    """Return the sum of one quarter's rows for a county, a bank or the city; at least one row must be given.

    The banks' issuance reports are not summed.
    """
    listed = list(rows)
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in listed) for name in _SUMMED}
    return Issuance(county, bank, **sums, due_by=listed[0].due_by)


_SUMMED = tuple(f.name for f in fields(Issuance) if f.name not in ("county", "bank", "due_by", "reported"))


def _grouped(
    clocks: Clocks, quarter: Quarter, county: str | None, bank: str | None
) -> Select[str, str, int, int, int, int, int]:
    """Return a query by county and bank: a quarter's count and fen of loans, and the fen up to the quarter's end."""
    loan, days = _LOANS.c, quarter.calendar
    through = Clocks(min(days.end - DAY, clocks.as_of), clocks.known_at)
    h = activity.happened_by(LoanDisbursed.__name__, through).c
    within = h.effective_on >= days.start
    household, organisation = loan.household_id.is_not(None), loan.organisation_id.is_not(None)
    query = (
        select(
            h.county,
            h.bank,
            func.count(case((and_(within, household), 1))).label("households"),
            _sum(and_(within, household)).label("households_fen"),
            func.count(case((and_(within, organisation), 1))).label("organisations"),
            _sum(and_(within, organisation)).label("organisations_fen"),
            cast(func.sum(loan.principal_fen), BigInteger).label("cumulative"),
        )
        .join(_LOANS, loan.id == h.loan_id)
        .group_by(h.county, h.bank)
        .order_by(h.county, h.bank)
    )
    if county is not None:
        query = query.where(h.county == county)
    return query if bank is None else query.where(h.bank == bank)


def _reported(session: Session, clocks: Clocks, quarter: Quarter) -> Mapping[tuple[str, str], Reported]:
    """Return by county and bank the latest issuance report submitted by the requested day and moment.

    Of the requested moment, only its business day is compared.
    """
    r = IssuanceReport
    query = select(r).where(
        r.quarter == str(quarter), r.status == ReportStatus.SUBMITTED, r.submitted_on <= clocks.as_of
    )
    if clocks.known_at is not None:
        query = query.where(r.submitted_recorded_on <= business_day(clocks.known_at))
    reports: dict[tuple[str, str], Reported] = {}
    for row in session.execute(query.order_by(r.version)).scalars():
        assert row.submitted_on is not None, "a submitted report has its day"
        late = row.submitted_on > row.due_by
        reports[row.county, row.bank] = Reported(row.version, row.submitted_on, late, Fen(row.cumulative_fen))
    return reports


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.sum(case((condition, _LOANS.c.principal_fen), else_=0)), BigInteger)
