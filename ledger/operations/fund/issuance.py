"""Issuance reports (放款情况汇总表, scheme 5.5), computed from the loans and frozen in versions when submitted."""

from datetime import date

from sqlalchemy import BigInteger, case, cast, func, select

from ledger.database import table_of
from ledger.dates import DAY, Quarter
from ledger.errors import NotFound
from ledger.ids import new_id
from ledger.operations.fund.workflow import REPORT
from ledger.policy import risk_fund
from ledger.queries import reference
from ledger.statuses import ReportStatus, ReportStep
from ledger.tables.fund import IssuanceReport
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from ledger.workflow import check, move

_LOANS = table_of(Loan)


def draft_report(unit: Unit, bank: str, county: str, quarter: Quarter, on: date | None = None) -> IssuanceReport:
    """Compute a bank's issuance report of a county and quarter as a draft, and return the draft.

    An existing draft is computed afresh. Where a report was submitted before, the draft is the next version. Raise
    QuarterNotOver, NotFound, FutureDate.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    risk_fund.check_quarter(quarter, on)
    reference.bank_status(unit.session, bank, on)
    query = select(IssuanceReport).where(
        IssuanceReport.bank == bank, IssuanceReport.county == county, IssuanceReport.quarter == str(quarter)
    )
    earlier = list(unit.session.execute(query.order_by(IssuanceReport.version).with_for_update()).scalars())
    report = earlier[-1] if earlier and earlier[-1].status == ReportStatus.DRAFT else None
    if report is None:
        scheme = reference.latest_scheme(unit.session, reference.MAIN_SCHEME)
        report = IssuanceReport(
            id=new_id(),
            bank=bank,
            county=county,
            quarter=str(quarter),
            version=len(earlier) + 1,
            status=ReportStatus.DRAFT,
            due_by=risk_fund.report_due_by(scheme, quarter),
        )
        unit.session.add(report)
    report.made_by, report.made_on = unit.user, on
    _fill(unit, report, quarter)
    unit.session.flush()
    return report


def submit_report(unit: Unit, report_id: int, on: date | None = None) -> IssuanceReport:
    """Submit an issuance report (上报), after computing its figures a last time; submitted figures never change.

    The person who made the draft may not submit it. Raise NotFound, WrongStatus, SamePerson, FutureDate.
    """
    report = unit.session.get(IssuanceReport, report_id, with_for_update=True)
    if report is None:
        raise NotFound(what="issuance report", id=str(report_id))
    check(unit, REPORT, report, ReportStep.SUBMISSION, on)
    _fill(unit, report, Quarter.parse(report.quarter))
    move(unit, REPORT, report, ReportStep.SUBMISSION, on)
    return report


def _fill(unit: Unit, report: IssuanceReport, quarter: Quarter) -> None:
    """Set the figures of an issuance report: loans disbursed in its quarter, and loans disbursed to the quarter's end.

    An issuance report counts neither reversed disbursements nor renewals.
    """
    c, days = _LOANS.c, quarter.calendar
    to_household = c.household_id.is_not(None) & (c.disbursed_on >= days.start)
    to_organisation = c.organisation_id.is_not(None) & (c.disbursed_on >= days.start)
    row = unit.connection.execute(
        select(
            func.count(case((to_household, 1))).label("households"),
            func.count(case((to_organisation, 1))).label("organisations"),
            cast(func.sum(case((to_household, c.principal_fen), else_=0)), BigInteger).label("households_fen"),
            cast(func.sum(case((to_organisation, c.principal_fen), else_=0)), BigInteger).label("organisations_fen"),
            cast(func.sum(c.principal_fen), BigInteger).label("cumulative_fen"),
        ).where(
            c.bank == report.bank, c.county == report.county, c.disbursed_on <= days.end - DAY, c.renews_id.is_(None)
        )
    ).one()
    report.households, report.organisations = row.households, row.organisations
    report.households_fen, report.organisations_fen = row.households_fen or 0, row.organisations_fen or 0
    report.cumulative_fen = row.cumulative_fen or 0
