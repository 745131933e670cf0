"""Tests of the five grades of loans, which depend on days overdue, on both sides of every limit."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.policy.grading import Grade, days_overdue, days_unpaid, grade
from ledger.policy.schemes import load_preset

GANZHOU = load_preset("ganzhou-2016")


@pytest.mark.parametrize("case, overdue, unpaid, zh, npl", [
    ("nothing late",                           0,   0,   "正常", False),
    ("the first day",                          1,   0,   "关注", False),
    ("interest posted yesterday is unpaid",    0,   1,   "关注", False),
    ("ninety days",                            90,  0,   "关注", False),
    ("ninety-one",                             91,  0,   "次级", True),
    ("interest unpaid for ninety-one",         0,   91,  "次级", True),
    ("270 days",                               270, 0,   "次级", True),
    ("271 days",                               271, 0,   "可疑", True),
    ("360 days",                               360, 0,   "可疑", True),
    ("361 days",                               361, 0,   "损失", True),
    ("the larger of the two: interest",        10,  271, "可疑", True),
    ("the larger of the two: principal",       361, 91,  "损失", True),
])  # fmt: skip
def test_the_grade_goes_by_the_larger_number_of_days(case: str, overdue: int, unpaid: int, zh: str, npl: bool) -> None:
    found = grade(GANZHOU, overdue, unpaid)
    assert (found.zh, found.is_npl) == (zh, npl)


@pytest.mark.parametrize("case, due, day, days", [
    ("before it is due",                 "2019-05-10", "2019-05-09", 0),
    ("on the due date",                  "2019-05-10", "2019-05-10", 0),
    ("the day after",                    "2019-05-10", "2019-05-11", 1),
    ("the day of the worked-out claim",  "2019-05-10", "2019-08-12", 94),
    ("rolled over National Day week",    "2019-10-08", "2019-10-08", 0),
])  # fmt: skip
def test_days_overdue_count_from_the_rolled_due_date(case: str, due: str, day: str, days: int) -> None:
    assert days_overdue(date.fromisoformat(due), date.fromisoformat(day)) == days


@pytest.mark.parametrize("case, posted, day, days", [
    ("no line is unpaid",      None,         "2019-08-12", 0),
    ("posted that day",        "2019-06-21", "2019-06-21", 0),
    ("posted the day before",  "2019-06-21", "2019-06-22", 1),
    ("asked before it stood",  "2019-06-21", "2019-06-20", 0),
])  # fmt: skip
def test_days_unpaid_count_from_the_posting(case: str, posted: str | None, day: str, days: int) -> None:
    oldest = date.fromisoformat(posted) if posted else None
    assert days_unpaid(oldest, date.fromisoformat(day)) == days


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_a_grade_never_improves_with_time(overdue: int, unpaid: int, more: int) -> None:
    order = list(Grade)
    before = order.index(grade(GANZHOU, overdue, unpaid))
    assert order.index(grade(GANZHOU, overdue + more, unpaid)) >= before
    assert order.index(grade(GANZHOU, overdue, unpaid + more)) >= before
