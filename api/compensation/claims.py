"""Claims on the fund: the steps of a claim from draft to payment and closing, and the report of compensation."""

from datetime import date
from typing import Any

from marshmallow.fields import List, Nested, String
from sqlalchemy.orm import Session

from api.core import edge
from api.core.clocks import ClockQuery
from api.core.fields import Choice, Code, Day, Id, Moment, Text, Yuan
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from api.core.shapes import AskedAnswer, OnBody, ReturnBody
from api.core.summaries import added_up
from ledger.balances import Clocks
from ledger.operations.approvals import requests
from ledger.operations.approvals.requests import Asked
from ledger.operations.compensation import claims as operations
from ledger.operations.compensation import payments
from ledger.operations.compensation.payments import Payment
from ledger.reports.compensation import claims as reports
from ledger.reports.compensation.claims import ClaimShown
from ledger.reports.compensation.losses import Compensation, compensation, together
from ledger.statuses import ClaimStatus
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

blueprint = Blueprint("claims", "/claims", "代偿: claims on the risk-buffer fund")

reports_blueprint = Blueprint("compensation", "/reports", "代偿情况: compensation as of any day")

DOCUMENTS_MAX = 50


class ClaimBody(Body):
    """代偿申请"""

    loan_id = Id(required=True)
    claimed_on = Day(load_default=edge.today)
    cause = Text(most=60, load_default="overdue")
    documents = List(Text(most=200), load_default=list, validate=lambda found: len(found) <= DOCUMENTS_MAX)


class ClaimClosingBody(OnBody):
    """追偿终结"""

    reason = Text(most=500, least=0, load_default="")


class ClaimQuery(Query):
    bank = Code()
    county = Code()
    status = Choice(*ClaimStatus)
    loan = Id()


class ClaimStepAnswer(Answer):
    """A step taken on a claim."""

    step = String(required=True)
    from_status = String(required=True)
    to_status = String(required=True)
    on = Day(required=True)
    by = String(required=True)
    reason = String(required=True)
    amount = Yuan(required=True)
    event_id = Id(required=True, allow_none=True)
    recorded_at = Moment(required=True)


class ClaimPending(Answer):
    """待复核事项"""

    id = Id(required=True)
    kind = String(required=True)
    made_by = String(required=True)
    made_on = Day(required=True)
    reason = String(required=True)


class ClaimAnswer(Answer):
    """代偿申请"""

    id = Id(required=True)
    loan_id = Id(required=True)
    contract_no = String(required=True)
    county = Code(required=True)
    bank = Code(required=True)
    claimed_on = Day(required=True)
    cause = String(required=True)
    documents = List(String(), required=True)
    status = String(required=True)
    principal = Yuan(required=True)
    interest = Yuan(required=True)
    total = Yuan(required=True)
    approved = Yuan(required=True)
    paid = Yuan(required=True)
    queued = Yuan(required=True)
    received = Yuan(required=True)
    returned = Yuan(required=True)
    net_loss = Yuan(required=True)
    city_share = Yuan(required=True)
    county_share = Yuan(required=True)
    county_share_due = Yuan(required=True)
    county_share_paid = Yuan(required=True)
    insurer_paid = Yuan(required=True)
    insurer_expected = Yuan(required=True)
    drafted_by = String(required=True)
    drafted_on = Day(required=True)
    submitted_by = String(required=True, allow_none=True)
    submitted_on = Day(required=True, allow_none=True)
    reviewed_by = String(required=True, allow_none=True)
    reviewed_on = Day(required=True, allow_none=True)
    approved_by = String(required=True, allow_none=True)
    approved_on = Day(required=True, allow_none=True)
    queued_on = Day(required=True, allow_none=True)
    closed_on = Day(required=True, allow_none=True)
    return_reason = String(required=True, allow_none=True)
    steps = List(Nested(ClaimStepAnswer), required=True)
    pending = List(Nested(ClaimPending), required=True)


class ClaimPaymentAnswer(Answer):
    """代偿拨付结果: the amount paid, its split between city and county, and the amount still queued."""

    claim_id = Id(required=True)
    status = String(required=True)
    paid = Yuan(required=True)
    city_share = Yuan(required=True)
    county_share = Yuan(required=True)
    queued = Yuan(required=True)


class CompensationQuery(ClockQuery):
    """The query of compensation: the fund accounts to include, and how rows are summed."""

    county = Code()
    bank = Code()
    by = Choice("account", "county", "bank", "city", load_default="account")


class CompensationAnswer(Answer):
    """代偿情况: amounts paid, returned, borne as net loss, still pursued, owed by counties and held in suspense."""

    county = String(required=True)
    bank = String(required=True)
    paid = Yuan(required=True)
    returned = Yuan(required=True)
    net_loss = Yuan(required=True)
    recourse_open = Yuan(required=True)
    recourse_closed = Yuan(required=True)
    fund_share = Yuan(required=True)
    county_share = Yuan(required=True)
    county_paid = Yuan(required=True)
    county_open = Yuan(required=True)
    received = Yuan(required=True)
    retained = Yuan(required=True)
    unremitted = Yuan(required=True)
    suspense = Yuan(required=True)


@blueprint.post("", body=ClaimBody, answer=ClaimAnswer, status=201)
def draft(unit: Unit, loan_id: int, **sent: Any) -> ClaimShown:
    """代偿申请: draft a claim; what is open on its day is frozen."""
    edge.find(unit, Loan, loan_id)
    return _shown(unit, operations.draft(unit, loan_id, **sent).id)


@blueprint.listing("", row=ClaimAnswer, asks=ClaimQuery)
def listed(
    session: Session,
    bank: str | None = None,
    county: str | None = None,
    status: str | None = None,
    loan: int | None = None,
) -> Listing:
    """Claims in the asker's scope, oldest first."""
    within = edge.within(session, bank=bank, county=county)
    one_county = None if county is None or within.counties is None else within.counties[0]
    query = reports.chosen(county=one_county, bank=bank, status=status, loan_id=loan)
    return Listing(query, key=(Claim.id,), show=reports.shown)


@blueprint.get("/<id:claim_id>", answer=ClaimAnswer)
def show(session: Session, claim_id: int) -> ClaimShown:
    """A claim with its figures as recorded now, its steps, and what waits for a decision."""
    return reports.shown(session, [edge.find(session, Claim, claim_id)])[0]


@blueprint.post("/<id:claim_id>/submission", body=OnBody, answer=ClaimAnswer)
def submit(unit: Unit, claim_id: int, on: date) -> ClaimShown:
    """上报: submit a draft, or a returned claim again."""
    edge.find(unit, Claim, claim_id)
    return _shown(unit, operations.submit(unit, claim_id, on).id)


@blueprint.post("/<id:claim_id>/review", body=OnBody, answer=ClaimAnswer)
def review(unit: Unit, claim_id: int, on: date) -> ClaimShown:
    """审核: the poverty office reviews a submitted claim."""
    edge.find(unit, Claim, claim_id)
    return _shown(unit, operations.review(unit, claim_id, on).id)


@blueprint.post("/<id:claim_id>/approval", body=OnBody, answer=ClaimAnswer)
def approve(unit: Unit, claim_id: int, on: date) -> ClaimShown:
    """核准: the finance bureau approves a reviewed claim."""
    edge.find(unit, Claim, claim_id)
    return _shown(unit, operations.approve(unit, claim_id, on).id)


@blueprint.post("/<id:claim_id>/return", body=ReturnBody, answer=ClaimAnswer)
def send_back(unit: Unit, claim_id: int, reason: str, on: date) -> ClaimShown:
    """退回: return a claim on which nothing is paid, with the reason."""
    edge.find(unit, Claim, claim_id)
    return _shown(unit, operations.send_back(unit, claim_id, reason, on).id)


@blueprint.post("/<id:claim_id>/payment", body=OnBody, answer=ClaimPaymentAnswer)
def pay(unit: Unit, claim_id: int, on: date) -> Payment:
    """代偿拨付: pay as far as the fund account goes; again for what queues."""
    edge.find(unit, Claim, claim_id)
    return payments.pay(unit, claim_id, on)


@blueprint.post("/<id:claim_id>/closing", body=ClaimClosingBody, answer=AskedAnswer, status=202)
def close(unit: Unit, claim_id: int, reason: str, on: date) -> Asked:
    """追偿终结: nothing more to come; in force on another's approval."""
    claim = edge.find(unit, Claim, claim_id)
    payload = {"claim_id": str(claim_id), "on": on}
    return requests.ask(unit, "claim_closing", payload, loan_id=claim.loan_id, reason=reason, on=on)


@reports_blueprint.listing("/compensation", row=CompensationAnswer, asks=CompensationQuery)
def compensation_report(
    session: Session, clocks: Clocks, by: str, county: str | None = None, bank: str | None = None
) -> list[Compensation]:
    """代偿情况 by fund account, or added up by county, by bank or for the city."""
    within = edge.within(session, bank=bank, county=county)
    return added_up(compensation(session, clocks, within.counties, within.bank), by, together)


def _shown(unit: Unit, claim_id: int) -> ClaimShown:
    return reports.shown(unit.session, [unit.session.get_one(Claim, claim_id)])[0]
