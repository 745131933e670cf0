"""Tests of the state of a compensated loan as of a day: status and open principal before and after every step."""

import pytest
from sqlalchemy import Engine

from ledger.balances import Clocks
from ledger.money import of_fen, plain
from ledger.queries import loan_state
from tests.support import claiming


@pytest.fixture
def recovered(engine: Engine) -> int:
    """Return a loan that failed in May 2019, was compensated on 12 August 2019, and was repaid on 2 December 2019."""
    claiming.deposit(engine, "60000.00", "2019-08-01")
    loan_id = claiming.failed_loan(engine)
    paid = claiming.pay(engine, claiming.approved(engine, loan_id)).paid
    own = claiming.payoff(engine, loan_id, "2019-12-02")
    claiming.recover(engine, loan_id, plain(of_fen(own) + paid), "2019-12-02")
    return loan_id


@pytest.mark.parametrize(
    ("case", "day", "status", "principal"),
    [
        ("on its due date", "2019-05-10", "active", "50000.00"),
        ("the day after", "2019-05-11", "overdue", "50000.00"),
        ("the day before the fund pays", "2019-08-11", "overdue", "50000.00"),
        ("the day the fund pays", "2019-08-12", "compensated", "0.00"),
        ("the day before all is paid back", "2019-12-01", "compensated", "0.00"),
        ("the day all is paid back", "2019-12-02", "closed", "0.00"),
    ],
)
def test_status_and_principal(engine: Engine, recovered: int, case: str, day: str, status: str, principal: str) -> None:
    with claiming.desk(engine, "auditor") as unit:
        state = loan_state.load(unit, [recovered], claiming.TODAY, clocks=Clocks(claiming.day(day)))[recovered].state
    assert (state.status, plain(state.open_principal)) == (status, principal)


def test_on_the_last_day_it_is_what_stands_now(engine: Engine, recovered: int) -> None:
    with claiming.desk(engine, "auditor") as unit:
        now = loan_state.load(unit, [recovered], claiming.TODAY)[recovered].state
        then = loan_state.load(unit, [recovered], claiming.TODAY, clocks=Clocks(claiming.TODAY))[recovered].state
    assert then == now


def test_before_it_was_paid_out_it_has_no_state(engine: Engine, recovered: int) -> None:
    with claiming.desk(engine, "auditor") as unit:
        assert loan_state.load(unit, [recovered], claiming.TODAY, clocks=Clocks(claiming.day("2016-05-09"))) == {}
