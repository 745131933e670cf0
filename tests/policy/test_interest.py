"""Tests of daily interest (3.3-3.6): the scheme's examples, day counts, settlement days, and one rounding per line."""

from datetime import date
from decimal import Decimal

import pytest

from ledger.events import InterestBilled
from ledger.money import NIL, Fen, half_up, plain
from ledger.policy.accrual import Interest, Steps, Terms, Uplifts, interest
from ledger.policy.schemes import load_preset
from tests.oracle.days import book_after
from tests.policy.pages import bills, contract, paid
from tests.support.loan_states import walk

UPLIFTS = Uplifts.of(load_preset("ganzhou-2016"))
GOLDEN = contract("2016-05-10", "2019-05-10")
QUARTERS = [
    "2016-06-21 277.08",
    "2016-09-21 606.94",
    "2016-12-21 600.35",
    "2017-03-21 593.75",
    "2017-06-21 606.94",
    "2017-09-21 606.94",
    "2017-12-21 600.35",
    "2018-03-21 593.75",
    "2018-06-21 606.94",
    "2018-09-21 606.94",
    "2018-12-21 600.35",
    "2019-03-21 593.75",
    "2019-05-10 329.86",
]


def test_fifty_thousand_over_three_years_is_billed_in_thirteen_lines() -> None:
    as_billed = [paid(*row.split()) for row in QUARTERS]
    assert bills(GOLDEN, "2019-05-10", *as_billed) == QUARTERS
    assert sum(Decimal(row.split()[1]) for row in QUARTERS) == Decimal("7223.94")


def test_each_line_is_rounded_not_the_whole_term() -> None:
    days = (GOLDEN.due_on - GOLDEN.disbursed_on).days
    assert plain(half_up(5_000_000 * 475 * days, 10_000 * 360)) == "7223.96"
    billed = sum(line.contract for line in book_after(GOLDEN, [], GOLDEN.due_on).lines)
    assert plain(billed) == "7223.94"


def test_a_line_is_rounded_once_however_often_principal_moved_in_it() -> None:
    loan = contract("2016-03-21", "2019-03-21", rate="4.35")
    assert bills(loan, "2016-06-21", paid("2016-05-11", "20000.00", "principal")) == ["2016-06-21 456.75"]


@pytest.mark.parametrize("case, disbursed, first", [
    ("two days before settlement",     "2016-06-18", "2016-06-21 19.79"),
    ("the day before settlement",      "2016-06-19", "2016-06-21 13.19"),
    ("on the settlement day: one day", "2016-06-20", "2016-06-21 6.60"),
    ("the day after: next quarter",    "2016-06-21", "2016-09-21 606.94"),
    ("two days after",                 "2016-06-22", "2016-09-21 600.35"),
    ("in a month without settlement",  "2016-05-20", "2016-06-21 211.11"),
    ("on the last settlement of a year", "2016-12-20", "2016-12-21 6.60"),
    ("on New Year's Eve",              "2016-12-31", "2017-03-21 527.78"),
])  # fmt: skip
def test_the_first_line_of_a_loan(case: str, disbursed: str, first: str) -> None:
    assert bills(contract(disbursed, "2019-06-28"), "2017-03-21")[0] == first


def test_a_year_of_a_million_from_the_21st_of_december() -> None:
    loan = contract("2016-12-21", "2019-12-21", principal="1000000.00")
    lines = book_after(loan, [], loan.due_on).lines[:4]
    assert [plain(line.contract) for line in lines] == ["11875.00", "12138.89", "12138.89", "12006.94"]
    rows = [event for event in walk(loan, [], loan.due_on).events if isinstance(event, InterestBilled)][:4]
    assert plain(sum(row.contract for row in rows)) == "48159.72"
    assert (rows[-1].effective_on - rows[0].period_start).days == 365


@pytest.mark.parametrize(
    "case, due, payable, days, last",
    [
        ("due in National Day week: contract rate over the roll", "2019-10-01", "2019-10-08", 17, "2019-10-08 112.15"),
        ("a scheme that does not roll", "2019-10-01", "2019-10-01", 10, "2019-10-01 65.97"),
        ("a Saturday is payable on Monday", "2019-06-29", "2019-07-01", 10, "2019-07-01 65.97"),
    ],
)
def test_the_last_line_runs_to_the_rolled_due_date(case: str, due: str, payable: str, days: int, last: str) -> None:
    loan = contract("2016-10-01", due, rolled_on=payable, compound=False)
    assert bills(loan, payable)[-1] == last
    assert (loan.rolled_on - book_after(loan, [], loan.rolled_on).lines[-1].start).days == days


@pytest.mark.parametrize(
    "case, start, end, days",
    [
        ("no day", "2016-05-10", "2016-05-10", 0),
        ("one night: the first day counts, the last does not", "2016-05-10", "2016-05-11", 1),
        ("over a leap day", "2016-02-28", "2016-03-01", 2),
        ("over no leap day", "2017-02-28", "2017-03-01", 1),
        ("a year has 365 days of 360", "2017-01-01", "2018-01-01", 365),
        ("a leap year has 366", "2016-01-01", "2017-01-01", 366),
        ("the longest quarter", "2016-06-21", "2016-09-21", 92),
        ("the shortest quarter", "2016-12-21", "2017-03-21", 90),
        ("a first quarter with a leap day", "2015-12-21", "2016-03-21", 91),
        ("an end before the start is no day", "2016-05-10", "2016-05-09", 0),
    ],
)
def test_days_are_actual_over_360(case: str, start: str, end: str, days: int) -> None:
    first, last = _day(start), _day(end)
    terms = Terms(_day("2015-01-01"), _day("2030-01-01"), ((_day("2015-01-01"), 36_000_00),), None, UPLIFTS)
    owed = Steps([(_day("2015-01-01"), Fen(10_000_00))])
    # Interest on 10,000.00 yuan at 3.6 % is 1.00 yuan a day.
    assert interest(terms, first, last, owed, ()) == Interest(Fen(days * 100), NIL, NIL)


@pytest.mark.parametrize(
    "case, principal, lines",
    [
        ("half a fen is rounded up", "36.00", ["2016-06-21 0.01"]),
        ("less than half a fen: no line", "35.99", []),
        ("a fen and a half is two", "108.00", ["2016-06-21 0.02"]),
    ],
)
def test_a_line_is_rounded_half_up_to_the_fen(case: str, principal: str, lines: list[str]) -> None:
    loan = contract("2016-06-20", "2019-06-20", rate="5.00", principal=principal)
    assert bills(loan, "2016-06-21") == lines


def test_the_days_of_a_line_that_came_to_nothing_are_not_carried() -> None:
    loan = contract("2016-06-20", "2019-06-20", rate="5.00", principal="35.99")
    [line] = book_after(loan, [], _day("2016-09-21")).lines
    assert (line.start, plain(line.contract)) == (_day("2016-06-21"), "0.46")  # The line covers 92 days, not 93.
    [event] = [event for event in walk(loan, [], _day("2016-09-21")).events if isinstance(event, InterestBilled)]
    assert (event.period_start, plain(event.contract)) == (_day("2016-06-21"), "0.46")


@pytest.mark.parametrize(
    "case, paid_on, second",
    [
        ("on the posting day itself", "2016-06-21", "2016-09-21 606.94"),
        ("a day late: one day's compound interest", "2016-06-22", "2016-09-21 606.94 compound 0.04"),
        ("on the eve of the next line", "2016-09-20", "2016-09-21 606.94 compound 3.33"),
        ("on the next line's day", "2016-09-21", "2016-09-21 606.94 compound 3.36"),
    ],
)
def test_interest_paid_late_bears_interest_for_the_days_it_was_late(case: str, paid_on: str, second: str) -> None:
    assert bills(GOLDEN, "2016-09-21", paid(paid_on, "277.08"))[1] == second


def _day(text: str) -> date:
    return date.fromisoformat(text)
