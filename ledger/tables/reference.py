"""The tables of reference data: counties, banks, scheme versions, rate tables, work calendars."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Moment


class County(Base):
    """A county (县、市、区); its id is the county code in use at present."""

    __tablename__ = "counties"

    id: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))


class CountyCode(Base):
    """A county code of GB/T 2260, current or retired, valid from `starts_on` to `ends_on`, excluding `ends_on`."""

    __tablename__ = "county_codes"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    name: Mapped[str] = mapped_column(String(40))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)


class Bank(Base):
    """A pilot bank (试点银行)."""

    __tablename__ = "banks"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))


class BankStatus(Base):
    """A bank's status in the scheme from a day on: pilot 试点, eliminated 淘汰 or substituted 递补.

    Rows of bank statuses are only added, never changed.
    """

    __tablename__ = "bank_statuses"

    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"), primary_key=True)
    effective_on: Mapped[date] = mapped_column(Date, primary_key=True)
    status: Mapped[str] = mapped_column(String(12))
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class SchemeVersion(Base):
    """A version of a scheme (方案), identified by code and version, as its complete TOML text, which never changes."""

    __tablename__ = "schemes"
    __table_args__ = (UniqueConstraint("hash"),)

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    signed_from: Mapped[date] = mapped_column(Date)
    signed_to: Mapped[date] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class RateRow(Base):
    """A row of a rate table (`pboc` 贷款基准利率, `lpr`) for a day, with its rates as fractions in JSON.

    Rows of rate tables are only added, never changed.
    """

    __tablename__ = "rate_rows"

    table: Mapped[str] = mapped_column("table_name", String(10), primary_key=True)
    effective_on: Mapped[date] = mapped_column(Date, primary_key=True)
    rates: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class RateCoverage(Base):
    """The day up to which a rate table was checked to be complete; if a table has several rows, the latest counts."""

    __tablename__ = "rate_coverages"

    table: Mapped[str] = mapped_column("table_name", String(10), primary_key=True)
    covered_through: Mapped[date] = mapped_column(Date, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)


class CalendarDay(Base):
    """A day off or a make-up working day (调休上班日) of a published year."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("calendar_years.year"))
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))


class CalendarYear(Base):
    """A year whose State Council calendar of working days is loaded."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime] = mapped_column(Moment)
