"""The views that show and load published data: schemes, rates and calendars of working days."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow.fields import Dict, Integer, List, Nested, Raw, String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core.fields import Choice, Code, Count, Day, Rate, Text, Truth
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from ledger.calendar import CalendarDay
from ledger.operations.registry import calendars, reference
from ledger.policy.rates import COLUMNS, RateRow
from ledger.policy.schemes import Scheme, parse_scheme
from ledger.queries.reference import latest_scheme, rate_tables, scheme_of, work_calendar
from ledger.tables.reference import SchemeVersion
from ledger.unit_of_work import Unit

blueprint = Blueprint("published", "", "方案、利率、工作日历: loaded with their sources, never edited")


class SchemeRow(Answer):
    """方案版本"""

    code = Code(required=True)
    version = Integer(required=True)
    signed_from = Day(required=True)
    signed_to = Day(required=True)
    hash = String(required=True)


class ParameterAnswer(Answer):
    """A parameter of a scheme with its clause and source; the value is written as in the document of the scheme."""

    name = String(required=True)
    value = Raw(required=True, allow_none=True)
    clause = String(required=True)
    source = String(required=True)


class SchemeAnswer(SchemeRow):
    """方案: every parameter with its source."""

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
        return _show_scheme(latest_scheme(session, code))
    return _show_scheme(scheme_of(session, code, version))


@blueprint.post("/schemes", body=SchemeBody, answer=SchemeAnswer, status=201)
def add_scheme(unit: Unit, document: str) -> dict[str, Any]:
    """Load a scheme version; it is never changed afterwards."""
    loaded = parse_scheme(document)
    reference.add_scheme(unit, loaded)
    return _show_scheme(loaded)


def _show_scheme(scheme: Scheme) -> dict[str, Any]:
    return {
        "code": scheme.code,
        "version": scheme.version,
        "name": scheme.name,
        "signed_from": scheme.signed_from,
        "signed_to": scheme.signed_to,
        "hash": scheme.content_hash,
        "parameters": scheme.listed,
    }


class RateRowAnswer(Answer):
    """The rates in force from a day, by column."""

    effective_on = Day(required=True)
    rates = Dict(keys=String(), values=Rate(), required=True)
    source = String(required=True)


class RatesAnswer(Answer):
    """利率表: complete through the day `covered_through`."""

    table = String(required=True)
    covered_through = Day(required=True)
    source = String(required=True)
    rows = List(Nested(RateRowAnswer), required=True)


class RateRowBody(Body):
    effective_on = Day(required=True)
    rates = Dict(keys=String(), values=Rate(), required=True)
    source = Text(most=400, load_default="")


class RatesBody(Body):
    """Rows to append, or no rows where nothing was published; `source` is for rows without a source of their own."""

    covered_through = Day(required=True)
    source = Text(most=400, required=True)
    rows = List(Nested(RateRowBody), load_default=list)


@blueprint.get("/rates/<any(benchmark,lpr):table>", answer=RatesAnswer)
def rates(session: Session, table: str) -> dict[str, Any]:
    """贷款基准利率 or LPR: every published row with its source."""
    return _show_rates(session, table)


@blueprint.post("/rates/<any(benchmark,lpr):table>", body=RatesBody, answer=RatesAnswer)
def add_rates(unit: Unit, table: str, covered_through: date, source: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Append published rows; those there are never edited."""
    unit.not_future(covered_through, "covered_through")
    made = tuple(RateRow(row["effective_on"], _in_order(table, row["rates"]), row["source"] or source) for row in rows)
    reference.add_rates(unit, table, made, covered_through, source)
    return _show_rates(unit.session, table)


def _in_order(table: str, sent: dict[str, Decimal]) -> tuple[Decimal, ...]:
    """Return the rates in the order of the columns of the rate table.

    The API does not check for missing or unknown columns, since the policy refuses rates with missing or unknown
    columns.
    """
    columns = COLUMNS[table]
    known = [sent[name] for name in columns if name in sent]
    return (*known, *(rate for name, rate in sent.items() if name not in columns))


def _show_rates(session: Session, code: str) -> dict[str, Any]:
    found = rate_tables(session)[code]
    rows = [
        {
            "effective_on": row.effective_on,
            "source": row.source,
            "rates": dict(zip(COLUMNS[code], row.rates, strict=True)),
        }
        for row in found.rows
    ]
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
    """工作日历: days off and make-up working days; provisional until the notice of the year is loaded."""

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
    calendars.publish(unit, year, tuple(CalendarDay(**each) for each in days), source)
    return _show_calendar(unit.session, year)


def _show_calendar(session: Session, year: int) -> dict[str, Any]:
    found = work_calendar(session)
    days = [asdict(each) for each in found.of_year(year)]
    return {
        "year": year,
        "provisional": not found.covers(year),
        "source": found.sources.get(year),
        "days": days,
    }
