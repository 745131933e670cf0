"""Business days, half-open spans, months, quarters; Asia/Shanghai is where the day turns."""

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
    """The business date in Asia/Shanghai of an aware moment."""
    return at.astimezone(SHANGHAI).date()


def micros(at: datetime) -> int:
    """Whole microseconds since 1970 (UTC) of an aware moment, as moments are stored."""
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(stored: int) -> datetime:
    """The aware UTC moment of stored microseconds."""
    return EPOCH + timedelta(microseconds=stored)


def day_start(day: date) -> datetime:
    """The moment at which a business day begins in Asia/Shanghai, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), or that month's last day (scheme 2.6)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(born_on: date, day: date) -> int:
    """Age in completed years on a day (scheme 2.1)."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def month_of(day: date) -> str:
    """The accounting month of a day, `2016-05`."""
    return f"{day.year:04d}-{day.month:02d}"


def month_last(month: str) -> date:
    """The last day of a month written `2016-05`; raises ValueError when it is not one."""
    first = date.fromisoformat(f"{month}-01")
    return add_months(first, 1) - DAY


def next_month(closed: date | None) -> str | None:
    """Return the month a book closes next, `2016-06`; None where none was closed yet and any may be the first."""
    return None if closed is None else month_of(closed + DAY)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` to `end`; the end is not counted (算头不算尾)."""

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
        """Raises ValueError when the text is not of the form 2016Q2."""
        year, mark, number = text[:4], text[4:5], text[5:]
        if len(text) != 6 or not year.isascii() or not year.isdigit() or mark != "Q" or number not in "1234":
            raise ValueError(f"not a quarter: {text!r}")
        return cls(int(year), int(number))

    @classmethod
    def of(cls, day: date) -> Self:
        """The calendar quarter a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    def __str__(self) -> str:
        return f"{self.year:04d}Q{self.number}"

    def shift(self, quarters: int) -> "Quarter":
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1)

    @property
    def calendar(self) -> Span:
        """Calendar days: 2016Q2 is 04-01 to 07-01."""
        start = date(self.year, self.number * 3 - 2, 1)
        return Span(start, add_months(start, 3))

    @property
    def interest(self) -> Span:
        """Days of interest settled in it: 2016Q2 is 03-21 to 06-21 (scheme 3.4)."""
        end = date(self.year, self.number * 3, 21)
        return Span(add_months(end, -3), end)


@lru_cache(maxsize=8192)  # asked twice for every line of every loan, of some twenty years of days
def next_settlement(day: date) -> date:
    """The first posting day (付息日, the 21st of Mar/Jun/Sep/Dec) after `day` (scheme 3.4)."""
    end = Quarter.of(day).interest.end
    return end if day < end else add_months(end, 3)


def settlements(after: date, through: date) -> Iterator[date]:
    """Every posting day after `after`, up to and including `through`."""
    day = next_settlement(after)
    while day <= through:
        yield day
        day = add_months(day, 3)
