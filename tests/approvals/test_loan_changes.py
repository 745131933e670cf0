"""Tests of loan changes that need two people, recorded late or in time.

The tested loan changes are extension, misuse, renewal, write-off and others.
"""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger.errors import Refusal
from ledger.operations.servicing import repayments
from ledger.tables.loans import Loan
from tests.oracle.facts import Extended, Fact, Misused, Refunded, Repaid, Waived, WrittenOff
from tests.support import serviced
from tests.support.beside_oracle import as_agreed, open_shop

SHORT = serviced.loan_of("4.35", "2016-01-01", "2016-12-01")
# The loan runs for three years from 2016-10-01. The due date is in the National Day holiday week, so the loan is
# payable on 2019-10-08.
LONG = serviced.loan_of("4.75", "2016-10-01", "2019-10-01", "2019-10-08")


def row(engine: Engine, loan_id: int) -> Loan:
    """Return the stored database row of a loan."""
    with serviced.at_bank(engine) as unit:
        return unit.session.execute(select(Loan).where(Loan.id == loan_id)).scalar_one()


def extension(agreed_on: date, months: int) -> Extended:
    return Extended(agreed_on, months, agreed_on, agreed_on, LONG.rates[0][1])


def test_an_extension_agreed_in_time_and_approved_when_overdue_takes_the_overdue_back(engine: Engine) -> None:
    with open_shop(engine, LONG) as shop:
        shop.run_to(date(2019, 11, 1))
        assert serviced.status_of(engine, shop.loan_id) == "overdue"
        agreed = as_agreed(LONG, extension(date(2019, 9, 30), 6))
        assert agreed is not None
        shop.record(agreed)
        shop.run_to(date(2020, 4, 2))
        shop.compare()
        found = row(engine, shop.loan_id)
        assert (found.due_on, found.rolled_on, found.original_due_on) == (
            date(2020, 4, 1),
            date(2020, 4, 1),
            date(2019, 10, 1),
        )
        assert found.status == "overdue"


@pytest.mark.parametrize(
    "case, agreed_on, months, code, limit",
    [
        ("on the due date itself", "2019-10-01", 6, "extension_too_late", "2019-10-01"),
        ("in the days of the roll", "2019-10-07", 6, "extension_too_late", "2019-10-01"),
        ("more than half the term", "2019-09-30", 19, "extension_too_long", 18),
        ("before the loan was paid out", "2016-09-30", 6, "before_disbursement", "2016-10-01"),
    ],
)
def test_an_extension_that_may_not_be(
    engine: Engine, case: str, agreed_on: str, months: int, code: str, limit: Any
) -> None:
    loan_id = serviced.lend(engine, LONG)
    with pytest.raises(Refusal) as refused:
        serviced.decide(engine, loan_id, "extension", {"agreed_on": agreed_on, "months": months})
    assert (refused.value.code, refused.value.facts["limit"]) == (code, limit)


def test_a_loan_is_extended_once(engine: Engine) -> None:
    loan_id = serviced.lend(engine, LONG)
    serviced.record(engine, loan_id, extension(date(2019, 9, 1), 6))
    with pytest.raises(Refusal) as refused:
        serviced.record(engine, loan_id, extension(date(2019, 9, 2), 6))
    assert refused.value.code == "extension_repeated"


@pytest.mark.parametrize(
    "case, decision",
    [
        ("misuse found earlier", Misused(date(2016, 5, 2))),
        ("misuse of the day it was paid off, before", Misused(date(2016, 6, 30))),
    ],
)
def test_misuse_before_a_payoff_leaves_the_loan_open(engine: Engine, case: str, decision: Fact) -> None:
    day = date(2016, 7, 1)
    with open_shop(engine, SHORT) as shop:
        shop.record(Repaid(day, shop.history.at(day).payoff))
        assert serviced.status_of(engine, shop.loan_id) == "closed"
        shop.record(decision)
        assert serviced.status_of(engine, shop.loan_id) != "closed"
        shop.run_to(SHORT.rolled_on)
        shop.compare()


def test_misuse_is_not_found_on_a_loan_that_was_paid_off_by_then(engine: Engine) -> None:
    with open_shop(engine, SHORT) as shop:
        shop.record(Repaid(date(2016, 7, 1), 5_200_000))
        shop.record(Misused(date(2016, 7, 1)))
        shop.compare()
        with pytest.raises(Refusal) as refused:
            serviced.record(engine, shop.loan_id, Misused(date(2016, 7, 2)))
        assert refused.value.code == "wrong_status"


@pytest.mark.parametrize(
    "case, effective_on, found_on, code",
    [
        ("it began after it was found", "2016-05-03", "2016-05-02", "misuse_after_found"),
        ("it will be found", "2016-05-03", "2031-01-01", "future_date"),
    ],
)
def test_a_misuse_finding_that_may_not_be(
    engine: Engine, case: str, effective_on: str, found_on: str, code: str
) -> None:
    loan_id = serviced.lend(engine, SHORT)
    with pytest.raises(Refusal) as refused:
        serviced.decide(engine, loan_id, "misuse", {"effective_on": effective_on, "found_on": found_on})
    assert refused.value.code == code


def test_insurance_on_another_policy_is_refused(engine: Engine) -> None:
    loan_id = serviced.lend(engine, SHORT)
    payload = {"received_on": "2016-05-03", "policy_no": "P-2", "amount": "1.00"}
    with pytest.raises(Refusal) as refused:
        serviced.decide(engine, loan_id, "insurance", payload)
    assert (refused.value.code, refused.value.facts["limit"], refused.value.facts["found"]) == (
        "policy_mismatch",
        "P-1",
        "P-2",
    )


def test_written_off_then_received_until_it_is_income_and_taken_back_again(engine: Engine) -> None:
    first, second = Repaid(date(2017, 3, 1), 5_000_000), Repaid(date(2017, 3, 1), 999_999)
    with open_shop(engine, SHORT) as shop:
        shop.record(WrittenOff(date(2017, 2, 1)))
        shop.record(first)
        shop.record(second)
        shop.run_to(date(2018, 1, 1))
        shop.compare()
        assert shop.book.lost == 0
        shop.undo(first)
        shop.compare()
        assert 0 < shop.book.lost < 5_000_000
        assert serviced.status_of(engine, shop.loan_id) == "written_off"


def test_a_waiver_and_a_refund_are_lived_through_again(engine: Engine) -> None:
    with open_shop(engine, SHORT) as shop:
        shop.record(Repaid(date(2016, 2, 1), 100_000))
        shop.record(Refunded(date(2016, 4, 1), 30_000))
        shop.record(Waived(date(2017, 3, 21)))
        shop.record(Repaid(date(2016, 12, 20), 2_000_000))
        shop.compare()
        # Without the first repayment the loan has no credit on 2016-04-01, so no credit can be refunded on that day.
        with pytest.raises(Refusal) as refused:
            serviced.undo(engine, shop.loan_id, next(f for f in shop.undoable if f.on == date(2016, 2, 1)))
        assert refused.value.code == "exceeds_open_amount"
        shop.compare()


def test_a_renewal_moves_the_principal_to_a_loan_of_its_own(engine: Engine) -> None:
    day = date(2019, 9, 30)
    loan_id = serviced.lend(engine, LONG)
    serviced.pay_interest_to(engine, loan_id, day)
    renewal = serviced.renew(engine, loan_id, day)
    old, new = row(engine, loan_id), row(engine, renewal)
    assert (old.status, new.status, new.renews_id) == ("closed", "active", loan_id)
    assert (new.principal_fen, new.disbursed_on, new.first_disbursed_on, new.due_on) == (
        5_000_000,
        day,
        LONG.disbursed_on,
        date(2022, 9, 30),
    )
    with engine.connect() as connection:
        assert serviced.balances_of(connection, loan_id, day) == {}
        assert serviced.balances_of(connection, renewal, day) == {"130301": 5_000_000}
    serviced.run_to(engine, renewal, date(2019, 12, 21))
    [line] = serviced.lines_of(engine, renewal)
    # The interest line covers 82 days of interest.
    assert (line.start, line.posted_on, line.contract) == (day, date(2019, 12, 21), 54_097)
    with serviced.at_bank(engine) as unit:
        assert repayments.payoff(unit, renewal, date(2019, 12, 21)).total == 5_054_097


def test_a_renewal_with_interest_unpaid_is_refused_and_no_loan_is_made(engine: Engine) -> None:
    loan_id = serviced.lend(engine, LONG)
    with pytest.raises(Refusal) as refused:
        serviced.renew(engine, loan_id, date(2019, 9, 30))
    assert refused.value.code == "interest_unpaid"
    with engine.connect() as connection:
        assert connection.execute(select(Loan.id).where(Loan.renews_id == loan_id)).all() == []


@pytest.mark.parametrize(
    "case, on, code",
    [
        ("the day before something is booked", date(2016, 3, 20), "payoff_passed"),
        ("the day it is booked", date(2016, 3, 21), None),
    ],
)
def test_a_payoff_is_quoted_from_the_last_booked_day_on(engine: Engine, case: str, on: date, code: str | None) -> None:
    loan_id = serviced.lend(engine, SHORT)
    serviced.run_to(engine, loan_id, date(2016, 3, 21))
    with serviced.at_bank(engine) as unit:
        if code is None:
            assert repayments.payoff(unit, loan_id, on).total == 5_048_333
        else:
            with pytest.raises(Refusal) as refused:
                repayments.payoff(unit, loan_id, on)
            assert (refused.value.code, refused.value.facts["limit"]) == (code, "2016-03-21")
