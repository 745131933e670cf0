"""Tests that corrections of a closed month are posted in red on the first open day (scheme 3, books 3, 6)."""

from datetime import date

import pytest
from sqlalchemy import Engine, select

from ledger.errors import RuleViolation
from ledger.tables.journal import events
from ledger.tables.loans import Loan
from tests.oracle.facts import Misused, Renewed, Repaid, WrittenOff
from tests.support import serviced
from tests.support.beside_oracle import Shop, open_shop
from tests.support.county_desk import row_counts

LOAN = serviced.loan_of("4.35", "2016-01-01", "2016-12-01")
JULY_ENDS, DECEMBER_ENDS = date(2016, 7, 31), date(2016, 12, 31)


def test_back_dated_into_a_closed_month_is_refused_naming_the_first_open_day(engine: Engine) -> None:
    with open_shop(engine, LOAN) as shop:
        shop.close_through(JULY_ENDS)
        with engine.connect() as connection:
            before = row_counts(connection)
        with pytest.raises(RuleViolation) as refused:
            serviced.record(engine, shop.loan_id, Repaid(JULY_ENDS, 100))
        assert refused.value.code == "period_closed"
        assert (refused.value.facts["limit"], refused.value.facts["first_open"]) == ("2016-07-31", "2016-08-01")
        with engine.connect() as connection:
            assert row_counts(connection) == before
        shop.record(Repaid(date(2016, 8, 1), 100))
        shop.compare()


def test_an_old_repayment_is_reversed_on_the_first_open_day_and_its_line_bears_interest_again(engine: Engine) -> None:
    first, second = Repaid(date(2016, 3, 25), 48_333), Repaid(date(2016, 6, 25), 55_583)
    with open_shop(engine, LOAN) as shop:
        shop.record(first)
        shop.record(second)
        shop.close_through(JULY_ENDS)
        shop.undo(first)
        assert _reversals(shop) == [date(2016, 8, 1)]
        shop.run_to(date(2016, 9, 21))
        shop.compare()
        # The compound interest is for 51 days on 483.33 yuan and on a small remainder.
        assert serviced.lines_of(engine, shop.loan_id)[-1].compound == 325


def test_a_payoff_taken_back_after_the_due_date_is_overdue_the_day_after(engine: Engine) -> None:
    paid = Repaid(LOAN.due_on, 7_000_000)
    with open_shop(engine, LOAN) as shop:
        shop.record(paid)
        assert serviced.status_of(engine, shop.loan_id) == "closed"
        shop.close_through(DECEMBER_ENDS)
        shop.undo(paid)
        shop.compare()
        assert serviced.status_of(engine, shop.loan_id) == "active"
        shop.run_to(date(2017, 1, 2))
        shop.compare()
        assert serviced.status_of(engine, shop.loan_id) == "overdue"


def test_a_payoff_taken_back_later_begins_a_period_on_the_last_settlement(engine: Engine) -> None:
    paid = Repaid(date(2016, 2, 1), 7_000_000)
    with open_shop(engine, LOAN) as shop:
        shop.record(paid)
        shop.close_through(JULY_ENDS)
        shop.undo(paid)
        shop.run_to(date(2016, 9, 21))
        shop.compare()
        assert serviced.lines_of(engine, shop.loan_id)[-1].start == date(2016, 6, 21)


def test_credit_used_in_a_closed_month_cannot_be_taken_back(engine: Engine) -> None:
    paid = Repaid(date(2016, 2, 1), 10_000)
    with open_shop(engine, LOAN) as shop:
        shop.record(paid)
        shop.close_through(JULY_ENDS)
        with pytest.raises(RuleViolation) as refused:
            serviced.undo(engine, shop.loan_id, paid)
        assert (refused.value.code, refused.value.facts["found"]) == ("credit_used", "100.00")
        shop.compare()


@pytest.mark.parametrize(
    "case, ending",
    [
        ("a write-off", WrittenOff(date(2016, 4, 5))),
        ("a renewal", Renewed(date(2016, 3, 25))),
    ],
)
def test_what_ended_the_loan_rests_on_the_repayments_before_it(engine: Engine, case: str, ending: WrittenOff) -> None:
    paid = Repaid(date(2016, 3, 25), 100_000)
    with open_shop(engine, LOAN) as shop:
        shop.record(paid)
        _end(shop, ending)
        shop.close_through(JULY_ENDS)
        with pytest.raises(RuleViolation) as refused:
            serviced.undo(engine, shop.loan_id, paid)
        assert refused.value.code == "rests_on_later"


def test_misuse_counts_from_the_open_month_at_the_earliest(engine: Engine) -> None:
    with open_shop(engine, LOAN) as shop:
        shop.close_through(JULY_ENDS)
        with pytest.raises(RuleViolation) as refused:
            serviced.record(engine, shop.loan_id, Misused(JULY_ENDS))
        assert refused.value.code == "period_closed"
        shop.record(Misused(date(2016, 8, 1)))
        shop.run_to(date(2016, 9, 21))
        shop.compare()


def _end(shop: Shop, ending: WrittenOff | Renewed) -> None:
    if isinstance(ending, WrittenOff):
        shop.record(ending)
    else:
        serviced.renew(shop.engine, shop.loan_id, ending.on)


def _reversals(shop: Shop) -> list[date]:
    with shop.engine.connect() as connection:
        query = select(events.c.effective_on).join(Loan, Loan.id == events.c.loan_id)
        return list(connection.execute(query.where(events.c.red, Loan.id == shop.loan_id)).scalars())
