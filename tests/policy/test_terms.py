"""Tests of due dates, the rolling of due dates to working days, and extensions."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.calendar import load_calendar
from ledger.dates import add_months
from ledger.errors import RuleViolation
from ledger.policy.schemes import load_preset
from ledger.policy.terms import (
    ExtensionRepeated,
    ExtensionTooLate,
    ExtensionTooLong,
    due_on,
    extend_term,
    extension_months_max,
    rolled,
)

GANZHOU = load_preset("ganzhou-2016")
CALENDAR = load_calendar()


@pytest.mark.parametrize("case, disbursed, months, due", [
    ("the golden loan",                   "2016-05-10", 36, "2019-05-10"),
    ("the month has no 31st",             "2016-05-31", 37, "2019-06-30"),
    ("a leap day",                        "2016-02-29", 36, "2019-02-28"),
    ("a leap day to a leap day",          "2016-02-29", 48, "2020-02-29"),
    ("the 31st stays the 31st",           "2016-05-31", 38, "2019-07-31"),
    ("the last of a short month stays",   "2016-06-30", 37, "2019-07-30"),
    ("over the year",                     "2016-12-31", 2,  "2017-02-28"),
])  # fmt: skip
def test_the_due_date_counts_from_the_disbursement(case: str, disbursed: str, months: int, due: str) -> None:
    assert due_on(date.fromisoformat(disbursed), months) == date.fromisoformat(due)


@pytest.mark.parametrize(
    "case, due, payable, unrolled",
    [
        ("a working day", "2019-05-10", "2019-05-10", "2019-05-10"),
        ("National Day week", "2019-10-01", "2019-10-08", "2019-10-01"),
        ("a Saturday", "2019-06-15", "2019-06-17", "2019-06-15"),
        ("a make-up Sunday does not roll", "2019-09-29", "2019-09-29", "2019-09-29"),
    ],
)
def test_a_due_date_rolls_to_the_next_working_day(case: str, due: str, payable: str, unrolled: str) -> None:
    day = date.fromisoformat(due)
    assert rolled(day, CALENDAR, "following") == date.fromisoformat(payable)
    assert rolled(day, CALENDAR, "none") == date.fromisoformat(unrolled)


@pytest.mark.parametrize(
    "case, months, longest",
    [
        ("three years", 36, 18),
        ("five years", 60, 30),
        ("half an odd term is cut down", 37, 18),
        ("a single month has no half", 1, 0),
    ],
)
def test_an_extension_is_at_most_half_the_term(case: str, months: int, longest: int) -> None:
    assert extension_months_max(GANZHOU, months) == longest


DISBURSED = date(2016, 5, 31)


@pytest.mark.parametrize("case, agreed, earlier, months, refusal", [
    ("the day before it is due",     "2019-05-30", 0, 18, None),
    ("long before",                  "2017-01-01", 0, 1,  None),
    ("on the due date",              "2019-05-31", 0, 6,  ExtensionTooLate),
    ("after the due date",           "2019-06-01", 0, 6,  ExtensionTooLate),
    ("a second time",                "2019-05-30", 1, 6,  ExtensionRepeated),
    ("a month more than half",       "2019-05-30", 0, 19, ExtensionTooLong),
    ("no month at all",              "2019-05-30", 0, 0,  ExtensionTooLong),
    ("back by a month",              "2019-05-30", 0, -1, ExtensionTooLong),
])  # fmt: skip
def test_an_extension_is_agreed_in_time_once_and_at_most_half(
    case: str, agreed: str, earlier: int, months: int, refusal: type[RuleViolation] | None
) -> None:
    terms = (GANZHOU, DISBURSED, 36, earlier, date.fromisoformat(agreed), months)
    if refusal is None:
        assert extend_term(*terms).months == months
    else:
        with pytest.raises(refusal) as refused:
            extend_term(*terms)
        assert refused.value.facts["rule"] == "3.10"
        assert {"limit", "found"} <= refused.value.facts.keys()


def test_an_extended_due_date_counts_from_the_disbursement_too() -> None:
    extension = extend_term(GANZHOU, DISBURSED, 37, 0, date(2019, 6, 1), 1)
    assert (extension.old_due_on, extension.due_on) == (date(2019, 6, 30), date(2019, 7, 31))
    assert extension.cumulative_months == 38


def test_a_scheme_may_forbid_extensions() -> None:
    with pytest.raises(ExtensionRepeated):
        extend_term(replace(GANZHOU, extensions_max=0), DISBURSED, 36, 0, date(2017, 1, 1), 1)


@given(st.dates(date(2014, 1, 1), date(2025, 1, 1)), st.integers(2, 60), st.data())
def test_the_days_added_lie_between_the_due_dates(disbursed: date, months: int, data: st.DataObject) -> None:
    more = data.draw(st.integers(1, months // 2))
    extension = extend_term(GANZHOU, disbursed, months, 0, disbursed, more)
    assert extension.old_due_on < extension.due_on == add_months(disbursed, months + more)
