"""Tests that a sheet lists every refused row with its reason, and that a good sheet equals single repayments."""

from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import Engine, select

from ledger.errors import Refusal
from ledger.operations.servicing import repayments
from ledger.operations.servicing.repayments import Received
from ledger.tables.loans import interest_bills
from tests.oracle.facts import Extended, Repaid
from tests.support import serviced
from tests.support.beside_oracle import open_shop
from tests.support.county_desk import approved_loan, household, request

LOAN = serviced.loan_of("4.35", "2016-01-01", "2016-12-01")


def lent(engine: Engine) -> int:
    return serviced.lend(engine, LOAN)


def faults_of(engine: Engine, sheet: list[Received]) -> list[tuple[int, str]]:
    """Return the row and the refusal code of each refused row, after rolling back the transaction."""
    faults: list[tuple[Any, Refusal]] = []
    with suppress(_Enough), serviced.at_bank(engine) as unit:
        assert repayments.repay_all(unit, sheet, faults=faults) == []
        raise _Enough
    return sorted((place, refusal.code) for place, refusal in faults)


class _Enough(Exception):
    pass


def test_all_refused_rows_of_a_sheet_are_named_at_once(engine: Engine) -> None:
    good, extended, settled = lent(engine), lent(engine), lent(engine)
    with serviced.at_bank(engine) as unit:
        home = household(unit)
    unlent = approved_loan(engine, request(household_id=home))
    serviced.record(engine, extended, Extended(date(2016, 8, 10), 4, LOAN.due_on, LOAN.due_on, LOAN.rates[0][1]))
    serviced.record(engine, settled, Repaid(date(2016, 2, 1), 6_000_000))
    twice = Repaid(date(2016, 5, 4), 100)
    sheet = [
        serviced.receipt(good, Repaid(date(2016, 5, 2), 100)),
        serviced.receipt(extended, Repaid(date(2016, 8, 9), 100)),
        serviced.receipt(settled, Repaid(date(2016, 2, 2), 100)),
        serviced.receipt(good, Repaid(date(2031, 1, 1), 100)),
        serviced.receipt(good, twice),
        serviced.receipt(good, twice),
        serviced.receipt(good, Repaid(date(2016, 5, 5), 0)),
        serviced.receipt(unlent, Repaid(date(2016, 5, 5), 100)),
        serviced.receipt(good, Repaid(date(2015, 12, 31), 100)),
        serviced.receipt(extended, Repaid(date(2016, 8, 10), 100)),
    ]
    found = faults_of(engine, sheet)
    assert found == [
        (1, "rests_on_later"),
        (2, "loan_closed"),
        (3, "future_date"),
        (5, "receipt_recorded"),
        (6, "amount_not_positive"),
        (7, "wrong_status"),
        (8, "before_disbursement"),
    ]
    assert serviced.rows_of(engine, good).total() == 1  # The disbursement is the only row in the loan's books.


def test_a_line_billed_again_keeps_its_name_and_has_a_new_version(engine: Engine) -> None:
    with open_shop(engine, LOAN) as shop:
        shop.run_to(date(2016, 7, 1))
        shop.record(Repaid(date(2016, 4, 1), 2_000_000, "principal"))
        shop.run_to(date(2016, 7, 1))
        shop.compare()
        query = select(
            interest_bills.c.period_start, interest_bills.c.version, interest_bills.c.live, interest_bills.c.contract
        )
        with engine.connect() as connection:
            found = connection.execute(
                query.where(interest_bills.c.loan_id == shop.loan_id).order_by(*query.selected_columns)
            )
            rows = [tuple(row) for row in found]
    assert rows == [
        (date(2016, 1, 1), 1, True, 48_333),
        (date(2016, 3, 21), 1, None, 55_583),
        # The interest is for 11 days on 50,000.00 yuan and 81 days on 30,483.33 yuan.
        (date(2016, 3, 21), 2, True, 36_481),
    ]
