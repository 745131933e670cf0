"""The worked example of books.md §3, a household loan that fails, carried out with the operations to the fen."""

from sqlalchemy import Engine

from ledger.chart import COMPENSATION_LOSS, DUE_FROM_COUNTY, FUND_DEPOSITS, RECOURSE, RECOURSE_ALLOWANCE
from ledger.money import yuan
from tests.support import claiming


def test_a_loan_that_fails_is_compensated_recovered_and_closed(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.deposit(engine, "40000.00", "2019-08-01")
    claim = claiming.approved(engine, loan)
    frozen = claiming.claim(engine, claim)
    assert (frozen.principal, frozen.interest) == (50_000_00, 329_86)
    assert claiming.status(engine, loan) == "overdue"

    first = claiming.pay(engine, claim)
    assert (first.paid, first.city_share, first.county_share) == (yuan("40000.00"), yuan("20000.00"), yuan("20000.00"))
    assert (first.queued, first.status) == (yuan("10329.86"), "partly_paid")
    assert claiming.status(engine, loan) == "compensated"
    assert claiming.fund(engine, FUND_DEPOSITS) == 0

    claiming.deposit(engine, "20000.00", "2019-10-08")
    second = claiming.pay(engine, claim, "2019-10-08")
    assert (second.paid, second.city_share, second.county_share) == (yuan("10329.86"), yuan("5164.93"), yuan("5164.93"))
    assert (second.queued, second.status) == (yuan("0.00"), "paid")
    paid = claiming.claim(engine, claim)
    assert (paid.paid_principal, paid.paid_interest) == (50_000_00, 329_86)

    claiming.recover(engine, loan, "12345.67", "2019-11-05")
    assert claiming.fund(engine, RECOURSE) == 37_984_19
    assert claiming.fund(engine, COMPENSATION_LOSS) == 18_992_10
    assert claiming.fund(engine, DUE_FROM_COUNTY) == 18_992_09
    assert claiming.claim(engine, claim).status == "recovering"

    claiming.recover(engine, loan, "37984.19", "2019-12-02")
    for account in (RECOURSE, RECOURSE_ALLOWANCE, COMPENSATION_LOSS, DUE_FROM_COUNTY):
        assert claiming.fund(engine, account) == 0
    assert claiming.fund(engine, FUND_DEPOSITS) == 60_000_00

    claiming.close(engine, claim, "2019-12-03")
    assert claiming.claim(engine, claim).status == "closed"
    assert claiming.status(engine, loan) == "closed"
    left = claiming.balances_of(engine, loan)
    # Only the bank's cash account and its interest income account still have a balance.
    assert left.keys() == {"1003", "6011", "6012"}
