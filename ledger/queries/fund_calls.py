"""The money called for and given to fund accounts, and the loans paid out that the calls depend on."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.dates import DAY, Quarter
from ledger.errors import NotFound
from ledger.money import NIL, Fen, half_up, plain
from ledger.policy.risk_fund import Call, Issued, OverTarget, WoundDown, quarterly_call
from ledger.policy.scheme import FundSource
from ledger.queries import reference
from ledger.tables.fund import FundPlan, FundPlanLine, FundPlanStep, FundReturn, FundTarget
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__


class Account(NamedTuple):
    """A fund account (专户) and the source of its money: city or county."""

    county: str
    bank: str
    source: str


def calls(unit: Unit, quarter: Quarter) -> dict[Account, Call]:
    """Return the quarter's call of each account and source with a loan paid out or with money given (5.2)."""
    found = issued(unit.session, quarter)
    given = contributed(unit.session)
    closed = {(row.county, row.bank) for row in unit.session.execute(select(FundReturn.county, FundReturn.bank))}
    return {
        account: quarterly_call(found.get(account, ()), given.get(account, NIL))
        for account in sorted(found.keys() | given.keys())
        if (account.county, account.bank) not in closed
    }


def issued(session: Session, quarter: Quarter) -> dict[Account, list[Issued]]:
    """Return the loans paid out through the quarter by account and scheme version.

    Amounts are net of reversals; renewals are not counted.
    """
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
    """Return the ended quarters without a plan, from the first to the last quarter with a loan paid out."""
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
    """Return the fen paid out by a day, by county and bank, without reversed loans and renewals (5.2)."""
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
    """Return the fen of approved plans and advances, money in transit included, less returned money (5.2).

    Without clocks every recorded amount counts, whatever its day.
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
    """Return the source of money under the name stored in rows."""
    return "city" if name == "city" else "county"


def reached(session: Session, plan_ids: Sequence[int]) -> dict[int, dict[str, Fen]]:
    """Return the fen of each step taken on the lines of plans, by line id and step."""
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


def set_target(unit: Unit, bank: str, year: int, fen: Fen) -> None:
    """Set the amount that a bank is to lend in a year (指导任务), in place of an earlier amount. Raise NotFound."""
    reference.bank_status(unit.session, bank, date(year, 12, 31))
    unit.session.merge(FundTarget(bank=bank, year=year, fen=fen, recorded_by=unit.user, recorded_at=unit.recorded_at))
    unit.session.flush()


def check_target(unit: Unit, bank: str, year: int, amount: Fen) -> None:
    """Raise OverTarget when the advances to a bank in a year exceed the buffer for the bank's target (5.4)."""
    target = unit.session.get(FundTarget, (bank, year))
    if target is None:
        return
    rate = Fraction(reference.latest_scheme(unit.session, reference.MAIN_SCHEME).fund_rate)
    limit = half_up(rate.numerator * target.fen, rate.denominator)
    p, ln = FundPlan, FundPlanLine
    query = (
        select(cast(func.sum(ln.due), BigInteger))
        .join(p, p.id == ln.plan_id)
        .where(p.kind == "advance", ln.bank == bank, p.made_on >= date(year, 1, 1), p.made_on <= date(year, 12, 31))
    )
    found = Fen((unit.session.execute(query).scalar() or 0) + amount)
    if found > limit:
        raise OverTarget(rule="5.4", bank=bank, year=year, limit=plain(limit), found=plain(found))


def check_standing(unit: Unit, county: str, bank: str) -> None:
    """Raise NotFound for a fund account that does not exist, and WoundDown for a wound-down account (5.8)."""
    reference.bank_status(unit.session, bank, unit.today)
    if reference.county_of(unit.session, county) != county:
        raise NotFound(what="county", id=county)
    wound_down = unit.session.get(FundReturn, (county, bank))
    if wound_down is not None:
        raise WoundDown(rule="5.8", county=county, bank=bank, found=wound_down.on)
