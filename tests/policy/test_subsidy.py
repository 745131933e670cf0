"""Tests of the interest subsidy: its period, its days and its amount, exact to the fen (scheme 4)."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from ledger.dates import Span
from ledger.money import Fen, plain
from ledger.policy import subsidy
from ledger.policy.schemes import Scheme, load_preset, parse_scheme
from ledger.policy.subsidy import Period
from tests.oracle import subsidy as oracle
from tests.policy.written import day, fen

GANZHOU = load_preset("ganzhou-2016")
RATE = 4_750_000
ONE, HALF = Decimal(1), Decimal("0.5")


@pytest.mark.parametrize("case, starts, in_quarter, in_year", [
    ("paid out on the settlement day",      "2016-06-20", "2016Q2", "2016"),
    ("paid out the day after",              "2016-06-21", "2016Q3", "2016"),
    ("the pay-off of the 24th began there", "2016-06-21", "2016Q3", "2016"),
    ("the first line of a year",            "2016-12-21", "2017Q1", "2017"),
    ("its last",                            "2016-12-20", "2016Q4", "2016"),
    ("around new year",                     "2017-01-01", "2017Q1", "2017"),
])  # fmt: skip
def test_a_line_belongs_to_the_period_in_which_it_is_posted(
    case: str, starts: str, in_quarter: str, in_year: str
) -> None:
    assert str(Period.of("quarter", day(starts))) == in_quarter
    assert str(Period.of("year", day(starts))) == in_year


@pytest.mark.parametrize(
    "cycle, text, start, end, following",
    [
        ("quarter", "2016Q1", "2015-12-21", "2016-03-21", "2016Q2"),
        ("quarter", "2016Q4", "2016-09-21", "2016-12-21", "2017Q1"),
        ("year", "2016", "2015-12-21", "2016-12-21", "2017"),
    ],
)
def test_a_period_is_over_on_its_21st_and_reported_by_the_26th(
    cycle: str, text: str, start: str, end: str, following: str
) -> None:
    period = Period.parse(cycle, text)
    assert period.days == Span(day(start), day(end))
    assert period.submit_by(GANZHOU.subsidy_submit_day) == day(end).replace(day=26)
    assert (str(period), str(period.next)) == (text, following)


@pytest.mark.parametrize(
    "cycle, text",
    [
        ("quarter", "2016"),
        ("quarter", "2016Q5"),
        ("year", "2016Q1"),
        ("year", "16"),
        ("year", "２０１６"),
        ("month", "2016"),
    ],
)
def test_what_is_no_period_is_refused(cycle: str, text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Period.parse(cycle, text)


@pytest.mark.parametrize("case, disbursed, first, due, extended, misused, end", [
    ("36 months, all of them",            "2016-05-10", "2016-05-10", "2019-05-10", "2019-05-10", None, "2019-05-10"),
    ("60 months: three years of them",    "2016-05-10", "2016-05-10", "2021-05-10", "2021-05-10", None, "2019-05-10"),
    ("a due date on a holiday rolls not", "2016-10-01", "2016-10-01", "2019-10-01", "2019-10-01", None, "2019-10-01"),
    ("an extension adds none",            "2016-05-10", "2016-05-10", "2017-05-10", "2018-05-10", None, "2017-05-10"),
    ("a renewal goes on with the months", "2018-05-10", "2016-05-10", "2021-05-10", "2021-05-10", None, "2019-05-10"),
    ("renewed when they were over",       "2019-05-10", "2016-05-10", "2022-05-10", "2022-05-10", None, "2019-05-10"),
    ("misuse ends them",          "2016-05-10", "2016-05-10", "2019-05-10", "2019-05-10", "2016-07-01", "2016-07-01"),
    ("misused from the first day", "2016-05-10", "2016-05-10", "2019-05-10", "2019-05-10", "2016-05-10", "2016-05-10"),
    ("29 February",                       "2016-02-29", "2016-02-29", "2020-02-29", "2020-02-29", None, "2019-02-28"),
])  # fmt: skip
def test_the_days_that_earn_subsidy(
    case: str, disbursed: str, first: str, due: str, extended: str, misused: str | None, end: str
) -> None:
    span = subsidy.subsidised_span(
        GANZHOU, day(disbursed), day(first), day(due), day(extended), None if misused is None else day(misused)
    )
    assert span == Span(day(disbursed), day(end))


def test_a_scheme_may_subsidise_extensions() -> None:
    found = subsidy.subsidised_span(
        changed(extension_subsidised=True), day("2016-05-10"), day("2016-05-10"), day("2017-05-10"), day("2018-05-10")
    )
    assert found.end == day("2018-05-10")


SPAN = Span(day("2016-10-01"), day("2019-10-01"))


@pytest.mark.parametrize("case, start, end, owed, contract, days, amount", [
    ("a whole quarter",                   "2017-03-21", "2017-06-21", "50000.00", "606.94", 92, "606.94"),
    ("rounded up with its interest",      "2016-10-01", "2016-12-21", "50000.00", "534.38", 81, "534.38"),
    ("the last line of the roll, §4",     "2019-09-21", "2019-10-08", "50000.00", "112.15", 10, "65.97"),
    ("the day before the due date",       "2019-09-21", "2019-09-30", "50000.00", "59.38",   9, "59.38"),
    ("from the due date on",              "2019-10-08", "2019-12-21", "50000.00", "0.00",    0, "0.00"),
    ("what was above the cap",            "2017-03-21", "2017-06-21", "60000.00", "728.33", 92, "606.94"),
    ("a fen of principal",                "2017-03-21", "2017-06-21", "0.01",     "0.00",   92, "0.00"),
])  # fmt: skip
def test_what_a_line_earns(case: str, start: str, end: str, owed: str, contract: str, days: int, amount: str) -> None:
    found = subsidy.earned(
        Span(day(start), day(end)),
        SPAN,
        [(SPAN.start, fen(owed))],
        [(SPAN.start, RATE)],
        RATE,
        fen(contract),
        subsidy.cap_left(GANZHOU.household_cap, ()),
    )
    assert (found.days, plain(subsidy.amount(found.parts, ONE))) == (days, amount)


@pytest.mark.parametrize(
    "case, rate, benchmark, amount",
    [
        ("at the benchmark", "0.0475", "0.0475", "606.94"),
        ("a dearer loan", "0.0600", "0.0475", "606.94"),
        ("a cheaper loan", "0.0400", "0.0475", "511.11"),
    ],
)
def test_no_more_than_the_benchmark_at_signing_and_no_more_than_the_rate(
    case: str, rate: str, benchmark: str, amount: str
) -> None:
    parts = [int(Decimal(text) * 10**8) for text in (rate, benchmark)]
    contract = oracle.half_up(Fraction(fen("50000.00")) * Fraction(rate) * 92 / 360)
    found = subsidy.earned(
        Span(day("2017-03-21"), day("2017-06-21")),
        SPAN,
        [(SPAN.start, fen("50000.00"))],
        [(SPAN.start, parts[0])],
        parts[1],
        Fen(contract),
    )
    assert plain(subsidy.amount(found.parts, ONE)) == amount


def test_an_organisation_gets_half_of_a_year_rounded_once() -> None:
    """The example of scheme part 4 has 1,000,000 yuan at 4.75 % for 365 days from 2016-12-21.

    The interest is 48,159.72 yuan, and the subsidy 24,079.86 yuan.
    """
    bounds = [day(text) for text in ("2016-12-21", "2017-03-21", "2017-06-21", "2017-09-21", "2017-12-21")]
    interest = [fen(text) for text in ("11875.00", "12138.89", "12138.89", "12006.94")]
    span = Span(day("2016-12-21"), day("2019-12-21"))
    owed, rates = [(span.start, fen("1000000.00"))], [(span.start, RATE)]
    parts = [
        subsidy.earned(Span(*line), span, owed, rates, RATE, contract).parts
        for line, contract in zip(pairwise(bounds), interest, strict=True)
    ]
    assert plain(sum(interest)) == "48159.72"
    assert plain(subsidy.amount(sum(parts), HALF)) == "24079.86"
    # Rounding the subsidy of each line separately gives a wrong sum.
    assert plain(sum(subsidy.amount(part, HALF) for part in parts)) == "24079.85"


@pytest.mark.parametrize("case, others, on, left", [
    ("nobody before",    [],                                                       "2017-01-01", "50000.00"),
    ("one before",       ["2016-05-10 30000.00"],                                  "2017-01-01", "20000.00"),
    ("not yet paid out", ["2016-05-10 30000.00"],                                  "2016-05-09", "50000.00"),
    ("repaid since",     ["2016-05-10 30000.00 2016-12-31 0.00"],                  "2017-01-01", "50000.00"),
    ("all of it used",   ["2016-05-10 30000.00", "2016-06-10 25000.00"],           "2017-01-01", "0.00"),
    ("two before",       ["2016-05-10 10000.00", "2016-06-10 15000.00"],           "2017-01-01", "25000.00"),
])  # fmt: skip
def test_loans_disbursed_earlier_use_the_cap_first(case: str, others: list[str], on: str, left: str) -> None:
    told = [other.split() for other in others]
    steps = [[(day(since), fen(amount)) for since, amount in zip(each[::2], each[1::2], strict=True)] for each in told]
    found = subsidy.cap_left(fen("50000.00"), steps)
    assert plain(oracle.at(found, day(on))) == left


@pytest.mark.parametrize(
    "scheme, household, organisation",
    [
        ("ganzhou-2016", ("quarter", "1"), ("year", "0.5")),
        ("national-2014", ("quarter", "1"), ("year", "0")),
        ("national-2021", ("quarter", "0.5"), ("year", "0")),
        ("yanjin-2016", ("quarter", "0"), ("year", "0")),
    ],
)
def test_cycles_and_shares_are_the_scheme_s(
    scheme: str, household: tuple[str, str], organisation: tuple[str, str]
) -> None:
    preset = load_preset(scheme)
    for told, is_household in ((household, True), (organisation, False)):
        found = subsidy.cycle_of(preset, household=is_household), subsidy.share_of(preset, household=is_household)
        assert found == (told[0], Decimal(told[1]))


@pytest.mark.parametrize("case, start, end, rate, share, whole", [
    ("within the days",      "2017-03-21", "2017-06-21", RATE,     ONE,  True),
    ("to the very last",     "2019-09-21", "2019-10-01", RATE,     ONE,  True),
    ("a day too many",       "2019-09-21", "2019-10-02", RATE,     ONE,  False),
    ("a day too early",      "2016-09-30", "2016-12-21", RATE,     ONE,  False),
    ("a cheaper loan",       "2017-03-21", "2017-06-21", RATE - 1, ONE,  True),
    ("a dearer loan",        "2017-03-21", "2017-06-21", RATE + 1, ONE,  False),
    ("half of it",           "2017-03-21", "2017-06-21", RATE,     HALF, False),
])  # fmt: skip
def test_when_a_line_earns_all_of_its_contract_interest(
    case: str, start: str, end: str, rate: int, share: Decimal, whole: bool
) -> None:
    assert subsidy.earns_all(Span(day(start), day(end)), SPAN, rate, RATE, share) is whole


def changed(**values: object) -> Scheme:
    """Return the Ganzhou scheme with some parameters replaced."""
    said = {True: "true", False: "false"}
    rows = "".join(
        f'[parameters.{name}]\nvalue = {said.get(value, value)}\nclause = "4"\nsource = "a test"\n'  # type: ignore[call-overload]
        for name, value in values.items()
    )
    head = 'code = "other"\nversion = 1\nname = "other"\nsigned_from = "2016-01-01"\nsigned_to = "2020-12-31"\n'
    return parse_scheme(f'{head}inherits = "ganzhou-2016"\n{rows}')
