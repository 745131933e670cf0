"""Tests of the figures that the circuit breakers use (scheme 6.9), read from the books of one bank in one county."""

from sqlalchemy import Engine

from ledger.operations.lending import breakers
from ledger.policy.breakers import Figures
from ledger.policy.schemes import load_preset
from tests.support import claiming
from tests.support.county_desk import BANK, COUNTY, at_desk


def test_the_figures_are_what_the_books_say(engine: Engine) -> None:
    claiming.deposit(engine, "60000.00", "2019-08-01")
    compensated = claiming.failed_loan(engine)
    claiming.pay(engine, claiming.approved(engine, compensated))
    claiming.failed_loan(engine)
    # After 90 days overdue, a loan is still graded as special mention.
    with at_desk(engine, "auditor", claiming.day("2019-08-08")) as unit:
        assert breakers.figures(unit, BANK, COUNTY).bad == 0
    with at_desk(engine, "auditor", claiming.day("2019-08-12")) as unit:
        assert breakers.figures(unit, BANK, COUNTY) == Figures(
            BANK,
            COUNTY,
            lent=claiming.fen("50000.00"),
            bad=claiming.fen("50000.00"),
            balance=claiming.fen("9670.14"),
            lost=claiming.fen("50329.86"),
            issued=claiming.fen("100000.00"),
        )
        assert breakers.check(unit, load_preset("ganzhou-2016"), BANK, COUNTY) == ()
