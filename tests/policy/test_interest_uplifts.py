"""Tests of surcharges on the contract rate and of changes of the rate (3.1, 3.7-3.10)."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Literal

import pytest

from ledger.policy.rates import Priced, load_tables, rate_steps
from ledger.policy.schemes import load_preset
from tests.oracle.facts import Contract, Extended, Fact, Misused
from tests.policy.pages import bills, contract, paid

# One day's interest on 50,000.00 yuan is 6.597 yuan at 4.75 %, 9.896 yuan when overdue, and 13.194 yuan when misused.
# Compound interest is switched off in the test's loan contract.
LOAN = contract("2019-03-21", "2019-05-10", compound=False)


@pytest.mark.parametrize(
    "case, facts, lines",
    [
        ("repaid on the due date", [("2019-05-10", "50329.86")], ["2019-05-10 329.86"]),
        ("a day late: one night", [("2019-05-11", "50339.76")], ["2019-05-10 329.86", "2019-05-11 0.00 penalty 9.90"]),
        ("42 nights to the next line, half a fen up", [], ["2019-05-10 329.86", "2019-06-21 0.00 penalty 415.63"]),
        (
            "only what is still owed",
            [("2019-05-20", "20329.86")],
            ["2019-05-10 329.86", "2019-06-21 0.00 penalty 288.96"],
        ),  # The penalty is for 10 nights on 50,000.00 yuan and 32 nights on 30,000.00 yuan.
        (
            "a part on the due date spares its own night",
            [("2019-05-10", "20329.86")],
            ["2019-05-10 329.86", "2019-06-21 0.00 penalty 249.38"],
        ),  # The penalty is for 42 nights on 30,000.00 yuan.
    ],
)
def test_penalty_runs_for_every_night_from_the_due_date_on(
    case: str, facts: list[tuple[str, str]], lines: list[str]
) -> None:
    assert bills(LOAN, "2019-06-21", *(paid(*fact) for fact in facts)) == lines


@pytest.mark.parametrize(
    "case, factor, misused_on, lines",
    [
        ("from its day on", "2", "2019-04-01", ["2019-05-10 72.57 penalty 514.58", "2019-06-21 0.00 penalty 554.17"]),
        (
            "the line's day belongs to the next line",
            "2",
            "2019-05-10",
            ["2019-05-10 329.86", "2019-06-21 0.00 penalty 554.17"],
        ),
        (
            "overdue and misused: the higher, misuse",
            "2",
            "2019-06-01",
            ["2019-05-10 329.86", "2019-06-21 0.00 penalty 481.60"],
        ),  # The penalty is for 22 nights overdue and 20 nights misused.
        (
            "overdue and misused: the higher, overdue",
            "1.1",
            "2019-04-01",
            ["2019-05-10 72.57 penalty 283.02", "2019-06-21 0.00 penalty 415.63"],
        ),
    ],
)
def test_misuse_costs_its_own_rate_and_never_less_than_overdue(
    case: str, factor: str, misused_on: str, lines: list[str]
) -> None:
    assert bills(replace(LOAN, misuse=Fraction(factor)), "2019-06-21", Misused(date.fromisoformat(misused_on))) == lines


@pytest.mark.parametrize(
    "case, first, second",
    [
        ("the earlier recorded first", "2019-04-01", "2019-04-20"),
        ("the earlier recorded later", "2019-04-20", "2019-04-01"),
        ("the same day twice", "2019-04-01", "2019-04-01"),
    ],
)
def test_of_two_misuse_findings_the_earlier_day_counts(case: str, first: str, second: str) -> None:
    found = [Misused(date.fromisoformat(day)) for day in (first, second)]
    assert bills(LOAN, "2019-05-10", *found) == ["2019-05-10 72.57 penalty 514.58"]


# Three interest lines of the loan are unpaid: 600.35, 593.75, and on the due date 329.86 yuan.
UNPAID = contract("2018-09-21", "2019-05-10")
QUARTERS = ["2018-12-21 600.35", "2019-03-21 593.75 compound 7.13", "2019-05-10 329.86 compound 7.88"]


@pytest.mark.parametrize(
    "case, loan, facts, lines",
    [
        (
            "contract rate before the due date, half more from it on",
            UNPAID,
            [],
            [*QUARTERS, "2019-06-21 0.00 compound 12.67 penalty 415.63"],
        ),  # The compound interest is for 42 days on 1,523.96 yuan at 7.125 %.
        (
            "misuse raises it not, and misused days bear no contract interest to compound",
            UNPAID,
            [Misused(date(2019, 3, 21))],
            [
                *QUARTERS[:2],
                "2019-05-10 0.00 compound 7.88 penalty 659.72",
                "2019-06-21 0.00 compound 9.93 penalty 554.17",
            ],
        ),
        (
            "switched off",
            replace(UNPAID, compound=False),
            [],
            ["2018-12-21 600.35", "2019-03-21 593.75", "2019-05-10 329.86", "2019-06-21 0.00 penalty 415.63"],
        ),
        (
            "paid in part: the rest bears it",
            UNPAID,
            [paid("2018-12-21", "500.35")],
            [
                "2018-12-21 600.35",
                "2019-03-21 593.75 compound 1.19",
                "2019-05-10 329.86 compound 4.58",
                "2019-06-21 0.00 compound 8.51 penalty 415.63",
            ],
        ),
        (
            "none on penalty, none on compound: only they are open",
            UNPAID,
            [paid("2018-12-21", "600.35"), paid("2019-03-21", "593.75"), paid("2019-05-11", "50329.86")],
            [
                "2018-12-21 600.35",
                "2019-03-21 593.75",
                "2019-05-10 329.86",
                "2019-06-21 0.00 compound 0.07 penalty 9.90",
            ],
        ),
    ],
)
def test_unpaid_contract_interest_bears_compound_interest(
    case: str, loan: Contract, facts: list[Fact], lines: list[str]
) -> None:
    assert bills(loan, "2019-06-21", *facts) == lines


def test_what_only_owes_penalty_and_compound_is_never_billed_again() -> None:
    late = [paid("2018-12-21", "600.35"), paid("2019-03-21", "593.75"), paid("2019-05-11", "50329.86")]
    assert bills(UNPAID, "2021-12-31", *late)[3:] == ["2019-06-21 0.00 compound 0.07 penalty 9.90"]


@pytest.mark.parametrize(
    "case, paid_on, compound",
    [
        ("within the days of grace", "2016-06-25", ""),
        ("on the last day of grace", "2016-06-26", ""),
        ("the day after: one day", "2016-06-27", " compound 0.04"),
        ("not before the next line: 87 days of 92", "2016-09-21", " compound 3.18"),
    ],
)
def test_days_of_grace_bear_no_compound_interest(case: str, paid_on: str, compound: str) -> None:
    loan = contract("2016-05-10", "2019-05-10", grace_days=5)
    assert bills(loan, "2016-09-21", paid(paid_on, "277.08"))[1] == f"2016-09-21 606.94{compound}"


@pytest.mark.parametrize(
    "case, repricing, line",
    [
        ("fixed for the whole term", "fixed", "2016-03-21 726.74"),
        ("on the first of January: 11 days at 5.75 %, 80 at 4.75 %", "annual_jan1", "2016-03-21 615.63"),
        ("on the day of disbursement: 80 days at 5.75 %, 11 at 4.75 %", "anniversary", "2016-03-21 711.46"),
    ],
)
def test_a_repriced_loan_changes_its_rate_within_a_line(
    case: str, repricing: Literal["fixed", "annual_jan1", "anniversary"], line: str
) -> None:
    scheme = replace(load_preset("national-2014"), repricing=repricing)
    loan = contract("2015-03-10", "2018-03-10", rate="5.75", compound=False)
    table = load_tables()["benchmark"]
    priced = Priced(table.rate(36, loan.disbursed_on), loan.disbursed_on, loan.disbursed_on, 36)
    steps = rate_steps(scheme, table, priced, date(2016, 3, 21))
    loan = replace(loan, rates=tuple((day, Fraction(*rate.as_integer_ratio())) for day, rate in steps))
    assert bills(loan, "2016-03-21")[-1] == line


def test_an_extension_changes_the_rate_from_the_old_contract_due_date_not_the_rolled_one() -> None:
    loan = contract("2016-10-01", "2019-10-01", rolled_on="2019-10-08", compound=False)
    longer = Extended(date(2019, 9, 10), 12, date(2020, 10, 1), date(2020, 10, 9), Fraction(490, 10_000))
    lines = bills(loan, "2020-10-09", longer)
    # The interest line covers 10 days at 4.75 % and 81 days at 4.90 %. No interest line is posted on the old due date,
    # but a line is posted on the new due date.
    assert [row for row in lines if row > "2019-09-21"] == [
        "2019-09-21 606.94",
        "2019-12-21 617.22",
        "2020-03-21 619.31",
        "2020-06-21 626.11",
        "2020-09-21 626.11",
        "2020-10-09 122.50",
    ]
