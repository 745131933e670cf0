"""The views that draft, list and submit issuance reports (放款情况汇总表); a report has numbered versions."""

from datetime import date

from marshmallow.fields import Integer, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Code, Day, Id, QuarterField, Yuan
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from ledger.dates import Quarter
from ledger.operations.fund import issuance
from ledger.statuses import ReportStatus
from ledger.tables.fund import IssuanceReport
from ledger.unit_of_work import Unit

blueprint = Blueprint("issuance", "/issuance-reports", "放款情况汇总表")


class IssuanceReportBody(Body):
    """放款情况汇总表"""

    bank = Code(required=True)
    county = Code(required=True)
    quarter = QuarterField(required=True)
    on = Day(load_default=edge.today)


class IssuanceSubmissionBody(Body):
    """上报"""

    on = Day(load_default=edge.today)


class IssuanceReportQuery(Query):
    """The query of issuance reports."""

    bank = Code()
    county = Code()
    quarter = QuarterField()
    status = Choice(*ReportStatus)


class IssuanceReportAnswer(Answer):
    """放款情况汇总表: loans disbursed in the quarter, and in all quarters up to its end."""

    id = Id(required=True)
    bank = String(required=True)
    county = String(required=True)
    quarter = String(required=True)
    version = Integer(required=True)
    status = String(required=True)
    households = Integer(required=True)
    households_issued = Yuan(required=True, attribute="households_fen")
    organisations = Integer(required=True)
    organisations_issued = Yuan(required=True, attribute="organisations_fen")
    issued_cumulative = Yuan(required=True, attribute="cumulative_fen")
    due_by = Day(required=True)
    made_by = String(required=True)
    submitted_by = String(required=True, allow_none=True)
    submitted_on = Day(required=True, allow_none=True)
    submitted_recorded_on = Day(required=True, allow_none=True)


@blueprint.post("", body=IssuanceReportBody, answer=IssuanceReportAnswer, status=201)
def draft(unit: Unit, bank: str, county: str, quarter: Quarter, on: date) -> IssuanceReport:
    """Draw up a report, or the next version of a submitted one."""
    return issuance.draft_report(unit, edge.bank(unit, bank), edge.county(unit, county), quarter, on)


@blueprint.listing("", row=IssuanceReportAnswer, asks=IssuanceReportQuery)
def listed(
    session: Session,
    bank: str | None = None,
    county: str | None = None,
    quarter: Quarter | None = None,
    status: str | None = None,
) -> Listing:
    """Reports in the asker's scope, every version."""
    query = select(IssuanceReport)
    for column, value in (
        (IssuanceReport.bank, bank),
        (IssuanceReport.county, county and edge.county(session, county)),
        (IssuanceReport.quarter, quarter and str(quarter)),
        (IssuanceReport.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    return Listing(query, key=(IssuanceReport.id,))


@blueprint.post("/<id:report_id>/submission", body=IssuanceSubmissionBody, answer=IssuanceReportAnswer)
def submit(unit: Unit, report_id: int, on: date) -> IssuanceReport:
    """上报: the figures of this moment stay."""
    edge.find(unit, IssuanceReport, report_id)
    return issuance.submit_report(unit, report_id, on)
