"""Business days in Asia/Shanghai, half-open spans of days, months and quarters."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def business_day(at: datetime) -> date:
    """Return the business date in Asia/Shanghai of an aware moment."""
    return at.astimezone(SHANGHAI).date()


def micros(at: datetime) -> int:
    """Return an aware moment as the database stores it: in whole microseconds since 1970 (UTC)."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(stored: int) -> datetime:
    """Return the aware UTC moment of a stored number of microseconds."""
    return EPOCH + timedelta(microseconds=stored)


def day_start(day: date) -> datetime:
    """Return the moment, in UTC, at which a business day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Return the day `months` months later; a negative number gives an earlier day (scheme 2.6).

    Where the resulting month has too few days, return the last day of the resulting month.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(born_on: date, day: date) -> int:
    """Return a person's age in completed years on a day (scheme 2.1)."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


@lru_cache(maxsize=2**14)
def iso_day(day: date) -> str:
    """Return the ISO text of a day, such as `2016-12-21`; thousands of rows have only a few different days."""
    return day.isoformat()


def month_of(day: date) -> str:
    """Return the accounting month of a day, written `2016-05`."""
    return f"{day.year:04d}-{day.month:02d}"


def month_last(month: str) -> date:
    """Return the last day of a month written `2016-05`; raise ValueError for text in any other form."""
    first = date.fromisoformat(f"{month}-01")
    return add_months(first, 1) - DAY


def next_month(closed: date | None) -> str | None:
    """Return the month to close next, written `2016-06`; return None where no month is closed, so any month may be
    first.
    """
    return None if closed is None else month_of(closed + DAY)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of days from `start` to `end`, without `end` itself (算头不算尾)."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return max(0, (self.end - self.start).days)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter, written `2016Q2`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quarter written in the form 2016Q2; raise ValueError for any other text."""
        year, mark, number = text[:4], text[4:5], text[5:]
        if len(text) != 6 or not year.isascii() or not year.isdigit() or mark != "Q" or number not in "1234":
            raise ValueError(f"not a quarter: {text!r}")
        return cls(int(year), int(number))

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the calendar quarter of a day."""
        return cls(day.year, (day.month + 2) // 3)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"

    def shift(self, quarters: int) -> "Quarter":
        """Return the quarter that is `quarters` quarters later; a negative number gives an earlier quarter."""
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1)

    @property
    def calendar(self) -> Span:
        """Return the calendar days of the quarter: for 2016Q2 from 2016-04-01 up to, but without, 2016-07-01."""
        start = date(self.year, self.number * 3 - 2, 1)
        return Span(start, add_months(start, 3))

    @property
    def interest(self) -> Span:
        """Return the days whose interest is settled in the quarter (scheme 3.4).

        For 2016Q2 the days run from 2016-03-21 up to, but without, 2016-06-21.
        """
        end = date(self.year, self.number * 3, 21)
        return Span(add_months(end, -3), end)


# The cache has room for the days of more than twenty years; every settlement line looks up its posting day twice.
@lru_cache(maxsize=8192)
def next_settlement(day: date) -> date:
    """Return the first posting day (付息日, the 21st of Mar/Jun/Sep/Dec) after a day (scheme 3.4)."""
    end = Quarter.of(day).interest.end
    return end if day < end else add_months(end, 3)


def settlements(after: date, through: date) -> Iterator[date]:
    """Return every posting day after `after`, up to and including `through`."""
    day = next_settlement(after)
    while day <= through:
        yield day
        day = add_months(day, 3)
