"""Working days by the calendar that the State Council publishes for each year: days off and make-up days (调休)."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO
from types import MappingProxyType
from typing import Literal

from holidays import country_holidays

from ledger.dates import DAY
from ledger.errors import RuleViolation
from ledger.labels import Said

SATURDAY = 5
NOTICE = "国务院办公厅关于部分节假日安排的通知"


class CalendarRowsRefused(RuleViolation):
    """A refusal because the days given for a year do not make a calendar; `faults` lists every fault."""

    code = "calendar_rows_refused"
    zh = "{year} 年工作日历不能载入：{faults:text}"
    en = "the calendar of {year} is not taken: {faults:text}"


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day named in a year's notice: a day off, or a make-up working day for a day off.

    The notice lists 2020-02-03 as a working day that makes up for no day off, because the extended holiday ended the
    day before.
    """

    day: date
    name: str
    kind: Literal["off", "makeup_workday"]


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The working days of the published years, stored as the days that differ from the rule Monday to Friday.

    In an unpublished year, weekends and the holidays fixed by law are days off, and there are no make-up working days.
    Dates computed in an unpublished year are provisional.
    """

    sources: Mapping[int, str]
    days: tuple[CalendarDay, ...]
    off: frozenset[date]
    made_up: frozenset[date]

    def covers(self, year: int) -> bool:
        """Return whether the calendar of a year is published."""
        return year in self.sources

    def is_provisional(self, day: date) -> bool:
        """Return whether the calendar of the day's year is still unpublished."""
        return day.year not in self.sources

    def is_working(self, day: date) -> bool:
        """Return whether a day is a working day."""
        if day in self.made_up:
            return True
        if day.weekday() >= SATURDAY or day in self.off:
            return False
        return day.year in self.sources or day not in _by_law(day.year)

    def next_working(self, day: date) -> date:
        """Return the day itself if it is a working day, else the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def add_working_days(self, day: date, days: int) -> date:
        """Return the working day that is `days` working days after a day, the day itself not counted; for 0, return the
        day.
        """
        for _ in range(days):
            day = self.next_working(day + DAY)
        return day

    def with_year(self, year: int, rows: Sequence[CalendarDay], source: str = NOTICE) -> "WorkCalendar":
        """Return the calendar with one more year published.

        The notice of a year may also name days of the preceding December. Raise CalendarRowsRefused, with every fault,
        where the days do not make a calendar.
        """
        faults = [*_faults(year, rows, self.off | self.made_up)]
        if year in self.sources:
            faults.append(Said(f"{year} is published already", f"{year} 年已经公布"))
        if not source.strip():
            faults.append(Said("a source is named", "须注明来源"))
        if faults:
            raise CalendarRowsRefused(rule="7", year=year, faults=faults)
        sources = MappingProxyType({**self.sources, year: source})
        kinds = {kind: {row.day for row in rows if row.kind == kind} for kind in ("off", "makeup_workday")}
        return replace(
            self,
            sources=sources,
            days=(*self.days, *rows),
            off=self.off | kinds["off"],
            made_up=self.made_up | kinds["makeup_workday"],
        )

    def of_year(self, year: int) -> tuple[CalendarDay, ...]:
        """Return the days of a year that a notice names."""
        return tuple(row for row in self.days if row.day.year == year)


EMPTY = WorkCalendar(MappingProxyType({}), (), frozenset(), frozenset())
"""A calendar without any published year."""


@cache
def load_calendar() -> WorkCalendar:
    """Return the calendar of the years that come with the product, 2015 to 2026."""
    text = (files("ledger") / "calendars" / "state_council.csv").read_text("utf-8")
    calendar = EMPTY
    rows = read_days(text)
    for year in sorted({row.day.year for row in rows}):
        calendar = calendar.with_year(year, [row for row in rows if row.day.year == year])
    return calendar


def read_days(text: str) -> tuple[CalendarDay, ...]:
    """Return the days of a CSV text with the columns date, name, kind; raise ValueError naming the first bad line."""
    lines = list(csv.reader(StringIO(text)))[1:]
    return tuple(_day(number, line) for number, line in enumerate(lines, 2))


def _day(number: int, line: Sequence[str]) -> CalendarDay:
    try:
        day, name, kind = line
        if kind == "off":
            return CalendarDay(date.fromisoformat(day), name, "off")
        if kind == "makeup_workday":
            return CalendarDay(date.fromisoformat(day), name, "makeup_workday")
    except ValueError as fault:
        raise ValueError(Said(f"line {number}: {fault}", f"第 {number} 行不是日期、名称、类型三列")) from None
    raise ValueError(
        Said(f"line {number}: neither off nor makeup_workday: {kind!r}", f"第 {number} 行的类型须为放假或调休上班")
    )


def _faults(year: int, rows: Sequence[CalendarDay], named: frozenset[date]) -> Iterator[Said]:
    if not any(row.kind == "off" and row.day.year == year for row in rows):
        yield Said(f"a notice names days off in {year}", f"通知须列明 {year} 年的放假日")
    yield from _repeated(row.day for row in rows)
    for row in rows:
        if row.day.year != year and (row.day.year, row.day.month) != (year - 1, 12):
            yield Said(
                f"{row.day} is neither in {year} nor in the December before",
                f"{row.day} 既不在 {year} 年，也不在上年十二月",
            )
        if row.day in named:
            yield Said(f"{row.day} is named already", f"{row.day} 已经列过")


def _repeated(days: Iterable[date]) -> Iterator[Said]:
    seen: set[date] = set()
    for day in days:
        if day in seen:
            yield Said(f"{day} stands twice", f"{day} 重复")
        seen.add(day)


@cache
def _by_law(year: int) -> frozenset[date]:
    """Return the holidays of a year that the law fixes (全国年节及纪念日放假办法), known before the year's notice."""
    return frozenset(country_holidays("CN", years=year))
