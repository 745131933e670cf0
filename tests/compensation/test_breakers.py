"""The figures behind the breakers (scheme 6.9), read from the books of one bank in one county."""

from sqlalchemy import Engine

from ledger.operations.lending import breakers
from ledger.policy.breakers import Figures
from ledger.policy.schemes import load_preset
from tests.compensation import desk
from tests.support.desk import COUNTY, at_desk


def test_the_figures_are_what_the_books_say(engine: Engine) -> None:
    desk.deposit(engine, "60000.00", "2019-08-01")
    compensated = desk.failed_loan(engine)
    desk.pay(engine, desk.approved(engine, compensated))
    desk.failed_loan(engine)
    with at_desk(engine, "auditor", desk.day("2019-08-08")) as unit:  # 90 days overdue: special mention still
        assert breakers.figures(unit, desk.BANK, COUNTY).bad == 0
    with at_desk(engine, "auditor", desk.day("2019-08-12")) as unit:
        assert breakers.figures(unit, desk.BANK, COUNTY) == Figures(
            desk.BANK,
            COUNTY,
            lent=desk.fen("50000.00"),
            bad=desk.fen("50000.00"),
            balance=desk.fen("9670.14"),
            lost=desk.fen("50329.86"),
            issued=desk.fen("100000.00"),
        )
        assert breakers.check(unit, load_preset("ganzhou-2016"), desk.BANK, COUNTY) == ()
