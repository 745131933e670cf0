"""Queries of the stored reference data (基础资料), with small caches: schemes, rates, calendars, counties, banks."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from weakref import WeakKeyDictionary

from sqlalchemy import Pool, func, select
from sqlalchemy.orm import Session

from ledger.cache import CacheKey, cache_of
from ledger.calendar import EMPTY, CalendarDay, WorkCalendar
from ledger.errors import NotFound
from ledger.policy import rates
from ledger.policy.rates import RateRow, RateTable
from ledger.policy.schemes import Scheme, read_stored
from ledger.tables import reference as t

MAIN_SCHEME = "ganzhou-2016"
"""The code of the city's own programme, whose parameters apply to figures that are not about one loan."""


def scheme_of(session: Session, code: str, version: int) -> Scheme:
    """Return a scheme version; raise NotFound if the version is unknown.

    A stored scheme version never changes. The content hash of a version is read once per session, and each scheme
    document is parsed once per process.
    """
    known = cache_of(session).get(_SCHEMES, dict)
    if (scheme := known.get((code, version))) is None:
        scheme = known[code, version] = _read_scheme(session, code, version)
    return scheme


def latest_version(session: Session, code: str) -> int | None:
    """Return the number of the newest version of a scheme; None for an unknown scheme."""
    return session.execute(select(func.max(t.SchemeVersion.version)).where(t.SchemeVersion.code == code)).scalar()


def latest_scheme(session: Session, code: str) -> Scheme:
    """Return the newest version of a scheme; raise NotFound for an unknown scheme."""
    version = latest_version(session, code)
    if version is None:
        raise NotFound(what="scheme", id=code)
    return scheme_of(session, code, version)


def rate_tables(session: Session) -> Mapping[str, RateTable]:
    """Return all published rate tables by code."""
    covered = session.execute(
        select(t.RateCoverage.table, func.max(t.RateCoverage.covered_through)).group_by(t.RateCoverage.table)
    ).all()
    return {code: _rate_table(session, code, through) for code, through in covered}


def work_calendar(session: Session) -> WorkCalendar:
    """Return the working-day calendar of all published years."""
    years = tuple(session.execute(select(t.CalendarYear.year).order_by(t.CalendarYear.year)).scalars())
    calendars = _calendars.setdefault(session.get_bind().engine.pool, {})
    if years not in calendars:
        calendar = EMPTY
        sources = dict(session.execute(select(t.CalendarYear.year, t.CalendarYear.source)).all())
        days: dict[int, list[CalendarDay]] = {}
        for row in session.execute(select(t.CalendarDay).order_by(t.CalendarDay.day)).scalars():
            kind: CalendarDay = CalendarDay(row.day, row.name, "off" if row.kind == "off" else "makeup_workday")
            days.setdefault(row.year, []).append(kind)
        for year in years:
            calendar = calendar.with_year(year, days[year], sources[year])
        calendars[years] = calendar
    return calendars[years]


def county_of(session: Session, code: str) -> str:
    """Return the current id of a county by its current code or a retired code; raise NotFound for an unknown code."""
    county = session.execute(select(t.CountyCode.county).where(t.CountyCode.code == code)).scalar()
    if county is None:
        raise NotFound(what="county", id=code)
    return county


def bank_status(session: Session, bank: str, on: date) -> str:
    """Return a bank's status on a day (pilot, eliminated or substituted); raise NotFound before its first status."""
    status = session.execute(
        select(t.BankStatus.status)
        .where(t.BankStatus.bank == bank, t.BankStatus.effective_on <= on)
        .order_by(t.BankStatus.effective_on.desc())
        .limit(1)
    ).scalar()
    if status is None:
        raise NotFound(what="bank", id=f"{bank} ({on})")
    return status


_SCHEMES = CacheKey[dict[tuple[str, int], Scheme]]("scheme versions")
_parsed: dict[str, Scheme] = {}  # The cache of parsed schemes, by content hash.
# The cache of calendars, by database: a published year never changes within a database, but databases may differ.
_calendars: WeakKeyDictionary[Pool, dict[tuple[int, ...], WorkCalendar]] = WeakKeyDictionary()


def _read_scheme(session: Session, code: str, version: int) -> Scheme:
    content_hash = session.execute(
        select(t.SchemeVersion.hash).where(t.SchemeVersion.code == code, t.SchemeVersion.version == version)
    ).scalar()
    if content_hash is None:
        raise NotFound(what="scheme", id=f"{code} v{version}")
    if (scheme := _parsed.get(content_hash)) is None:
        text = session.execute(select(t.SchemeVersion.text).where(t.SchemeVersion.hash == content_hash)).scalar_one()
        scheme = _parsed[content_hash] = read_stored(text, content_hash)
    return scheme


def _rate_table(session: Session, code: str, covered_through: date) -> RateTable:
    rows = session.execute(
        select(t.RateRow.effective_on, t.RateRow.rates, t.RateRow.source)
        .where(t.RateRow.table == code)
        .order_by(t.RateRow.effective_on)
    ).all()
    source = session.execute(
        select(t.RateCoverage.source).where(
            t.RateCoverage.table == code, t.RateCoverage.covered_through == covered_through
        )
    ).scalar_one()
    return _built(code, tuple((on, text, named) for on, text, named in rows), covered_through, source)


@lru_cache(maxsize=16)
def _built(code: str, rows: tuple[tuple[date, str, str], ...], covered_through: date, source: str) -> RateTable:
    made = [RateRow(on, tuple(map(Decimal, json.loads(text))), named) for on, text, named in rows]
    return rates.rate_table(code, made, covered_through, source)
