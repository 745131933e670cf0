"""Reference data (基础资料): rows are loaded at set-up and upgrade or added by users; a row never changes."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from io import StringIO

from sqlalchemy import insert, select

from ledger.calendar import CalendarDay, WorkCalendar, load_calendar
from ledger.chart import Kind, accounts_of, book_of
from ledger.dates import moment
from ledger.errors import NotFound, RuleViolation
from ledger.policy import rates
from ledger.policy.rates import RateRow, RateTable
from ledger.policy.schemes import Scheme, load_preset, presets
from ledger.queries.reference import rate_tables, work_calendar
from ledger.tables import reference as t
from ledger.tables.journal import accounts, books
from ledger.unit_of_work import Unit

_EVER = date(1949, 10, 1)


class AlreadyLoaded(RuleViolation):
    code = "already_loaded"
    zh = "{what} {found:text} 已存在，不能改动"
    en = "{what} {found:text} is there already; it is never changed"


def load(unit: Unit) -> int:
    """Add the reference data of this release that a database lacks, and return how many rows or sets were added.

    Data that people published or loaded is never overwritten.
    """
    return sum(
        (
            _load_counties(unit),
            _load_banks(unit),
            _load_books(unit),
            _load_presets(unit),
            _load_rates(unit),
            _load_calendars(unit),
        )
    )


def _load_presets(unit: Unit) -> int:
    added = 0
    for code in presets():
        preset = load_preset(code)
        if unit.session.get(t.SchemeVersion, (code, preset.version)) is None:
            add_scheme(unit, preset)
            added += 1
    return added


def _load_rates(unit: Unit) -> int:
    """Add missing rate tables, and add to each existing table the rows after the last day that the table covers."""
    present, added = rate_tables(unit.session), 0
    for code, table in rates.load_tables().items():
        covered = present[code].covered_through if code in present else date.min
        if table.covered_through > covered:
            rows = tuple(row for row in table.rows if row.effective_on > covered)
            add_rates(unit, code, rows, table.covered_through, table.source)
            added += 1
    return added


def _load_calendars(unit: Unit) -> int:
    published, calendar, added = work_calendar(unit.session), load_calendar(), 0
    for year, source in calendar.sources.items():
        if not published.covers(year):
            add_calendar(unit, year, calendar.of_year(year), source)
            added += 1
    return added


def _load_books(unit: Unit) -> int:
    """Add missing accounts to existing books, where this release has added accounts to the chart."""
    connection = unit.connection
    kinds = connection.execute(select(books.c.book, books.c.kind)).all()
    present = {(book, code) for book, code in connection.execute(select(accounts.c.book, accounts.c.code))}
    missing = [
        {"book": book, "code": account.code}
        for book, kind in kinds
        for account in accounts_of(Kind(kind))
        if (book, account.code) not in present
    ]
    if missing:
        connection.execute(insert(accounts), missing)
    return len(missing)


def add_county(unit: Unit, county: str, name: str, kind: str) -> None:
    """Add a county or area with its fund and subsidy books."""
    unit.session.add(t.County(id=county, name=name, kind=kind))
    unit.session.flush()
    for book in (Kind.FUND, Kind.SUBSIDY):
        _open_book(unit, book, book_of(book, bank="", county=county))


def add_bank(unit: Unit, code: str, name: str, status: str, effective_on: date) -> None:
    """Add a bank with its loan book and its first status; raise AlreadyLoaded where the code is in use."""
    if unit.session.get(t.Bank, code) is not None:
        raise AlreadyLoaded(what="bank", found=code)
    unit.session.add(t.Bank(code=code, name=name))
    unit.session.flush()
    set_bank_status(unit, code, status, effective_on)
    _open_book(unit, Kind.LOAN, book_of(Kind.LOAN, bank=code, county=""))


def set_bank_status(unit: Unit, code: str, status: str, effective_on: date) -> None:
    """Record that a bank is pilot, eliminated or substituted from a day on; raise NotFound, AlreadyLoaded."""
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
    """Store a version of a scheme, never to be changed; raise AlreadyLoaded where the version is stored."""
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
    """Add rows to a rate table and record the last day that the table now covers; raise RateRowsRefused."""
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
    """Store the calendar of a year; raise CalendarRowsRefused."""
    calendar = work_calendar(unit.session).with_year(year, rows, source)
    unit.session.add(
        t.CalendarYear(year=year, source=source, recorded_by=unit.user, recorded_at=moment(unit.recorded_at))
    )
    unit.session.flush()
    unit.session.add_all(t.CalendarDay(day=row.day, year=year, name=row.name, kind=row.kind) for row in rows)
    unit.session.flush()
    return calendar


def _open_book(unit: Unit, kind: Kind, book: str) -> None:
    unit.connection.execute(insert(books).values(book=book, kind=kind.value))
    unit.connection.execute(insert(accounts), [{"book": book, "code": account.code} for account in accounts_of(kind)])


def _load_counties(unit: Unit) -> int:
    known = set(unit.session.execute(select(t.County.id)).scalars())
    retired, added = list(_facts("retired_codes")), 0
    for row in _facts("counties"):
        if row["code"] in known:
            continue
        added += 1
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
    return added


def _load_banks(unit: Unit) -> int:
    known = set(unit.session.execute(select(t.Bank.code)).scalars())
    missing = [row for row in _facts("banks") if row["code"] not in known]
    for row in missing:
        add_bank(unit, row["code"], row["name"], "pilot", date.fromisoformat(row["pilot_from"]))
    return len(missing)


def _facts(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(StringIO((files("ledger") / "facts" / f"{name}.csv").read_text("utf-8")))
