"""Tests of working days: the State Council's calendar, the programme's deadlines, and unpublished years."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from ledger.calendar import EMPTY, CalendarDay, CalendarRowsRefused, load_calendar, read_days

CALENDAR = load_calendar()
PUBLISHED = range(2015, 2027)
DAYS = st.dates(date(2014, 1, 1), date(2028, 12, 31))


def days_of(year: int) -> list[date]:
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    return [first + timedelta(each) for each in range((after - first).days)]


@pytest.mark.parametrize("year", PUBLISHED)
def test_every_day_agrees_with_two_other_calendars(year: int) -> None:
    library = country_holidays("CN", years=[year - 1, year, year + 1])
    for day in days_of(year):
        ours = CALENDAR.is_working(day)
        assert ours == chinese_calendar.is_workday(day) == library.is_working_day(day), day


@pytest.mark.parametrize("case, day, working", [
    ("an ordinary Monday",                     "2016-09-26", True),
    ("an ordinary Saturday",                   "2016-09-24", False),
    ("National Day",                           "2016-10-01", False),
    ("a weekday off to make a week",           "2016-10-07", False),
    ("the Saturday worked for it",             "2016-10-08", True),
    ("the parade of 2015",                     "2015-09-03", False),
    ("the Sunday worked for it",               "2015-09-06", True),
    ("Labour Day of 2019, changed in spring",  "2019-05-02", False),
    ("the Spring Festival that was prolonged", "2020-01-31", False),
    ("worked again after it",                  "2020-02-03", True),
])  # fmt: skip
def test_a_day_is_worked_or_not(case: str, day: str, working: bool) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day)) == working


@pytest.mark.parametrize("case, approved, payable_by", [
    ("a make-up Saturday counts",            "2016-09-26", "2016-10-08"),
    ("National Day week and a Sunday worked", "2019-09-26", "2019-10-09"),
    ("Mid-Autumn within the week",           "2025-09-26", "2025-10-10"),
    ("an ordinary week",                     "2017-06-26", "2017-07-03"),
    ("approved on a Saturday",               "2017-06-24", "2017-06-30"),
])  # fmt: skip
def test_five_working_days_after_approval(case: str, approved: str, payable_by: str) -> None:
    assert CALENDAR.add_working_days(date.fromisoformat(approved), 5) == date.fromisoformat(payable_by)


def test_no_working_days_after_a_day_are_that_day() -> None:
    assert CALENDAR.add_working_days(date(2016, 10, 1), 0) == date(2016, 10, 1)


@pytest.mark.parametrize("case, day, worked", [
    ("a working day is its own",      "2016-10-08", "2016-10-08"),
    ("a Saturday becomes Monday",     "2016-09-24", "2016-09-26"),
    ("National Day goes to the 8th",  "2019-10-01", "2019-10-08"),
    ("the make-up Sunday is worked",  "2019-09-29", "2019-09-29"),
    ("New Year's Eve over the year",  "2016-12-31", "2017-01-03"),
])  # fmt: skip
def test_the_next_day_worked(case: str, day: str, worked: str) -> None:
    assert CALENDAR.next_working(date.fromisoformat(day)) == date.fromisoformat(worked)


@given(DAYS)
def test_nothing_is_worked_between_a_day_and_the_next_one_worked(day: date) -> None:
    worked = CALENDAR.next_working(day)
    assert CALENDAR.is_working(worked)
    assert not any(CALENDAR.is_working(day + timedelta(each)) for each in range((worked - day).days))


@given(DAYS, st.integers(0, 20), st.integers(0, 20))
def test_working_days_add_up(day: date, some: int, more: int) -> None:
    there = CALENDAR.add_working_days(CALENDAR.add_working_days(day, some), more)
    assert there == CALENDAR.add_working_days(day, some + more)


def test_a_published_year_is_covered_and_another_is_provisional() -> None:
    assert [CALENDAR.covers(year) for year in (2014, 2015, 2026, 2027)] == [False, True, True, False]
    assert not CALENDAR.is_provisional(date(2026, 12, 31))
    assert CALENDAR.is_provisional(date(2027, 1, 1))


@pytest.mark.parametrize(
    "case, day, working",
    [
        ("a Saturday that may be made up", "2027-10-09", False),
        ("an ordinary weekday", "2027-10-11", True),
        ("a holiday fixed by law", "2027-10-01", False),
    ],
)
def test_a_year_not_published_goes_by_weekends_and_the_law(case: str, day: str, working: bool) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day)) == working


NOTICE_2027 = (
    CalendarDay(date(2026, 12, 31), "元旦", "off"),
    CalendarDay(date(2027, 1, 1), "元旦", "off"),
    CalendarDay(date(2027, 10, 9), "国庆节", "makeup_workday"),
)


def test_a_published_year_settles_what_was_provisional() -> None:
    longer = CALENDAR.with_year(2027, NOTICE_2027, "国办发明电〔2026〕")
    assert longer.is_working(date(2027, 10, 9))
    assert longer.is_working(date(2027, 10, 1)), "only the notice counts once it is there"
    assert not longer.is_working(date(2026, 12, 31)), "a notice may take days of the December before"
    assert not longer.is_provisional(date(2027, 1, 1))
    assert longer.sources[2027] == "国办发明电〔2026〕"
    assert longer.of_year(2027) == NOTICE_2027[1:]


def test_a_calendar_does_not_change_by_another_year() -> None:
    CALENDAR.with_year(2027, NOTICE_2027)
    assert not CALENDAR.covers(2027)
    assert CALENDAR.is_working(date(2026, 12, 31))


@pytest.mark.parametrize("case, year, rows", [
    ("a year published already",  2026, (CalendarDay(date(2026, 7, 1), "建党节", "off"),)),
    ("no day off at all",         2027, NOTICE_2027[2:]),
    ("a day of another year",     2027, (*NOTICE_2027, CalendarDay(date(2028, 1, 1), "元旦", "off"))),
    ("a November day before",     2027, (*NOTICE_2027, CalendarDay(date(2026, 11, 30), "元旦", "off"))),
    ("a day twice",               2027, (*NOTICE_2027, CalendarDay(date(2027, 1, 1), "元旦", "off"))),
])  # fmt: skip
def test_days_that_make_no_calendar_are_refused(case: str, year: int, rows: tuple[CalendarDay, ...]) -> None:
    with pytest.raises(CalendarRowsRefused) as refused:
        CALENDAR.with_year(year, rows)
    assert len(refused.value.facts["faults"]) == 1


def test_all_faults_of_a_year_are_told_at_once() -> None:
    with pytest.raises(CalendarRowsRefused) as refused:
        CALENDAR.with_year(2026, [CalendarDay(date(2024, 10, 1), "国庆节", "off")] * 2, "")
    assert len(refused.value.facts["faults"]) == 8


@pytest.mark.parametrize(
    "case, line",
    [
        ("a kind not known", "2027-01-01,元旦,holiday"),
        ("no such day", "2027-02-29,春节,off"),
        ("a cell too few", "2027-01-01,off"),
    ],
)
def test_a_sheet_of_days_names_the_line_that_is_wrong(case: str, line: str) -> None:
    with pytest.raises(ValueError, match="line 3"):
        read_days(f"date,name,kind\n2027-01-01,元旦,off\n{line}\n")


def test_without_any_notice_every_day_is_provisional() -> None:
    assert EMPTY.is_provisional(date(2019, 5, 2))
    assert not EMPTY.is_working(date(2019, 10, 1))
