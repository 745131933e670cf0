"""Tests of a printed notice's content: the loan as of the notice's day, and the amount payable on the due date."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from ledger.exports.notice_pdf import NoticePaper
from ledger.ids import new_id
from ledger.operations.servicing import repayments
from ledger.reports.notices.papers import papers
from ledger.tables.notices import Notice
from tests.oracle.drawing import Drawn, drawn_histories
from tests.oracle.facts import Extended, Repaid
from tests.support import serviced
from tests.support.beside_oracle import DRAWN, payable_on
from tests.support.county_desk import BANK, COUNTY, household, link, organisation


def notice(engine: Engine, loan_id: int, due_on: date, made_on: date, kind: str = "D30") -> int:
    """Record a notice directly, whether or not a rule requires the notice, and return the notice's id."""
    notice_id = new_id()
    with serviced.at_bank(engine) as unit:
        unit.session.add(
            Notice(
                id=notice_id,
                loan_id=loan_id,
                due_on=due_on,
                kind=kind,
                bank=BANK,
                county=COUNTY,
                created_on=min(made_on, due_on),
                deliver_by=due_on,
                made_on=made_on,
                made_by="job",
                recorded_at=1,
            )
        )
    return notice_id


def printed(engine: Engine, *notices: int) -> list[NoticePaper]:
    with serviced.at_bank(engine) as unit:
        return papers(unit, notices)


def lend(engine: Engine, disbursed_on: str, due_on: str, rolled_on: str = "", **fields: Any) -> int:
    return serviced.lend(engine, serviced.loan_of("4.75", disbursed_on, due_on, rolled_on), **fields)


GOLDEN = (27708, 60694, 60035, 59375, 60694, 60694, 60035, 59375, 60694, 60694, 60035, 59375)
"""The interest bills of 50,000.00 yuan at 4.75 % from 2016-05-10 to 2019-05-10 (scheme 3).

The last bill, 329.86 yuan, is left out.
"""


def golden(engine: Engine, paid: int, **fields: Any) -> int:
    """Record the loan that has the bills of `GOLDEN`, with the given number of bills paid in time.

    Return the id of the recorded loan.
    """
    loan = lend(engine, "2016-05-10", "2019-05-10", scheme="ganzhou-2016", **fields)
    for place, fen in enumerate(GOLDEN[:paid]):
        year, month = divmod(2016 * 12 + 5 + place * 3, 12)
        serviced.record(engine, loan, Repaid(date(year, month + 1, 21), fen))
    serviced.run_to(engine, loan, date(2019, 4, 10))
    return loan


def test_the_letter_of_an_ordinary_loan(engine: Engine) -> None:
    loan = golden(engine, 12, contract_no="HT-1")
    (paper,) = printed(engine, notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10)))
    assert (paper.number, paper.kind, paper.programme) == ("HT-1-20190510-1", "D30", "赣州市产业扶贫信贷通（2016）")
    assert (paper.bank, paper.borrower, paper.address) == ("赣州农村商业银行（农信社）", "刘福", "瑞金市叶坪镇大胜村")
    assert paper.identity.startswith("3607****")
    assert (paper.made_on, paper.as_of, paper.payable_on) == (date(2019, 4, 10), date(2019, 4, 10), date(2019, 5, 10))
    assert (paper.annual_rate, paper.overdue_rate) == (Decimal("0.0475"), Decimal("0.07125"))
    assert (paper.principal, paper.balance, paper.credit) == (5_000_000, 5_000_000, 0)
    assert (paper.unpaid, paper.coming, paper.charges, paper.total) == (0, 32986, 0, 5_032_986)
    assert (paper.extended, paper.may_extend, paper.subsidised, paper.compounds) == (False, True, True, True)
    assert (paper.is_organisation, paper.provisional, paper.cancelled_on) == (False, False, None)


def test_interest_not_paid_is_in_it_with_what_runs_on_it(engine: Engine) -> None:
    loan = golden(engine, 11)
    (paper,) = printed(engine, notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10)))
    assert (paper.unpaid, paper.coming, paper.interest) == (59375, 32986, 92361)
    assert paper.charges == 392, "593.75 x 4.75 % x 50 days / 360"
    assert paper.total == 5_000_000 + 92361 + 392


def test_money_kept_for_the_next_line_is_taken_off(engine: Engine) -> None:
    loan = golden(engine, 12)
    serviced.record(engine, loan, Repaid(date(2019, 4, 1), 20_000))
    (paper,) = printed(engine, notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10)))
    assert (paper.balance, paper.interest, paper.credit) == (5_000_000, 32986, 20_000)
    assert paper.total == 5_012_986


def test_a_line_that_money_kept_pays_in_between_is_shown_with_it(engine: Engine) -> None:
    loan = lend(engine, "2016-04-05", "2016-07-05")
    serviced.record(engine, loan, Repaid(date(2016, 4, 10), 100_000))
    (paper,) = printed(engine, notice(engine, loan, date(2016, 7, 5), date(2016, 6, 5)))
    first, last = 50799, 9236  # The amounts are the interest of 77 days and of 14 days, in fen.
    assert (paper.unpaid, paper.coming, paper.charges, paper.credit) == (0, first + last, 0, 100_000)
    assert paper.total == 5_000_000 + first + last - 100_000


def test_what_is_recorded_of_later_days_changes_no_letter(engine: Engine) -> None:
    loan = golden(engine, 12)
    made = notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10))
    before = printed(engine, made)
    serviced.record(engine, loan, Repaid(date(2019, 4, 11), 5_000_000, "principal"))
    serviced.run_to(engine, loan, date(2019, 12, 31))
    assert printed(engine, made) == before


def test_what_is_recorded_late_of_earlier_days_does(engine: Engine) -> None:
    loan = golden(engine, 12)
    made = notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10))
    serviced.record(engine, loan, Repaid(date(2019, 4, 10), 1_000_000, "principal"))
    (paper,) = printed(engine, made)
    assert (paper.principal, paper.balance) == (5_000_000, 4_000_000)
    assert paper.interest == 29028, "20 days of 50,000.00 and 30 of 40,000.00, rounded once"


def test_a_letter_made_after_the_due_date_says_what_was_due_on_it(engine: Engine) -> None:
    loan = golden(engine, 12)
    (paper,) = printed(engine, notice(engine, loan, date(2019, 5, 10), date(2019, 8, 1)))
    assert (paper.made_on, paper.as_of, paper.total) == (date(2019, 8, 1), date(2019, 5, 9), 5_032_986)


def test_an_extended_loan_gets_letters_of_both_its_due_dates(engine: Engine) -> None:
    loan = golden(engine, 12)
    first = notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10))
    agreed = Extended(date(2019, 4, 12), 6, date(2019, 11, 10), date(2019, 11, 11), Fraction(19, 400))
    serviced.record(engine, loan, agreed)
    second = notice(engine, loan, date(2019, 11, 10), date(2019, 10, 11))
    serviced.run_to(engine, loan, date(2019, 10, 11))
    before, after = sorted(printed(engine, first, second), key=lambda paper: paper.due_on)
    assert (before.extended, before.may_extend, before.total) == (False, True, 5_032_986)
    assert (before.cancelled_on, after.cancelled_on) == (date(2019, 4, 12), None)
    assert (after.extended, after.may_extend, after.subsidised) == (True, False, False)
    assert (after.due_on, after.payable_on) == (date(2019, 11, 10), date(2019, 11, 11)), "a Sunday"
    assert after.annual_rate == Decimal("0.0475"), "42 months: the band of three to five years"


def test_an_organisation_is_named_by_its_code(engine: Engine) -> None:
    with serviced.at_bank(engine, "poverty") as unit:
        borrowing = organisation(unit)
        link(unit, borrowing, household(unit))
    loan = serviced.lend(engine, serviced.loan_of("4.75", "2016-05-10", "2019-05-10"), organisation_id=borrowing)
    (paper,) = printed(engine, notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10), "D7"))
    assert (paper.is_organisation, paper.borrower, paper.address) == (True, "瑞金脐橙合作社", "瑞金市")
    assert paper.identity.startswith("93360781MA")
    assert paper.number.endswith("-20190510-2")


def test_a_due_date_in_a_year_not_published_is_provisional(engine: Engine) -> None:
    loan = lend(engine, "2024-06-05", "2027-06-05", "2027-06-07")
    (paper,) = printed(engine, notice(engine, loan, date(2027, 6, 5), date(2027, 5, 6)))
    assert (paper.payable_on, paper.provisional) == (date(2027, 6, 7), True)


def test_letters_lie_in_the_order_in_which_they_are_carried_round(engine: Engine) -> None:
    homes = [
        ("黄柏乡", "上段村", "B-1"),
        ("叶坪镇", "田坞村", "A-2"),
        ("叶坪镇", "大胜村", "C-3"),
        ("叶坪镇", "田坞村", "A-1"),
    ]
    made = []
    for town, village, contract_no in homes:
        with serviced.at_bank(engine, "poverty") as unit:
            home = household(unit, town=town, village=village)
        loan = serviced.lend(
            engine, serviced.loan_of("4.75", "2016-05-10", "2019-05-10"), contract_no=contract_no, household_id=home
        )
        made.append(notice(engine, loan, date(2019, 5, 10), date(2019, 4, 10)))
    found = [(paper.address, paper.contract_no) for paper in printed(engine, *made)]
    assert found == sorted(found)
    assert len(found) == 4


def test_a_batch_costs_as_many_questions_as_one(engine: Engine) -> None:
    made = [notice(engine, golden(engine, 2), date(2019, 5, 10), date(2019, 4, 10)) for _ in range(3)]
    asked: list[str] = []
    with serviced.at_bank(engine) as unit:
        papers(unit, made[:1])
        event.listen(unit.connection, "after_cursor_execute", lambda *told: asked.append(told[2]))
        papers(unit, made[:1])
        one = len(asked)
        assert len(papers(unit, made)) == 3
    assert len(asked) == 2 * one


@DRAWN
@given(
    drawn=drawn_histories(
        kinds=("repaid", "repaid", "repaid", "misused", "waived", "refunded"), most=5, payable_on=payable_on
    ),
    data=st.data(),
)
def test_a_letter_quotes_what_would_settle_the_loan_on_its_due_date(
    engine: Engine, drawn: Drawn, data: st.DataObject
) -> None:
    contract = drawn.contract
    days = (contract.due_on - contract.disbursed_on).days
    made_on = contract.disbursed_on + timedelta(days=data.draw(st.integers(0, days - 1)))
    loan = serviced.lend(engine, contract)
    for fact in drawn.standing:
        if fact.on <= made_on:
            serviced.record(engine, loan, fact)
    serviced.run_to(engine, loan, made_on)
    with engine.connect() as connection:
        # Skip loans that already have a notice, such as a cancelled notice of an ended loan.
        assume(connection.execute(select(Notice.id).where(Notice.loan_id == loan)).first() is None)
    made = notice(engine, loan, contract.due_on, made_on)
    (paper,) = before = printed(engine, made)
    with serviced.at_bank(engine) as unit:
        quoted = repayments.payoff(unit, loan, contract.due_on)
    assert paper.total == quoted.total
    serviced.run_to(engine, loan, drawn.through)
    assert printed(engine, made) == before, "the days go by"
