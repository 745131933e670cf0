"""Tests of subsidy lines and their amounts: late interest, organisations, renewals, misuse, caps and waivers."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from ledger.money import plain, yuan
from ledger.operations.approvals import requests
from ledger.operations.registry import reference
from ledger.operations.subsidy import batches
from ledger.policy.schemes import parse_scheme
from ledger.policy.subsidy import Period
from tests.support import subsidising
from tests.support.county_desk import COUNTY, at_desk, household, pay_out, request
from tests.support.subsidising import Q2, Shown, bill, bring, draft, lend, pay

Q3, Q4 = Q2.next, Q2.next.next
YEAR = Period.parse("year", "2017")


def summary(line: Shown) -> tuple[str, str, str]:
    return line.kind, line.period, line.subsidy


def decided(engine: Engine, loan_id: int, kind: str, today: date, **payload: str) -> None:
    """Let one person request a change of a loan, and let a second person approve the change."""
    with at_desk(engine, "officer", today) as unit:
        asked = requests.ask(unit, kind, payload, loan_id=loan_id, reason="测试")
    with at_desk(engine, "checker", today) as unit:
        requests.approve(unit, asked.id)


@pytest.mark.parametrize(
    "case, paid, submitted, in_q2, in_q3",
    [
        ("on the 26th", date(2016, 6, 26), date(2016, 6, 28), ["normal"], []),
        ("on the 27th, submitted on the 28th", date(2016, 6, 27), date(2016, 6, 28), [], ["catch_up"]),
        ("the day of an early submission", date(2016, 6, 23), date(2016, 6, 23), ["normal"], []),
        ("the day after it", date(2016, 6, 24), date(2016, 6, 23), [], ["catch_up"]),
    ],
)
def test_interest_paid_after_the_cut_off_enters_the_next_batch(
    engine: Engine, case: str, paid: date, submitted: date, in_q2: list[str], in_q3: list[str]
) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    batch = draft(engine)
    pay(engine, loan, "278.00", paid)
    subsidising.step(engine, "checker", date(2016, 6, 30), batches.submit, batch, submitted)
    assert [line.kind for line in subsidising.shown(engine, batch)] == in_q2
    bill(engine, date(2016, 9, 21))
    assert [line.kind for line in subsidising.shown(engine, draft(engine, Q3))] == in_q3


def test_a_line_paid_in_part_waits_until_it_is_paid_whole(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "277.07", date(2016, 6, 22))
    batch = draft(engine, today=date(2016, 6, 23))
    assert subsidising.shown(engine, batch) == []
    pay(engine, loan, "0.01", date(2016, 6, 26))
    draft(engine, today=date(2016, 6, 26))
    assert subsidising.amounts(engine, batch) == {loan: "277.08"}


def test_a_pay_off_of_the_24th_is_next_quarters(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "50300.00", date(2016, 6, 24))
    assert subsidising.contract_interest(engine, loan) == ["277.08", "19.79"]
    assert [summary(line) for line in subsidising.shown(engine, draft(engine))] == [("normal", "2016Q2", "277.08")]
    assert [summary(line) for line in subsidising.shown(engine, draft(engine, Q3))] == [("normal", "2016Q3", "19.79")]


def test_the_last_line_earns_up_to_the_contract_due_date(engine: Engine) -> None:
    """The loan of the example in scheme 4 is due on 2019-10-01, rolled to 2019-10-08.

    The last interest line has interest of 112.15 yuan and a subsidy of 65.97 yuan.
    """
    loan = lend(engine, date(2016, 10, 1))
    bill(engine, date(2019, 10, 8))
    assert subsidising.contract_interest(engine, loan)[-1] == "112.15"
    pay(engine, loan, "57400.00", date(2019, 10, 9))
    batch = draft(engine, Period.parse("quarter", "2019Q4"))
    last = subsidising.shown(engine, batch)[-1]
    assert (last.start, last.interest, last.days, last.subsidy) == (date(2019, 9, 21), "112.15", 10, "65.97")


def an_organisation(engine: Engine, *, ends_on: date) -> int:
    """Lend a million yuan to an organisation with twenty links, and return the loan's id."""
    return subsidising.lend_to_organisation(engine, date(2016, 12, 21), "1000000.00", links=20, ends_on=ends_on)


def test_an_organisation_gets_half_of_the_year_and_late_lines_a_line_of_their_own(engine: Engine) -> None:
    """The example of scheme 4 has interest of 48,159.72 yuan and a subsidy of 24,079.86 yuan."""
    loan = an_organisation(engine, ends_on=date(2018, 12, 31))
    for day in (date(2017, 3, 21), date(2017, 6, 21), date(2017, 9, 21), date(2017, 12, 21)):
        bill(engine, day)
        pay(engine, loan, subsidising.contract_interest(engine, loan)[-1], day)
    batch = draft(engine, YEAR)
    (line,) = subsidising.shown(engine, batch)
    assert (line.kind, line.days, line.interest, line.subsidy) == ("normal", 365, "48159.72", "24079.86")


def test_lines_of_a_year_paid_late_make_one_line_of_the_next_years_batch(engine: Engine) -> None:
    loan = an_organisation(engine, ends_on=date(2019, 12, 31))
    bill(engine, date(2017, 12, 21))
    pay(engine, loan, "11900.00", date(2017, 12, 22))
    batch = draft(engine, YEAR, date(2017, 12, 26))
    assert [summary(line) for line in subsidising.shown(engine, batch)] == [("normal", "2017", "5937.50")]
    pay(engine, loan, "100000.00", date(2017, 12, 27))
    bill(engine, date(2018, 12, 21))
    lines = [summary(line) for line in subsidising.shown(engine, draft(engine, YEAR.next))]
    assert lines == [("catch_up", "2017", "18142.36"), ("normal", "2018", "24079.86")]


@pytest.mark.parametrize(
    "case, ends_on, periods",
    [
        ("to the first day of the second year", date(2017, 12, 21), [1, 1]),
        ("to the last day of the first", date(2017, 12, 20), [1, 0]),
    ],
)
def test_an_organisation_needs_a_link_on_some_day_of_each_year(
    engine: Engine, case: str, ends_on: date, periods: list[int]
) -> None:
    loan = an_organisation(engine, ends_on=ends_on)
    bill(engine, date(2018, 12, 21))
    pay(engine, loan, "100000.00", date(2017, 12, 22), today=date(2018, 12, 22))
    counts = [len(subsidising.shown(engine, draft(engine, year, date(2018, 12, 26)))) for year in (YEAR, YEAR.next)]
    assert counts == periods


def test_households_are_in_no_batch_of_the_year_and_organisations_in_none_of_a_quarter(engine: Engine) -> None:
    firm, home = an_organisation(engine, ends_on=date(2019, 12, 31)), lend(engine, date(2016, 12, 21))
    bill(engine, date(2017, 12, 21))
    for loan in (firm, home):
        pay(engine, loan, "60000.00", date(2017, 12, 22))
    assert subsidising.amounts(engine, draft(engine, YEAR)).keys() == {firm}
    assert subsidising.amounts(engine, draft(engine, Period.parse("quarter", "2017Q4"))).keys() == {home}


def test_a_renewed_loan_goes_on_with_the_months_of_the_first(engine: Engine) -> None:
    first = lend(engine)
    bill(engine, date(2018, 6, 21))
    pay(engine, first, plain(subsidising.owed_interest(engine, first)), date(2018, 6, 21))
    decided(
        engine,
        first,
        "renewal",
        date(2018, 6, 21),
        contract_no="R-1",
        term_months="36",
        annual_rate="0.0475",
        signed_on="2018-06-21",
    )
    renewed = subsidising.renewal_of(engine, first)
    bill(engine, date(2019, 9, 21), [renewed])
    pay(engine, renewed, "10000.00", date(2019, 9, 21))
    last = subsidising.shown(engine, draft(engine, Period.parse("quarter", "2019Q3")))[-1]
    assert (last.start, last.period, last.days, last.subsidy) == (date(2019, 3, 21), "2019Q2", 50, "329.86")


def test_misuse_ends_the_subsidy_from_its_day_on(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    decided(engine, loan, "misuse", date(2016, 7, 5), effective_on="2016-07-01", found_on="2016-07-05")
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "5000.00", date(2016, 9, 21))
    lines = [summary(line) for line in subsidising.shown(engine, draft(engine, Q3))]
    assert lines == [("catch_up", "2016Q2", "277.08"), ("normal", "2016Q3", "65.97")]


def test_misuse_found_from_an_earlier_day_takes_back_what_was_paid_after_it(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "277.08", date(2016, 6, 21))
    bring(engine, draft(engine), "paid")
    decided(engine, loan, "misuse", date(2016, 7, 5), effective_on="2016-06-01", found_on="2016-07-05")
    assert subsidising.contract_interest(engine, loan) == ["145.14"]
    assert subsidising.clawbacks(engine, loan) == [("131.94", date(2016, 6, 26))]


def test_the_household_s_cap_is_used_by_the_earlier_loan_first(engine: Engine) -> None:
    """When a repayment is reversed, the household's loans at two banks together exceed its cap."""
    with at_desk(engine) as unit:
        home = household(unit)
    first = lend(engine, household_id=home, principal=yuan("30000.00"))
    back = pay(engine, first, "30000.00", date(2016, 5, 12), surplus="principal")
    second = lend(engine, date(2016, 5, 20), household_id=home, principal=yuan("40000.00"), bank="ABC")
    subsidising.take_back(engine, back, date(2016, 6, 1))
    bill(engine, date(2016, 6, 21))
    for loan in (first, second):
        pay(engine, loan, "200.00", date(2016, 6, 21))
    with at_desk(engine, today=date(2016, 6, 22)) as unit:
        of_abc = batches.draft(unit, "ABC", COUNTY, Q2).id
    (line,) = subsidising.shown(engine, of_abc)
    assert (line.interest, line.days, line.subsidy) == ("168.89", 32, "84.44")
    assert subsidising.amounts(engine, draft(engine)) == {first: "166.25"}


def test_a_line_whose_charges_were_waived_is_never_subsidised(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "277.08", date(2016, 9, 20), today=date(2016, 9, 22))
    pay(engine, loan, "606.94", date(2016, 9, 21), today=date(2016, 9, 22))
    decided(engine, loan, "waiver", date(2016, 9, 22), on="2016-09-22")
    assert [summary(line) for line in subsidising.shown(engine, draft(engine, Q3))] == [
        ("catch_up", "2016Q2", "277.08")
    ]


def test_a_waiver_after_the_payment_takes_the_subsidy_back(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "277.08", date(2016, 9, 20), today=date(2016, 9, 22))
    pay(engine, loan, "606.94", date(2016, 9, 21), today=date(2016, 9, 22))
    bring(engine, draft(engine, Q3), "paid")
    decided(engine, loan, "waiver", date(2016, 9, 30), on="2016-09-30")
    assert subsidising.clawbacks(engine, loan) == [("606.94", date(2016, 9, 26))]


def test_a_scheme_without_a_subsidy_has_no_lines(engine: Engine) -> None:
    with at_desk(engine, today=date(2016, 7, 2)) as unit:
        home = household(unit)
    asked = request(
        scheme="yanjin-2016",
        household_id=home,
        principal=yuan("30000.00"),
        term_months=12,
        signed_on=date(2016, 7, 1),
        annual_rate=Decimal("0.0435"),
    )
    loan = pay_out(engine, asked, date(2016, 7, 2))
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "1000.00", date(2016, 9, 21))
    assert subsidising.shown(engine, draft(engine, Q3)) == []


def test_half_of_a_households_interest_is_rounded_line_by_line(engine: Engine) -> None:
    with at_desk(engine) as unit:
        reference.add_scheme(unit, parse_scheme(HALF))
    loan = lend(engine, scheme="half-2016")
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "1000.00", date(2016, 9, 21))
    assert sorted(summary(line) for line in subsidising.shown(engine, draft(engine, Q3))) == [
        ("catch_up", "2016Q2", "138.54"),
        ("normal", "2016Q3", "303.47"),
    ]


def test_where_late_interest_is_forfeit_it_enters_no_batch(engine: Engine) -> None:
    with at_desk(engine) as unit:
        reference.add_scheme(unit, parse_scheme(FORFEIT))
    late, in_time = (lend(engine, scheme="forfeit-2016") for _ in range(2))
    bill(engine, date(2016, 6, 21))
    pay(engine, in_time, "277.08", date(2016, 6, 26))
    pay(engine, late, "278.00", date(2016, 6, 27))
    assert subsidising.amounts(engine, draft(engine, today=date(2016, 6, 27))) == {in_time: "277.08"}
    bill(engine, date(2016, 9, 21))
    assert subsidising.amounts(engine, draft(engine, Q3)) == {}


def _scheme(code: str, name: str, value: str) -> str:
    head = f'code = "{code}"\nversion = 1\nname = "{code}"\nsigned_from = "2016-01-01"\nsigned_to = "2020-12-31"\n'
    row = f'[parameters.{name}]\nvalue = "{value}"\nclause = "4"\nsource = "a test"\n'
    return f'{head}inherits = "ganzhou-2016"\n{row}'


HALF = _scheme("half-2016", "household_subsidy_share", "0.5")
FORFEIT = _scheme("forfeit-2016", "late_interest", "forfeit")
