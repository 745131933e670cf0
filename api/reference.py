"""Reference facts: counties, banks, schemes, published rates, the working-day calendar."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow.fields import Dict, Integer, List, Nested, Raw, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api import edge
from api.fields import Choice, Code, Count, Day, Rate, Text, Truth
from api.paging import Listing
from api.routes import Blueprint
from api.schemas import Answer, Body, Query
from ledger.calendar import CalendarDay
from ledger.operations import reference
from ledger.policy.rates import COLUMNS, RateRow
from ledger.policy.schemes import Scheme, parse_scheme
from ledger.tables.reference import Bank, BankStatus, County, CountyCode, SchemeVersion
from ledger.unit import Unit

blueprint = Blueprint("reference", "", "基础资料: counties, banks, schemes, rates, working days")

STATUSES = ("pilot", "eliminated", "substituted")


class CountyCodeAnswer(Answer):
    """A GB/T 2260 code; `ends_on` is its first day no more."""

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


def _show_counties(session: Session, found: Sequence[County]) -> list[dict[str, Any]]:
    rows = select(CountyCode).where(CountyCode.county.in_([each.id for each in found]))
    codes = session.execute(rows.order_by(CountyCode.starts_on, CountyCode.code)).scalars().all()
    return [
        {
            "code": county.id, "name": county.name, "kind": county.kind,
            "codes": [code for code in codes if code.county == county.id],
        }
        for county in found
    ]  # fmt: skip


class BankStatusAnswer(Answer):
    status = Choice(*STATUSES, required=True)
    effective_on = Day(required=True)


class BankAnswer(Answer):
    """试点银行; `status` is today's, None before its first"""

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


def _show_banks(session: Session, found: Sequence[Bank]) -> list[dict[str, Any]]:
    today = edge.today()
    rows = select(BankStatus).where(BankStatus.bank.in_([each.code for each in found]))
    statuses = session.execute(rows.order_by(BankStatus.effective_on)).scalars().all()
    shown = []
    for bank in found:
        mine = [each for each in statuses if each.bank == bank.code]
        now = [each.status for each in mine if each.effective_on <= today]
        shown.append({"code": bank.code, "name": bank.name, "status": now[-1] if now else None, "statuses": mine})
    return shown


class SchemeRow(Answer):
    """方案版本"""

    code = Code(required=True)
    version = Integer(required=True)
    signed_from = Day(required=True)
    signed_to = Day(required=True)
    hash = String(required=True)


class ParameterAnswer(Answer):
    """A number or decision of a scheme with its clause and source; the value as the document has it."""

    name = String(required=True)
    value = Raw(required=True, allow_none=True)
    clause = String(required=True)
    source = String(required=True)


class SchemeAnswer(SchemeRow):
    """方案: every parameter with its source"""

    name = String(required=True)
    parameters = List(Nested(ParameterAnswer), required=True)


class SchemeQuery(Query):
    version = Count(most=9999, metadata={"description": "default: the newest"})


class SchemeBody(Body):
    document = String(required=True, metadata={"description": "the scheme as TOML; it may inherit from another"})


@blueprint.listing("/schemes", row=SchemeRow)
def schemes(_session: Session) -> Listing:
    """Every version of every scheme."""
    return Listing(select(SchemeVersion), key=(SchemeVersion.code, SchemeVersion.version))


@blueprint.get("/schemes/<name:code>", asks=SchemeQuery, answer=SchemeAnswer)
def scheme(session: Session, code: str, version: int | None = None) -> dict[str, Any]:
    """A scheme's parameters, each with clause and source."""
    if version is None:
        return _show_scheme(reference.latest_scheme(session, code))
    return _show_scheme(reference.scheme_of(session, code, version))


@blueprint.post("/schemes", body=SchemeBody, answer=SchemeAnswer, status=201)
def add_scheme(unit: Unit, document: str) -> dict[str, Any]:
    """Load a scheme version; it is never changed afterwards."""
    loaded = parse_scheme(document)
    reference.add_scheme(unit, loaded)
    return _show_scheme(loaded)


def _show_scheme(found: Scheme) -> dict[str, Any]:
    return {
        "code": found.code, "version": found.version, "name": found.name, "signed_from": found.signed_from,
        "signed_to": found.signed_to, "hash": found.content_hash, "parameters": found.listed,
    }  # fmt: skip


class RateRowAnswer(Answer):
    """The rates from a day on, by column."""

    effective_on = Day(required=True)
    rates = Dict(keys=String(), values=Rate(), required=True)
    source = String(required=True)


class RatesAnswer(Answer):
    """利率表: complete through `covered_through`"""

    table = String(required=True)
    covered_through = Day(required=True)
    source = String(required=True)
    rows = List(Nested(RateRowAnswer), required=True)


class RateRowBody(Body):
    effective_on = Day(required=True)
    rates = Dict(keys=String(), values=Rate(), required=True)
    source = Text(most=400, load_default="")


class RatesBody(Body):
    """Rows to append, none for `nothing was published until`; `source` stands for rows without their own."""

    covered_through = Day(required=True)
    source = Text(most=400, required=True)
    rows = List(Nested(RateRowBody), load_default=list)


@blueprint.get("/rates/<any(benchmark,lpr):table>", answer=RatesAnswer)
def rates(session: Session, table: str) -> dict[str, Any]:
    """贷款基准利率 or LPR: every published row with its source."""
    return _show_rates(session, table)


@blueprint.post("/rates/<any(benchmark,lpr):table>", body=RatesBody, answer=RatesAnswer)
def add_rates(
    unit: Unit, table: str, covered_through: date, source: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Append published rows; those there are never edited."""
    unit.not_future(covered_through, "covered_through")
    made = tuple(
        RateRow(row["effective_on"], _in_order(table, row["rates"]), row["source"] or source) for row in rows
    )
    reference.add_rates(unit, table, made, covered_through, source)
    return _show_rates(unit.session, table)


def _in_order(table: str, sent: dict[str, Decimal]) -> tuple[Decimal, ...]:
    """Rates by the table's columns; one too many or too few is the policy's to refuse."""
    columns = COLUMNS[table]
    known = [sent[name] for name in columns if name in sent]
    return (*known, *(rate for name, rate in sent.items() if name not in columns))


def _show_rates(session: Session, code: str) -> dict[str, Any]:
    found = reference.rate_tables(session)[code]
    rows = [
        {
            "effective_on": row.effective_on, "source": row.source,
            "rates": dict(zip(COLUMNS[code], row.rates, strict=True)),
        }
        for row in found.rows
    ]  # fmt: skip
    return {"table": code, "covered_through": found.covered_through, "source": found.source, "rows": rows}


class CalendarDayShape(Body):
    """A day off, or a make-up working day (调休上班日)."""

    day = Day(required=True)
    name = Text(most=40, required=True)
    kind = Choice("off", "makeup_workday", required=True)


class CalendarBody(Body):
    source = Text(most=400, required=True)
    days = List(Nested(CalendarDayShape), required=True)


class CalendarAnswer(Answer):
    """工作日历: departures from Monday to Friday; provisional until the year's notice is loaded"""

    year = Integer(required=True)
    provisional = Truth(required=True)
    source = String(required=True, allow_none=True)
    days = List(Nested(CalendarDayShape), required=True)


@blueprint.get("/calendar/<int(fixed_digits=4):year>", answer=CalendarAnswer)
def calendar(session: Session, year: int) -> dict[str, Any]:
    """A year's days off and make-up working days."""
    return _show_calendar(session, year)


@blueprint.post("/calendar/<int(fixed_digits=4):year>", body=CalendarBody, answer=CalendarAnswer, status=201)
def add_calendar(unit: Unit, year: int, source: str, days: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Load a year's notice, once."""
    reference.add_calendar(unit, year, tuple(CalendarDay(**each) for each in days), source)
    return _show_calendar(unit.session, year)


def _show_calendar(session: Session, year: int) -> dict[str, Any]:
    found = reference.work_calendar(session)
    days = [asdict(each) for each in found.of_year(year)]
    return {
        "year": year, "provisional": not found.covers(year), "source": found.sources.get(year), "days": days,
    }  # fmt: skip
