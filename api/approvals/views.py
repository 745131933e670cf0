"""Requests that one person makes and a second person decides, such as extensions, waivers and reversals."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow.fields import Dict, List, Nested, String
from sqlalchemy import Select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.errors import NotYours
from api.core.fields import Choice, Code, Day, Id, Identifier, Rate, Text, Whole, Yuan
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from api.core.shapes import AskedAnswer
from ledger import journal
from ledger.errors import NotFound
from ledger.operations.approvals import requests as operations
from ledger.operations.approvals.decisions import DECISIONS
from ledger.operations.approvals.requests import Asked
from ledger.reports.approvals import requests as reports
from ledger.statuses import RequestStatus
from ledger.tables.loans import Approval, Loan
from ledger.unit_of_work import Unit

blueprint = Blueprint("approvals", "", "复核: what two people decide")

ROWS_MAX = 50


class ReasonBody(Body):
    reason = Text(most=500, least=0, load_default="")


class ExtensionBody(ReasonBody):
    """展期"""

    months = Whole(least=1, most=600, required=True)
    agreed_on = Day(load_default=edge.today)


class RenewalBody(ReasonBody):
    """续贷"""

    contract_no = Identifier(most=60, required=True)
    term_months = Whole(least=1, most=600, required=True)
    annual_rate = Rate(required=True)
    signed_on = Day(load_default=edge.today)


class MisuseBody(Body):
    """认定挪用"""

    effective_on = Day(required=True)
    found_on = Day(load_default=edge.today)
    reason = Text(most=500, required=True)


class WriteOffBody(Body):
    """核销"""

    on = Day(load_default=edge.today)
    reason = Text(most=500, required=True)


class WaiverBody(WriteOffBody):
    """减免罚息复利: without an amount, all open penalty and compound interest is waived."""

    amount = Yuan(allow_none=True, load_default=None)


class CreditRefundBody(ReasonBody):
    """暂收款退还"""

    on = Day(load_default=edge.today)
    amount = Yuan(required=True)


class InsuranceBody(ReasonBody):
    """保险赔付: the amount 0.00 records that the insurer refused to pay."""

    amount = Yuan(zero=True, required=True)
    received_on = Day(load_default=edge.today)
    policy_no = Identifier(most=60, required=True)


class ReversalBody(Body):
    """红字冲销"""

    reason = Text(most=500, required=True)


class RowBody(Body):
    """调整分录"""

    debit = Code(required=True)
    credit = Code(required=True)
    amount = Yuan(required=True)


class AdjustmentBody(Body):
    """手工调整"""

    book = Code(required=True)
    county = Code(required=True)
    bank = Code(required=True)
    loan_id = Id(allow_none=True, load_default=None)
    on = Day(load_default=edge.today)
    document = Text(most=120, required=True)
    reason = Text(most=500, required=True)
    rows = List(Nested(RowBody), required=True, validate=lambda rows: 0 < len(rows) <= ROWS_MAX)


class DecisionBody(Body):
    on = Day(load_default=edge.today)


class RefusalBody(DecisionBody):
    reason = Text(most=500, required=True)


class ApprovalQuery(Query):
    """The query of requests; without a status, the requests that wait for a decision of the user."""

    status = Choice(*RequestStatus)
    kind = Choice(*DECISIONS)
    loan = Id()


class ApprovalAnswer(Answer):
    """复核事项; `payload` contains the fields of the request."""

    id = Id(required=True)
    kind = String(required=True)
    county = Code(required=True, allow_none=True)
    bank = Code(required=True, allow_none=True)
    loan_id = Id(required=True, allow_none=True)
    role = String(required=True)
    payload = Dict(required=True)
    reason = String(required=True)
    status = String(required=True)
    made_by = String(required=True)
    made_on = Day(required=True)
    decided_by = String(required=True, allow_none=True)
    decided_on = Day(required=True, allow_none=True)
    decision = String(required=True)


@blueprint.listing("/approvals", row=ApprovalAnswer, asks=ApprovalQuery)
def waiting(_session: Session, status: str | None = None, kind: str | None = None, loan: int | None = None) -> Listing:
    """What waits for me; with a status everything in my scope that has it."""
    query: Select[Approval] = reports.chosen(status=status, kind=kind, loan_id=loan)
    if status is None:
        me = edge.person()
        query = reports.waiting_for(query, me.username, me.role)
    return Listing(query, key=(Approval.id,), show=reports.shown)


@blueprint.get("/approvals/<id:approval_id>", answer=ApprovalAnswer)
def show(session: Session, approval_id: int) -> reports.ApprovalShown:
    """Something that two people decide, and what became of it."""
    return reports.shown(session, [edge.find(session, Approval, approval_id)])[0]


@blueprint.post("/approvals/<id:approval_id>", body=DecisionBody, answer=AskedAnswer)
def approve(unit: Unit, approval_id: int, on: date) -> Asked:
    """复核通过: put in force what somebody else recorded."""
    _mine_to_decide(unit, approval_id)
    return operations.approve(unit, approval_id, on)


@blueprint.post("/approvals/<id:approval_id>/refusal", body=RefusalBody, answer=AskedAnswer)
def refuse(unit: Unit, approval_id: int, reason: str, on: date) -> Asked:
    """复核不通过: refuse it, with the reason."""
    _mine_to_decide(unit, approval_id)
    return operations.refuse(unit, approval_id, reason, on)


@blueprint.post("/loans/<id:loan_id>/extension", body=ExtensionBody, answer=AskedAnswer, status=202)
def extend(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """展期: agreed before the contract due date."""
    return _ask_of_loan(unit, "extension", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/renewal", body=RenewalBody, answer=AskedAnswer, status=202)
def renew(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """续贷: a new loan of the open principal, no cash."""
    return _ask_of_loan(unit, "renewal", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/misuse", body=MisuseBody, answer=AskedAnswer, status=202)
def misuse(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """认定挪用: the misuse rate from a day on."""
    return _ask_of_loan(unit, "misuse", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/write-off", body=WriteOffBody, answer=AskedAnswer, status=202)
def write_off(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """核销: principal and contract interest nobody compensates."""
    return _ask_of_loan(unit, "write_off", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/waiver", body=WaiverBody, answer=AskedAnswer, status=202)
def waive(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """减免: penalty and compound interest let off."""
    return _ask_of_loan(unit, "waiver", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/credit-refund", body=CreditRefundBody, answer=AskedAnswer, status=202)
def refund(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """暂收款退还: borrower credit handed back."""
    return _ask_of_loan(unit, "credit_refund", loan_id, sent)


@blueprint.post("/loans/<id:loan_id>/insurance", body=InsuranceBody, answer=AskedAnswer, status=202)
def insure(unit: Unit, loan_id: int, **sent: Any) -> Asked:
    """保险赔付: what the insurer paid, or that it refused."""
    return _ask_of_loan(unit, "insurance", loan_id, sent)


@blueprint.post("/ledger/events/<id:event_id>/reversal", body=ReversalBody, answer=AskedAnswer, status=202)
def reverse(unit: Unit, event_id: int, reason: str) -> Asked:
    """红字冲销: undo an event, all its entries in all books."""
    event = journal.stored(unit, [event_id])[event_id]
    if not edge.person().scope.has(bank=event.bank, county=event.county):
        raise NotFound(what="event", id=str(event_id))
    payload = {"event_id": str(event_id)}
    _mine_to_ask(unit, "reversal", payload)
    return operations.ask(
        unit, "reversal", payload, county=event.county, bank=event.bank, loan_id=event.loan, reason=reason
    )


@blueprint.post("/ledger/adjustments", body=AdjustmentBody, answer=AskedAnswer, status=202)
def adjust(unit: Unit, county: str, bank: str, loan_id: int | None, reason: str, **sent: Any) -> Asked:
    """手工调整: any two accounts of a book, with a document."""
    payload = {**sent, "county": edge.county(unit, county), "bank": edge.bank(unit, bank)}
    _mine_to_ask(unit, "adjustment", payload)
    return operations.ask(
        unit, "adjustment", payload, county=payload["county"], bank=bank, loan_id=loan_id, reason=reason
    )


def _ask_of_loan(unit: Unit, kind: str, loan_id: int, sent: dict[str, Any]) -> Asked:
    edge.find(unit, Loan, loan_id)
    reason = sent.pop("reason")
    return operations.ask(unit, kind, sent, loan_id=loan_id, reason=reason)


def _mine_to_ask(unit: Unit, kind: str, payload: Mapping[str, Any]) -> None:
    """Raise NotYours where the user's role may not make the request.

    The bank makes all requests that concern the bank's loan book; the finance bureau makes all remaining requests.
    """
    asks = operations.roles_of(unit, kind, payload).asks
    if edge.person().role not in asks:
        raise NotYours(found=edge.person().role, limit=", ".join(sorted(asks)))


def _mine_to_decide(unit: Unit, approval_id: int) -> None:
    """Raise NotFound for a request out of the user's scope, and NotYours where the user's role may not decide it."""
    approval = edge.find(unit, Approval, approval_id)
    if edge.person().role != approval.role:
        raise NotYours(found=edge.person().role, limit=approval.role)
