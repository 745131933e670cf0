"""The closing of months in the sample county, after reconciliations, and the reopening of one month."""

from datetime import date
from functools import partial

from ledger import balances
from ledger.balances import Clocks
from ledger.chart import FUND_DEPOSITS, Kind, book_of
from ledger.dates import DAY, Quarter
from ledger.money import plain, yuan
from ledger.operations.books import periods
from ledger.operations.fund import accounts
from tests.upgrade.deeds import Agenda, day
from tests.upgrade.quarters import months_between
from tests.upgrade.stage import BANK, COUNTY, THRIFTY, Story


def months(story: Story) -> Agenda:
    """Return the days on which months are closed, and the day on which the last closed month is reopened."""
    first = date(2016, 3, 1)
    close = partial(partial, _close, story)
    return [
        (day("2017-03-28"), close("checker", "LOAN-GZRCB", first, day("2016-12-31"))),
        (day("2017-07-20"), partial(_reconcile, story, 2016)),
        (day("2017-07-20"), close("finance2", "FUND-360781", first, day("2016-12-31"))),
        (day("2019-12-29"), close("checker", "LOAN-GZRCB", day("2017-01-01"), day("2018-12-31"))),
        (day("2019-12-29"), close("checker2", "LOAN-ABC", first, day("2018-12-31"))),
        (day("2019-12-29"), close("finance2", "SUBSIDY-360781", first, day("2018-12-31"))),
        (day("2019-12-30"), partial(_open_again, story)),
    ]


def _close(story: Story, user: str, book: str, first: date, last: date) -> None:
    for month in months_between(first, last):
        story.do(user, periods.close_month, book, month)


def _reconcile(story: Story, year: int) -> None:
    """Reconcile the county's fund accounts for the quarters of a year, one quarter with an explained difference."""
    for number in range(1, 5):
        quarter = Quarter(year, number)
        last = quarter.calendar.end - DAY
        for bank in (BANK, THRIFTY):
            with story.at("auditor") as unit:
                book = book_of(Kind.FUND, bank=bank, county=COUNTY)
                balance = balances.balance(unit.connection, FUND_DEPOSITS, book, Clocks(last), bank=bank)
            differs = (bank, number) == (THRIFTY, 3)
            closing = yuan(plain(balance + (100 if differs else 0)))
            about = COUNTY, bank, closing, story.clock.today, f"DZ{quarter}", quarter
            story.do("finance", accounts.reconcile, *about, "银行次日入账" if differs else "")


def _open_again(story: Story) -> None:
    """Reopen the last closed month of the second bank, as its officer requests."""
    payload = {"book": "LOAN-ABC", "month": "2018-12"}
    story.decide(("officer2", "checker2"), "reopen", payload, "补记一笔还款", bank=THRIFTY)
