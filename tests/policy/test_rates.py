"""Tests of published rates: the ranges of terms, the covered days, the rate allowed for a contract, and repricing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.policy.rates import (
    COLUMNS,
    Extended,
    Priced,
    RateNotBenchmark,
    RateNotCovered,
    RateRow,
    RateRowsRefused,
    RateTable,
    benchmark_at_signing,
    check_rate,
    extend,
    load_tables,
    rate_steps,
    rate_table,
    read_table,
)
from ledger.policy.schemes import Scheme, load_preset

BENCHMARK = load_tables()["benchmark"]
LPR = load_tables()["lpr"]
GANZHOU = load_preset("ganzhou-2016")
NATIONAL_2021 = load_preset("national-2021")
YANJIN = load_preset("yanjin-2016")
COVERED = date(2026, 9, 20)


@pytest.mark.parametrize("case, table, months, on, rate", [
    ("the first day there is",              BENCHMARK,  6, "2010-10-20", "0.0510"),
    ("half a year is the shortest band",    BENCHMARK,  6, "2012-07-06", "0.0560"),
    ("a month more is the next",            BENCHMARK,  7, "2012-07-06", "0.0600"),
    ("one year is still the shorter band",  BENCHMARK, 12, "2012-07-06", "0.0600"),
    ("a month more than a year",            BENCHMARK, 13, "2012-07-06", "0.0615"),
    ("three years are the shorter band",    BENCHMARK, 36, "2012-07-06", "0.0615"),
    ("a month more than three years",       BENCHMARK, 37, "2012-07-06", "0.0640"),
    ("five years are the shorter band",     BENCHMARK, 60, "2012-07-06", "0.0640"),
    ("a month more than five years",        BENCHMARK, 61, "2012-07-06", "0.0655"),
    ("the day before a change",             BENCHMARK, 36, "2015-10-23", "0.0500"),
    ("the day of a change",                 BENCHMARK, 36, "2015-10-24", "0.0475"),
    ("the golden loan",                     BENCHMARK, 36, "2016-05-10", "0.0475"),
    ("a short one of 2016",                 BENCHMARK, 12, "2016-05-10", "0.0435"),
    ("the last day looked at",              BENCHMARK, 60, "2026-09-20", "0.0475"),
    ("LPR: twelve months are one year",     LPR,       12, "2021-03-04", "0.0385"),
    ("LPR: thirteen months are five years", LPR,       13, "2021-03-04", "0.0465"),
    ("LPR: the day before a change",        LPR,       36, "2022-05-19", "0.0460"),
    ("LPR: the day of a change",            LPR,       36, "2022-05-20", "0.0445"),
    ("LPR: only the longer changed",        LPR,       12, "2022-05-20", "0.0370"),
    ("LPR: the last day looked at",         LPR,       12, "2026-09-20", "0.0300"),
])  # fmt: skip
def test_the_rate_of_a_term_on_a_day(case: str, table: RateTable, months: int, on: str, rate: str) -> None:
    assert table.rate(months, date.fromisoformat(on)) == Decimal(rate)


@pytest.mark.parametrize("case, table, on, first", [
    ("the day before the first row",    BENCHMARK, "2010-10-19", "2010-10-20"),
    ("the day after the last look",     BENCHMARK, "2026-09-21", "2010-10-20"),
    ("LPR: before there was one",       LPR,       "2019-08-19", "2019-08-20"),
    ("LPR: the day after the last look", LPR,      "2026-09-21", "2019-08-20"),
])  # fmt: skip
def test_no_rate_is_guessed(case: str, table: RateTable, on: str, first: str) -> None:
    with pytest.raises(RateNotCovered) as refused:
        table.rate(36, date.fromisoformat(on))
    assert refused.value.facts == {
        "rule": "3.2",
        "table": table.code,
        "first": first,
        "covered_through": "2026-09-20",
        "limit": "2026-09-20",
        "found": on,
    }


@given(st.dates(date(2005, 1, 1), date(2030, 1, 1)), st.integers(1, 120), st.sampled_from([BENCHMARK, LPR]))
def test_a_rate_stands_in_the_latest_row_or_is_refused(on: date, months: int, table: RateTable) -> None:
    if not table.rows[0].effective_on <= on <= table.covered_through:
        with pytest.raises(RateNotCovered):
            table.rate(months, on)
    else:
        latest = [row for row in table.rows if row.effective_on <= on][-1]
        assert table.rate(months, on) in latest.rates


def test_every_row_names_its_source() -> None:
    assert all(row.source for table in load_tables().values() for row in table.rows)
    assert [len(table.rows) for table in load_tables().values()] == [13, 15]


@pytest.mark.parametrize("case, scheme, signed, months, rate, limit", [
    ("equal to the benchmark",       GANZHOU,       "2016-05-10", 36, "0.0475", None),
    ("equal, written longer",        GANZHOU,       "2016-05-10", 36, "0.047500", None),
    ("above the benchmark",          GANZHOU,       "2016-05-10", 36, "0.0476", "= 0.0475"),
    ("below the benchmark",          GANZHOU,       "2016-05-10", 36, "0.0474", "= 0.0475"),
    ("the percentage for the rate",  GANZHOU,       "2016-05-10", 36, "4.75", "= 0.0475"),
    ("at most: below",               YANJIN,        "2016-07-01", 12, "0.0400", None),
    ("at most: the limit itself",    YANJIN,        "2016-07-01", 12, "0.0435", None),
    ("at most: above",               YANJIN,        "2016-07-01", 12, "0.0436", "≤ 0.0435"),
    ("at most: nothing at all",      YANJIN,        "2016-07-01", 12, "0", "≤ 0.0435"),
    ("LPR: a year at the limit",     NATIONAL_2021, "2021-03-04", 12, "0.0385", None),
    ("LPR: a year above",            NATIONAL_2021, "2021-03-04", 12, "0.0386", "≤ 0.0385"),
    ("LPR: three years, longer one", NATIONAL_2021, "2021-03-04", 36, "0.0465", None),
])  # fmt: skip
def test_a_contract_carries_the_published_rate(
    case: str, scheme: Scheme, signed: str, months: int, rate: str, limit: str | None
) -> None:
    terms = (scheme, load_tables(), date.fromisoformat(signed), months, Decimal(rate))
    if limit is None:
        check_rate(*terms)
    else:
        with pytest.raises(RateNotBenchmark) as refused:
            check_rate(*terms)
        facts = refused.value.facts
        assert facts["rule"] == "3.1"
        assert f"{facts['relation']} {facts['limit']}" == limit
        assert facts["found"] == rate


def test_the_benchmark_at_signing_is_the_scheme_s_own_table() -> None:
    on = date(2021, 3, 4)
    assert benchmark_at_signing(NATIONAL_2021, load_tables(), on, 12) == Decimal("0.0385")
    assert benchmark_at_signing(GANZHOU, load_tables(), on, 12) == Decimal("0.0435")


def a_row(on: str, *rates: str) -> RateRow:
    return RateRow(date.fromisoformat(on), tuple(map(Decimal, rates)), "公告")


def test_rows_are_appended_and_earlier_answers_stand() -> None:
    longer = extend(LPR, [a_row("2026-09-21", "0.0290", "0.0340")], date(2026, 10, 20), "2026-09-21 公告")
    assert longer.rate(12, COVERED) == LPR.rate(12, COVERED) == Decimal("0.0300")
    assert longer.rate(12, date(2026, 9, 21)) == longer.rate(12, date(2026, 10, 20)) == Decimal("0.0290")
    assert longer.source == "2026-09-21 公告"
    assert longer.rows[:-1] == LPR.rows


def test_a_look_that_finds_nothing_new_only_covers_more_days() -> None:
    longer = extend(LPR, [], date(2026, 10, 20), "2026-10-20 公告")
    assert longer.rate(12, date(2026, 10, 20)) == Decimal("0.0300")
    assert longer.rows == LPR.rows


@pytest.mark.parametrize("case, rows, covered, source", [
    ("a day answered for already",   [a_row("2026-09-20", "0.0290", "0.0340")], "2026-10-20", "公告"),
    ("the same day twice",           [a_row("2026-10-20", "0.0290", "0.0340")] * 2, "2026-10-20", "公告"),
    ("days out of order",            [a_row("2026-11-20", "0.0290", "0.0340"),
                                      a_row("2026-10-20", "0.0290", "0.0340")], "2026-12-20", "公告"),
    ("a rate too few",               [a_row("2026-10-20", "0.0290")], "2026-10-20", "公告"),
    ("a rate too many",              [a_row("2026-10-20", "0.029", "0.034", "0.035")], "2026-10-20", "公告"),
    ("percent for fractions",        [a_row("2026-10-20", "2.90", "3.40")], "2026-10-20", "公告"),
    ("a rate of nothing",            [a_row("2026-10-20", "0", "0.0340")], "2026-10-20", "公告"),
    ("no number",                    [a_row("2026-10-20", "NaN", "0.0340")], "2026-10-20", "公告"),
    ("covered to before its row",    [a_row("2026-10-20", "0.0290", "0.0340")], "2026-10-19", "公告"),
    ("covered less than before",     [], "2026-09-19", "公告"),
    ("no source",                    [], "2026-10-20", " "),
    ("a row without a source",       [replace(a_row("2026-10-20", "0.0290", "0.0340"), source="")],
                                     "2026-10-20", "公告"),
])  # fmt: skip
def test_rows_that_do_not_fit_are_refused(case: str, rows: list[RateRow], covered: str, source: str) -> None:
    with pytest.raises(RateRowsRefused) as refused:
        extend(LPR, rows, date.fromisoformat(covered), source)
    assert len(refused.value.facts["faults"]) == 1


def test_all_faults_of_rows_are_told_at_once() -> None:
    with pytest.raises(RateRowsRefused) as refused:
        rate_table("lpr", [a_row("2020-01-01", "4.2"), a_row("2019-01-01", "4.2", "4.8")], COVERED, "")
    assert len(refused.value.facts["faults"]) == 5


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(RateRowsRefused, match="at least one row"):
        rate_table("lpr", [], COVERED, "公告")


@pytest.mark.parametrize("case, text", [
    ("nothing",                ""),
    ("other columns",          "effective,lpr_1y\n2019-08-20,4.25\n"),
    ("a day that is none",     "effective,lpr_1y,lpr_5y\n2019-08-32,4.25,4.85\n"),
    ("a word for a rate",      "effective,lpr_1y,lpr_5y\n2019-08-20,four,4.85\n"),
    ("an empty line of cells", "effective,lpr_1y,lpr_5y\n,,\n"),
])  # fmt: skip
def test_a_sheet_of_rates_that_cannot_be_read_is_refused(case: str, text: str) -> None:
    with pytest.raises(RateRowsRefused):
        read_table("lpr", text, COVERED, "公告")


def test_a_sheet_gives_percent_and_a_table_fractions() -> None:
    text = ",".join(["effective", *COLUMNS["lpr"]]) + "\n2019-08-20,4.25,4.85\n"
    table = read_table("lpr", text, COVERED, "公告")
    assert table.rate(12, date(2020, 1, 1)) == Decimal("0.0425")


# The benchmark rate for terms of more than 3 and up to 5 years is 0.0690 from 2011-07-07, 0.0665 from 2012-06-08,
# 0.0640 from 2012-07-06, and 0.0600 from 2014-11-22. The benchmark rate is then lowered to 0.0575, 0.0550, 0.0525 and
# 0.0500, and to 0.0475 from 2015-10-24 on.
LOAN = Priced(Decimal("0.0640"), date(2014, 6, 10), date(2014, 6, 20), 48)


def stepped(scheme: Scheme, loan: Priced, through: str, extension: Extended | None = None) -> list[tuple[str, str]]:
    steps = rate_steps(scheme, BENCHMARK, loan, date.fromisoformat(through), extension)
    return [(day.isoformat(), str(rate)) for day, rate in steps]


@pytest.mark.parametrize(
    "case, repricing, through, steps",
    [
        ("a fixed rate stays", "fixed", "2018-06-20", [("2014-06-20", "0.0640")]),
        (
            "each New Year",
            "annual_jan1",
            "2018-06-20",
            [("2014-06-20", "0.0640"), ("2015-01-01", "0.0600"), ("2016-01-01", "0.0475")],
        ),
        ("New Year's day itself", "annual_jan1", "2015-01-01", [("2014-06-20", "0.0640"), ("2015-01-01", "0.0600")]),
        ("the day before New Year", "annual_jan1", "2014-12-31", [("2014-06-20", "0.0640")]),
        (
            "each year from the payout",
            "anniversary",
            "2018-06-20",
            [("2014-06-20", "0.0640"), ("2015-06-20", "0.0550"), ("2016-06-20", "0.0475")],
        ),
        ("the day before it", "anniversary", "2015-06-19", [("2014-06-20", "0.0640")]),
    ],
)
def test_the_rate_of_a_loan_over_its_life(
    case: str, repricing: Any, through: str, steps: list[tuple[str, str]]
) -> None:
    assert stepped(replace(GANZHOU, repricing=repricing), LOAN, through) == steps


def test_a_loan_keeps_its_ratio_to_the_benchmark() -> None:
    nine_tenths = replace(LOAN, annual_rate=Decimal("0.0576"))
    steps = stepped(replace(YANJIN, repricing="annual_jan1"), nine_tenths, "2016-06-20")
    assert steps == [("2014-06-20", "0.0576"), ("2015-01-01", "0.054"), ("2016-01-01", "0.04275")]


def test_a_ratio_that_does_not_come_out_is_rounded_once_half_up() -> None:
    odd = replace(LOAN, annual_rate=Decimal("0.0500"))
    steps = stepped(replace(YANJIN, repricing="annual_jan1"), odd, "2016-06-20")
    assert steps[1:] == [("2015-01-01", "0.046875"), ("2016-01-01", "0.037109")]


def test_a_leap_day_loan_is_repriced_at_the_end_of_february() -> None:
    loan = Priced(Decimal("0.0690"), date(2012, 2, 29), date(2012, 2, 29), 48)
    steps = stepped(replace(GANZHOU, repricing="anniversary"), loan, "2013-02-28")
    assert steps == [("2012-02-29", "0.0690"), ("2013-02-28", "0.0640")]


def test_an_extension_takes_the_band_of_all_its_months_on_the_day_it_was_agreed() -> None:
    loan = Priced(Decimal("0.0435"), date(2016, 5, 10), date(2016, 5, 10), 12)
    extension = Extended(date(2017, 5, 9), date(2017, 5, 10), 18)
    steps = stepped(load_preset("national-2014"), loan, "2018-01-01", extension)
    assert steps == [("2016-05-10", "0.0435"), ("2017-05-10", "0.0475")]


def test_an_extended_loan_is_repriced_by_the_band_of_all_its_months() -> None:
    scheme = replace(load_preset("national-2014"), repricing="annual_jan1")
    loan = Priced(Decimal("0.0560"), date(2014, 12, 10), date(2014, 12, 20), 12)
    steps = stepped(scheme, loan, "2016-06-30", Extended(date(2015, 9, 1), date(2015, 12, 20), 18))
    assert steps == [("2014-12-20", "0.0560"), ("2015-12-20", "0.0500"), ("2016-01-01", "0.0475")]


@pytest.mark.parametrize("case, repricing, through, covered", [
    ("a fixed rate asks nothing",         "fixed",       "2029-01-01", True),
    ("no repricing day after the table",  "annual_jan1", "2026-12-31", True),
    ("a New Year after the table",        "annual_jan1", "2027-01-01", False),
    ("an anniversary after the table",    "anniversary", "2026-10-01", False),
    ("the day before it",                 "anniversary", "2026-09-30", True),
])  # fmt: skip
def test_a_coming_rate_is_never_guessed(case: str, repricing: Any, through: str, covered: bool) -> None:
    scheme = replace(GANZHOU, repricing=repricing)
    loan = Priced(Decimal("0.0475"), date(2025, 10, 1), date(2025, 10, 1), 36)
    if covered:
        assert stepped(scheme, loan, through) == [("2025-10-01", "0.0475")]
    else:
        with pytest.raises(RateNotCovered):
            stepped(scheme, loan, through)


@given(
    st.dates(date(2011, 1, 1), date(2020, 12, 31)),
    st.integers(1, 60),
    st.sampled_from(["annual_jan1", "anniversary"]),
    st.integers(0, 5 * 365),
)
def test_a_loan_at_the_benchmark_is_there_again_on_every_repricing_day(
    signed: date, months: int, repricing: Any, days: int
) -> None:
    loan = Priced(BENCHMARK.rate(months, signed), signed, signed, months)
    through = signed + timedelta(days)
    steps = rate_steps(replace(GANZHOU, repricing=repricing), BENCHMARK, loan, through)
    assert all(rate == BENCHMARK.rate(months, day) for day, rate in steps)
    assert all(one[0] < two[0] <= through and one[1] != two[1] for one, two in pairwise(steps))
