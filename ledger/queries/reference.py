"""Reference facts: loaded once at set-up, added to by people, read through small caches."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from io import StringIO

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from ledger.calendar import EMPTY, CalendarDay, WorkCalendar, load_calendar
from ledger.chart import Kind, accounts_of, book_of
from ledger.dates import moment
from ledger.errors import NotFound, RuleViolation
from ledger.policy import rates
from ledger.policy.rates import RateRow, RateTable
from ledger.policy.schemes import Scheme, load_preset, parse_scheme, presets
from ledger.tables import reference as t
from ledger.tables.journal import accounts, books
from ledger.unit_of_work import Unit

MAIN_SCHEME = "ganzhou-2016"
"""The city's own programme: its numbers hold where a figure is not about one loan."""

_EVER = date(1949, 10, 1)


class AlreadyLoaded(RuleViolation):
    code = "already_loaded"
    zh = "{what} {found:text} 已存在，不能改动"
    en = "{what} {found:text} is there already; it is never changed"


def load(unit: Unit) -> None:
    """Put in what the product comes with, as far as it is missing; what is there stays as it is."""
    _load_counties(unit)
    _load_banks(unit)
    for code in presets():
        if latest_version(unit.session, code) is None:
            add_scheme(unit, load_preset(code))
    present = rate_tables(unit.session)
    for code, table in rates.load_tables().items():
        if code not in present:
            add_rates(unit, code, table.rows, table.covered_through, table.source)
    published = work_calendar(unit.session)
    calendar = load_calendar()
    for year, source in calendar.sources.items():
        if not published.covers(year):
            add_calendar(unit, year, calendar.of_year(year), source)


def add_county(unit: Unit, county: str, name: str, kind: str) -> None:
    """A county or area, with its fund and subsidy books."""
    unit.session.add(t.County(id=county, name=name, kind=kind))
    unit.session.flush()
    for book in (Kind.FUND, Kind.SUBSIDY):
        _open_book(unit, book, book_of(book, bank="", county=county))


def add_bank(unit: Unit, code: str, name: str, status: str, effective_on: date) -> None:
    """A bank with its loan book, and its status from a day on; raises AlreadyLoaded."""
    if unit.session.get(t.Bank, code) is not None:
        raise AlreadyLoaded(what="bank", found=code)
    unit.session.add(t.Bank(code=code, name=name))
    unit.session.flush()
    set_bank_status(unit, code, status, effective_on)
    _open_book(unit, Kind.LOAN, book_of(Kind.LOAN, bank=code, county=""))


def set_bank_status(unit: Unit, code: str, status: str, effective_on: date) -> None:
    """A bank is pilot, eliminated or substituted from a day on; raises NotFound, AlreadyLoaded."""
    if unit.session.get(t.Bank, code) is None:
        raise NotFound(what="bank", id=code)
    if unit.session.get(t.BankStatus, (code, effective_on)) is not None:
        raise AlreadyLoaded(what="bank status", found=f"{code} {effective_on}")
    unit.session.add(
        t.BankStatus(
            bank=code,
            effective_on=effective_on,
            status=status,
            recorded_by=unit.user,
            recorded_at=moment(unit.recorded_at),
        )
    )


def add_scheme(unit: Unit, scheme: Scheme) -> None:
    """Keep a scheme version; it is never changed afterwards. Raises AlreadyLoaded."""
    if unit.session.get(t.SchemeVersion, (scheme.code, scheme.version)) is not None:
        raise AlreadyLoaded(what="scheme", found=f"{scheme.code} v{scheme.version}")
    unit.session.add(
        t.SchemeVersion(
            code=scheme.code,
            version=scheme.version,
            hash=scheme.content_hash,
            signed_from=scheme.signed_from,
            signed_to=scheme.signed_to,
            text=scheme.document,
            recorded_by=unit.user,
            recorded_at=moment(unit.recorded_at),
        )
    )
    unit.session.flush()


def add_rates(unit: Unit, code: str, rows: tuple[RateRow, ...], covered_through: date, source: str) -> RateTable:
    """Append rows to a rate table and say through which day it was looked at; raises RateRowsRefused."""
    present = rate_tables(unit.session).get(code)
    if present is None:
        table = rates.rate_table(code, rows, covered_through, source)
    else:
        table = rates.extend(present, rows, covered_through, source)
    at = moment(unit.recorded_at)
    for row in rows:
        unit.session.add(
            t.RateRow(
                table=code,
                effective_on=row.effective_on,
                rates=json.dumps([str(rate) for rate in row.rates]),
                source=row.source,
                recorded_by=unit.user,
                recorded_at=at,
            )
        )
    unit.session.merge(
        t.RateCoverage(
            table=code, covered_through=covered_through, source=source, recorded_by=unit.user, recorded_at=at
        )
    )
    unit.session.flush()
    return table


def add_calendar(unit: Unit, year: int, rows: tuple[CalendarDay, ...], source: str) -> WorkCalendar:
    """Publish a year's calendar; raises CalendarRowsRefused."""
    calendar = work_calendar(unit.session).with_year(year, rows, source)
    unit.session.add(
        t.CalendarYear(year=year, source=source, recorded_by=unit.user, recorded_at=moment(unit.recorded_at))
    )
    unit.session.flush()
    unit.session.add_all(t.CalendarDay(day=row.day, year=year, name=row.name, kind=row.kind) for row in rows)
    unit.session.flush()
    return calendar


def scheme_of(session: Session, code: str, version: int) -> Scheme:
    """A scheme version, asked for once a session and parsed once: it never changes. Raises NotFound."""
    known: dict[tuple[str, int], Scheme] = session.info.setdefault("schemes", {})
    if (scheme := known.get((code, version))) is not None:
        return scheme
    found = session.execute(
        select(t.SchemeVersion.hash).where(t.SchemeVersion.code == code, t.SchemeVersion.version == version)
    ).scalar()
    if found is None:
        raise NotFound(what="scheme", id=f"{code} v{version}")
    if (scheme := _schemes.get(found)) is None:
        text = session.execute(select(t.SchemeVersion.text).where(t.SchemeVersion.hash == found)).scalar_one()
        scheme = _schemes[found] = parse_scheme(text)
    known[code, version] = scheme
    return scheme


def latest_version(session: Session, code: str) -> int | None:
    """The newest version of a scheme, None where there is none."""
    return session.execute(select(func.max(t.SchemeVersion.version)).where(t.SchemeVersion.code == code)).scalar()


def latest_scheme(session: Session, code: str) -> Scheme:
    """The newest version of a scheme; raises NotFound."""
    version = latest_version(session, code)
    if version is None:
        raise NotFound(what="scheme", id=code)
    return scheme_of(session, code, version)


def rate_tables(session: Session) -> Mapping[str, RateTable]:
    """The published rate tables, by code."""
    covered = session.execute(
        select(t.RateCoverage.table, func.max(t.RateCoverage.covered_through)).group_by(t.RateCoverage.table)
    ).all()
    return {code: _rate_table(session, code, through) for code, through in covered}


def work_calendar(session: Session) -> WorkCalendar:
    """The working-day calendar of all published years."""
    years = tuple(session.execute(select(t.CalendarYear.year).order_by(t.CalendarYear.year)).scalars())
    if years not in _calendars:
        calendar = EMPTY
        sources = dict(session.execute(select(t.CalendarYear.year, t.CalendarYear.source)).all())
        days: dict[int, list[CalendarDay]] = {}
        for row in session.execute(select(t.CalendarDay).order_by(t.CalendarDay.day)).scalars():
            kind: CalendarDay = CalendarDay(row.day, row.name, "off" if row.kind == "off" else "makeup_workday")
            days.setdefault(row.year, []).append(kind)
        for year in years:
            calendar = calendar.with_year(year, days[year], sources[year])
        _calendars[years] = calendar
    return _calendars[years]


def county_of(session: Session, code: str) -> str:
    """Today's id of a county given by today's or a retired code; raises NotFound."""
    county = session.execute(select(t.CountyCode.county).where(t.CountyCode.code == code)).scalar()
    if county is None:
        raise NotFound(what="county", id=code)
    return county


def bank_status(session: Session, bank: str, on: date) -> str:
    """A bank's status on a day: pilot, eliminated or substituted; raises NotFound before its first one."""
    status = session.execute(
        select(t.BankStatus.status)
        .where(t.BankStatus.bank == bank, t.BankStatus.effective_on <= on)
        .order_by(t.BankStatus.effective_on.desc())
        .limit(1)
    ).scalar()
    if status is None:
        raise NotFound(what="bank", id=f"{bank} ({on})")
    return status


_schemes: dict[str, Scheme] = {}
_calendars: dict[tuple[int, ...], WorkCalendar] = {}


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


def _open_book(unit: Unit, kind: Kind, book: str) -> None:
    unit.connection.execute(insert(books).values(book=book, kind=kind.value))
    unit.connection.execute(insert(accounts), [{"book": book, "code": account.code} for account in accounts_of(kind)])


def _load_counties(unit: Unit) -> None:
    known = set(unit.session.execute(select(t.County.id)).scalars())
    retired = list(_facts("retired_codes"))
    for row in _facts("counties"):
        if row["code"] in known:
            continue
        add_county(unit, row["code"], row["name"], row["kind"])
        before = [old for old in retired if old["county"] == row["code"]]
        since = max((date.fromisoformat(old["retired_on"]) for old in before), default=_EVER)
        unit.session.add(t.CountyCode(code=row["code"], county=row["code"], name=row["name"], starts_on=since))
        for old in before:
            unit.session.add(
                t.CountyCode(
                    code=old["code"],
                    county=row["code"],
                    name=old["name"],
                    starts_on=_EVER,
                    ends_on=date.fromisoformat(old["retired_on"]),
                )
            )
    unit.session.flush()


def _load_banks(unit: Unit) -> None:
    known = set(unit.session.execute(select(t.Bank.code)).scalars())
    for row in _facts("banks"):
        if row["code"] not in known:
            add_bank(unit, row["code"], row["name"], "pilot", date.fromisoformat(row["pilot_from"]))


def _facts(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(StringIO((files("ledger") / "facts" / f"{name}.csv").read_text("utf-8")))
