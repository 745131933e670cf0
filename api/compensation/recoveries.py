"""Money received after a compensation: recoveries, the remittance of recoveries, county shares, money in suspense."""

from datetime import date
from typing import Any

from marshmallow.fields import String
from moneyed import Money
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Code, Day, Id, Identifier, Text, Truth, Yuan
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body
from api.core.shapes import AskedAnswer
from ledger.errors import NotFound
from ledger.operations.approvals import requests
from ledger.operations.approvals.requests import Asked
from ledger.operations.compensation import county_shares, suspense
from ledger.operations.compensation import recoveries as operations
from ledger.operations.compensation.county_shares import ShareReceived
from ledger.operations.compensation.suspense import Recorded
from ledger.reports.compensation import claims as reports
from ledger.reports.compensation.claims import RecoveryShown
from ledger.tables.claims import Recovery, Suspense
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

blueprint = Blueprint("recoveries", "", "追偿: what comes back to the fund")


class RecoveryBody(Body):
    """追回款登记"""

    amount = Yuan(required=True)
    received_on = Day(load_default=edge.today)
    receipt_no = Identifier(most=60, least=0, load_default="")


class RemittanceBody(Body):
    """追回款缴回: the whole part of the fund; an amount that is sent must equal the fund's part."""

    on = Day(load_default=edge.today)
    amount = Yuan(allow_none=True, load_default=None)
    slip_no = Identifier(most=60, least=0, load_default="")


class RecoveryAnswer(Answer):
    """追回款"""

    id = Id(required=True)
    loan_id = Id(required=True)
    claim_id = Id(required=True)
    amount = Yuan(required=True)
    to_fund = Yuan(required=True)
    retained = Yuan(required=True)
    received_on = Day(required=True)
    receipt_no = String(required=True)
    recorded_by = String(required=True)
    remit_by = Day(required=True)
    remit_provisional = Truth(required=True)
    remitted_on = Day(required=True, allow_none=True)
    remitted_by = String(required=True, allow_none=True)
    status = String(required=True)


class ShareBody(Body):
    """An amount paid into or out of a fund account, with the number of its slip."""

    county = Code(required=True)
    bank = Code(required=True)
    amount = Yuan(required=True)
    on = Day(load_default=edge.today)
    slip_no = Identifier(most=60, required=True)


class ShareReturnBody(ShareBody):
    """退还县级预缴分担款"""

    reason = Text(most=500, least=0, load_default="")


class SuspenseBody(ShareBody):
    """多缴追回款挂账"""

    loan_id = Id(allow_none=True, load_default=None)


class ReleaseBody(Body):
    """挂账款退出: without an amount, all that is left in suspense is released."""

    county = Code(allow_none=True, load_default=None)
    bank = Code(allow_none=True, load_default=None)
    amount = Yuan(allow_none=True, load_default=None)
    on = Day(load_default=edge.today)
    slip_no = Identifier(most=60, least=0, load_default="")
    reason = Text(most=500, least=0, load_default="")


class ShareAnswer(Answer):
    """县级分担款: `due` is the amount that the county still owes, `prepaid` the amount paid beyond its share."""

    id = Id(required=True)
    amount = Yuan(required=True)
    due = Yuan(required=True)
    prepaid = Yuan(required=True)


class SuspenseAnswer(Answer):
    """挂账款"""

    id = Id(required=True)
    amount = Yuan(required=True)


@blueprint.post("/loans/<id:loan_id>/recoveries", body=RecoveryBody, answer=RecoveryAnswer, status=201)
def receive(unit: Unit, loan_id: int, **sent: Any) -> RecoveryShown:
    """追回款登记: what came in on a compensated loan, split between fund and bank."""
    edge.find(unit, Loan, loan_id)
    return _shown(unit, operations.receive(unit, loan_id, **sent).id)


@blueprint.listing("/loans/<id:loan_id>/recoveries", row=RecoveryAnswer)
def received(session: Session, loan_id: int) -> Listing:
    """The loan's recoveries, oldest first, reversed ones too."""
    edge.find(session, Loan, loan_id)
    query = select(Recovery).where(Recovery.loan_id == loan_id)
    return Listing(query, key=(Recovery.id,), show=reports.recoveries)


@blueprint.post("/recoveries/<id:recovery_id>/remittance", body=RemittanceBody, answer=RecoveryAnswer)
def remit(unit: Unit, recovery_id: int, on: date, amount: Money | None, slip_no: str) -> RecoveryShown:
    """缴回: the fund's part of a recovery goes to its account."""
    edge.find(unit, Recovery, recovery_id)
    operations.remit(unit, recovery_id, on, amount, slip_no)
    return _shown(unit, recovery_id)


@blueprint.post("/fund/county-shares", body=ShareBody, answer=ShareAnswer, status=201)
def share(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> ShareReceived:
    """县级分担款到账: allotted to claims, oldest first; more than is due is refused."""
    return county_shares.receive(unit, edge.county(unit, county), edge.bank(unit, bank), amount, on, slip_no)


@blueprint.post("/fund/county-share-returns", body=ShareReturnBody, answer=AskedAnswer, status=202)
def return_share(unit: Unit, county: str, bank: str, reason: str, **sent: Any) -> Asked:
    """退还预缴: what the county has prepaid; in force on another's approval."""
    county, bank = edge.county(unit, county), edge.bank(unit, bank)
    payload = {"county": county, "bank": bank, **sent}
    return requests.ask(unit, "county_share_return", payload, county=county, bank=bank, reason=reason)


@blueprint.post("/fund/suspense", body=SuspenseBody, answer=SuspenseAnswer, status=201)
def hold(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str, loan_id: int | None) -> Recorded:
    """多缴追回款挂账: surplus money that is in the fund account already."""
    if loan_id is not None:
        edge.find(unit, Loan, loan_id)
    return suspense.record(unit, edge.county(unit, county), edge.bank(unit, bank), amount, on, slip_no, loan_id)


@blueprint.post("/fund/suspense/<id:suspense_id>/release", body=ReleaseBody, answer=AskedAnswer, status=202)
def release(unit: Unit, suspense_id: int, reason: str, county: str | None, bank: str | None, **sent: Any) -> Asked:
    """挂账款退出: in force on another's approval; a county and bank that are sent must be its own."""
    held = edge.find(unit, Suspense, suspense_id)
    if (county and edge.county(unit, county) != held.county) or (bank and bank != held.bank):
        raise NotFound(what="suspense", id=str(suspense_id))
    payload = {"suspense_id": str(suspense_id), **sent}
    return requests.ask(
        unit, "suspense_release", payload, county=held.county, bank=held.bank, loan_id=held.loan_id, reason=reason
    )


def _shown(unit: Unit, recovery_id: int) -> RecoveryShown:
    unit.session.flush()
    return reports.recoveries(unit.session, [unit.session.get_one(Recovery, recovery_id)])[0]
