"""Counties and banks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from marshmallow.fields import List, Nested, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Code, Day, Text
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body
from ledger.operations.registry import reference
from ledger.tables.reference import Bank, BankStatus, County, CountyCode
from ledger.unit_of_work import Unit

blueprint = Blueprint("reference", "", "基础资料: counties and banks")

STATUSES = ("pilot", "eliminated", "substituted")


class CountyCodeAnswer(Answer):
    """A code of GB/T 2260; `ends_on` is the first day on which the code is no longer in force."""

    code = Code(required=True)
    name = String(required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class CountyAnswer(Answer):
    """县（市、区）"""

    code = Code(required=True)
    name = String(required=True)
    kind = String(required=True)
    codes = List(Nested(CountyCodeAnswer), required=True)


@blueprint.listing("/counties", row=CountyAnswer)
def counties(_session: Session) -> Listing:
    """Every county and area, with the codes it has and had."""
    return Listing(select(County), key=(County.id,), show=_show_counties)


def _show_counties(session: Session, counties: Sequence[County]) -> list[dict[str, Any]]:
    rows = select(CountyCode).where(CountyCode.county.in_([each.id for each in counties]))
    codes = session.execute(rows.order_by(CountyCode.starts_on, CountyCode.code)).scalars().all()
    return [
        {
            "code": county.id,
            "name": county.name,
            "kind": county.kind,
            "codes": [code for code in codes if code.county == county.id],
        }
        for county in counties
    ]


class BankStatusAnswer(Answer):
    status = Choice(*STATUSES, required=True)
    effective_on = Day(required=True)


class BankAnswer(Answer):
    """试点银行; `status` is the status of today, null before its first status begins."""

    code = Code(required=True)
    name = String(required=True)
    status = Choice(*STATUSES, required=True, allow_none=True)
    statuses = List(Nested(BankStatusAnswer), required=True)


class BankStatusBody(Body):
    status = Choice(*STATUSES, required=True)
    effective_on = Day(load_default=edge.today)


class BankBody(BankStatusBody):
    code = Code(required=True)
    name = Text(most=60, required=True)
    status = Choice(*STATUSES, load_default="pilot")


@blueprint.listing("/banks", row=BankAnswer)
def banks(_session: Session) -> Listing:
    """Every bank with its statuses."""
    return Listing(select(Bank), key=(Bank.code,), show=_show_banks)


@blueprint.post("/banks", body=BankBody, answer=BankAnswer, status=201)
def add_bank(unit: Unit, code: str, name: str, status: str, effective_on: date) -> dict[str, Any]:
    """A bank joins, with a loan book of its own."""
    unit.not_future(effective_on, "effective_on")
    reference.add_bank(unit, code, name, status, effective_on)
    return _show_banks(unit.session, [unit.session.get_one(Bank, code)])[0]


@blueprint.post("/banks/<name:code>/status", body=BankStatusBody, answer=BankAnswer)
def set_bank_status(unit: Unit, code: str, status: str, effective_on: date) -> dict[str, Any]:
    """试点、淘汰、递补: a bank's status from a day on."""
    unit.not_future(effective_on, "effective_on")
    reference.set_bank_status(unit, code, status, effective_on)
    unit.session.flush()
    return _show_banks(unit.session, [unit.session.get_one(Bank, code)])[0]


def _show_banks(session: Session, banks: Sequence[Bank]) -> list[dict[str, Any]]:
    today = edge.today()
    rows = select(BankStatus).where(BankStatus.bank.in_([each.code for each in banks]))
    statuses = session.execute(rows.order_by(BankStatus.effective_on)).scalars().all()
    shown = []
    for bank in banks:
        of_bank = [each for each in statuses if each.bank == bank.code]
        now = [each.status for each in of_bank if each.effective_on <= today]
        shown.append({"code": bank.code, "name": bank.name, "status": now[-1] if now else None, "statuses": of_bank})
    return shown
