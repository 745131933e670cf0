"""Queries of the calls for money to the fund's accounts, and of the contributions to the accounts."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.database import table_of
from ledger.dates import DAY, Quarter
from ledger.money import NIL, Fen
from ledger.policy.risk_fund import Call, Issued, quarterly_call
from ledger.policy.scheme import FundSource
from ledger.queries import reference
from ledger.tables.fund import FundPlan, FundPlanStep, FundReturn
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)


class Account(NamedTuple):
    """A fund account (专户) and the source of its money: city or county."""

    county: str
    bank: str
    source: str


def calls(unit: Unit, quarter: Quarter) -> dict[Account, Call]:
    """Return the calls of a quarter by fund account and source, without accounts that were wound down (5.2)."""
    found = issued(unit.session, quarter)
    given = contributed(unit.session)
    closed = {(row.county, row.bank) for row in unit.session.execute(select(FundReturn.county, FundReturn.bank))}
    return {
        account: quarterly_call(found.get(account, ()), given.get(account, NIL))
        for account in sorted(found.keys() | given.keys())
        if (account.county, account.bank) not in closed
    }


def issued(session: Session, quarter: Quarter) -> dict[Account, list[Issued]]:
    """Return the fen disbursed up to a quarter's end, by account and scheme, without renewals and reversals."""
    c, days = _LOANS.c, quarter.calendar
    within = case((c.disbursed_on >= days.start, c.principal_fen), else_=0)
    rows = session.execute(
        select(
            c.county,
            c.bank,
            c.scheme,
            c.scheme_version,
            cast(func.sum(within), BigInteger).label("in_quarter"),
            cast(func.sum(c.principal_fen), BigInteger).label("cumulative"),
        )
        .where(c.disbursed_on <= days.end - DAY, c.renews_id.is_(None))
        .group_by(c.county, c.bank, c.scheme, c.scheme_version)
    )
    found: dict[Account, list[Issued]] = {}
    for row in rows:
        scheme = reference.scheme_of(session, row.scheme, row.scheme_version)
        account = Account(row.county, row.bank, scheme.fund_source)
        found.setdefault(account, []).append(Issued(scheme, Fen(row.in_quarter), Fen(row.cumulative)))
    return found


def unplanned(session: Session, on: date) -> list[Quarter]:
    """Return the ended quarters without a plan, from the first to the last quarter in which a loan was issued."""
    c = _LOANS.c
    first = Quarter.of(on).calendar.start
    months = session.execute(
        select(func.min(c.disbursed_on), func.max(c.disbursed_on)).where(c.disbursed_on < first, c.renews_id.is_(None))
    ).one()
    if months[0] is None:
        return []
    planned = set(session.execute(select(FundPlan.quarter).where(FundPlan.kind == "quarter")).scalars())
    quarter, found = Quarter.of(months[0]), []
    while quarter <= Quarter.of(months[1]):
        if str(quarter) not in planned:
            found.append(quarter)
        quarter = quarter.shift(1)
    return found


def issued_through(
    session: Session, through: date, county: str | None = None, bank: str | None = None
) -> dict[tuple[str, str], Fen]:
    """Return the fen issued on or before a day, by county and bank, without renewals and reversed loans (5.2)."""
    c = _LOANS.c
    query = select(c.county, c.bank, cast(func.sum(c.principal_fen), BigInteger).label("fen")).where(
        c.disbursed_on <= through, c.renews_id.is_(None)
    )
    if county is not None:
        query = query.where(c.county == county)
    if bank is not None:
        query = query.where(c.bank == bank)
    return {(row.county, row.bank): Fen(row.fen) for row in session.execute(query.group_by(c.county, c.bank))}


def contributed(
    session: Session, county: str | None = None, bank: str | None = None, clocks: Clocks | None = None
) -> dict[Account, Fen]:
    """Return the contributions by fund account in fen: approved plans and advances, less returned money (5.2).

    If `as_of` and `known_at` are given, only steps and returns dated on or before `as_of` count.
    """
    s, r = FundPlanStep, FundReturn
    given = select(s.county, s.bank, s.source, cast(func.sum(s.fen), BigInteger).label("fen")).where(
        s.step == "approval", s.live.is_(True)
    )
    back = select(r.county, r.bank, r.city_fen, r.county_fen)
    if county is not None:
        given, back = given.where(s.county == county), back.where(r.county == county)
    if bank is not None:
        given, back = given.where(s.bank == bank), back.where(r.bank == bank)
    if clocks is not None:
        given, back = given.where(s.on <= clocks.as_of), back.where(r.on <= clocks.as_of)
    found: dict[Account, int] = {}
    for row in session.execute(given.group_by(s.county, s.bank, s.source)):
        found[Account(row.county, row.bank, row.source)] = row.fen
    for returned in session.execute(back):
        for source, fen in (("city", returned.city_fen), ("county", returned.county_fen)):
            account = Account(returned.county, returned.bank, source)
            if account in found:
                found[account] -= fen
    return {account: Fen(fen) for account, fen in found.items()}


def source_of(name: str) -> FundSource:
    """Return the source of fund money that a stored name stands for."""
    return "city" if name == "city" else "county"


def reached(session: Session, plan_ids: Sequence[int]) -> dict[int, dict[str, Fen]]:
    """Return, by plan line and step, the amounts in fen that each line of the given plans has reached."""
    s = FundPlanStep
    query = (
        select(s.line_id, s.step, cast(func.sum(s.fen), BigInteger).label("fen"))
        .where(s.plan_id.in_(plan_ids), s.live.is_(True))
        .group_by(s.line_id, s.step)
    )
    found: dict[int, dict[str, Fen]] = {}
    for row in session.execute(query):
        found.setdefault(row.line_id, {})[row.step] = Fen(row.fen)
    return found
