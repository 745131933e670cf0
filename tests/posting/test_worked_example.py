"""The worked example of books.md part 3, a household loan that fails, event by event with balances."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Engine

from ledger import chart as c
from ledger import events as e
from ledger import journal
from ledger.balances import Clocks, balance, loan_balance
from ledger.chart import Account
from ledger.reports.verifying.verification import verify
from tests.posting.paper import at, fen, paid
from tests.support.recording import BOOK, FUND, recording

# The interest lines of the example in scheme part 3 have these first days, last days and contract interest, 7,223.94 in
# all.
LINES = [
    ("2016-05-10", "2016-06-21", "277.08"),
    ("2016-06-21", "2016-09-21", "606.94"),
    ("2016-09-21", "2016-12-21", "600.35"),
    ("2016-12-21", "2017-03-21", "593.75"),
    ("2017-03-21", "2017-06-21", "606.94"),
    ("2017-06-21", "2017-09-21", "606.94"),
    ("2017-09-21", "2017-12-21", "600.35"),
    ("2017-12-21", "2018-03-21", "593.75"),
    ("2018-03-21", "2018-06-21", "606.94"),
    ("2018-06-21", "2018-09-21", "606.94"),
    ("2018-09-21", "2018-12-21", "600.35"),
    ("2018-12-21", "2019-03-21", "593.75"),
    ("2019-03-21", "2019-05-10", "329.86"),
]


class Books:
    """The books of the loan and the fund, and the balances of their accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._today = date.min

    def happened(self, *events: e.Event) -> None:
        self._today = max(self._today, *(event.effective_on for event in events))
        with recording(self._engine, self._today.isoformat()) as unit:
            journal.record_all(unit, [journal.Record(event) for event in events])

    def loan(self) -> Mapping[Account, int]:
        """Return the loan's sub-ledger (明细账) in the bank's book and in the fund book."""
        with self._engine.connect() as connection:
            found = loan_balance(connection, 1, Clocks(self._today))
        return {account: fen for account, fen in found.items() if account.per == "loan"}

    def of(self, account: Account) -> int:
        book = FUND if account.kind is c.Kind.FUND else BOOK
        with self._engine.connect() as connection:
            return balance(connection, account, book, Clocks(self._today))


def _live_to_maturity(books: Books) -> None:
    books.happened(e.LoanDisbursed(**at("2016-05-10"), principal=fen("50,000.00")))
    for number, (start, end, contract) in enumerate(LINES):
        books.happened(_line(start, end, contract))
        if number < len(LINES) - 1:
            books.happened(
                e.RepaymentReceived(
                    **at(end),
                    repayment=number,
                    amount=fen(contract),
                    interest=fen(contract),
                    applied=(paid(start, contract),),
                )
            )
    books.happened(e.PrincipalOverdue(**at("2019-05-11"), principal=fen("50,000.00")))


def _line(start: str, end: str, contract: str) -> e.InterestBilled:
    return e.InterestBilled(
        **at(end),
        period_start=date.fromisoformat(start),
        contract=fen(contract),
        penalty=fen("0.00"),
        compound=fen("0.00"),
    )


def _claim_paid(on: str, amount: str, city: str, county: str, principal: str, interest: str = "0.00") -> e.ClaimPaid:
    return e.ClaimPaid(
        **at(on),
        claim=1,
        paid=fen(amount),
        fund_share=fen(city),
        county_share=fen(county),
        overdue_principal=fen(principal),
        interest=fen(interest),
        applied=(paid("2019-03-21", interest),),
    )


def _came_back(on: str, amount: str, city: str, county: str) -> list[e.Event]:
    return [
        e.RecoveryReceived(**at(on), recovery=1, amount=fen(amount)),
        e.RecoveryRemitted(
            **at(on), recovery=1, claim=1, amount=fen(amount), fund_share=fen(city), county_share=fen(county)
        ),
    ]


def test_the_loan_that_fails(engine: Engine) -> None:
    books = Books(engine)
    _live_to_maturity(books)
    assert books.of(c.INTEREST_INCOME) == fen("7,223.94")
    claimed = {c.OVERDUE_PRINCIPAL: fen("50,000.00"), c.INTEREST_RECEIVABLE: fen("329.86")}
    assert books.loan() == claimed
    assert sum(claimed.values()) == fen("50,329.86")

    # The fund account pays all its 40,000.00 yuan on the principal of the claim. The rest of the claim is queued.
    books.happened(e.CountyFundContributed(**at("2019-08-01", None), amount=fen("40,000.00")))
    books.happened(_claim_paid("2019-08-12", "40,000.00", "20,000.00", "20,000.00", "40,000.00"))
    assert books.of(c.FUND_DEPOSITS) == 0
    assert books.loan() == {
        c.OVERDUE_PRINCIPAL: fen("10,000.00"),
        c.INTEREST_RECEIVABLE: fen("329.86"),
        c.RECOURSE: fen("40,000.00"),
        c.RECOURSE_ALLOWANCE: fen("40,000.00"),
        c.COMPENSATION_LOSS: fen("20,000.00"),
    }
    assert books.of(c.DUE_FROM_COUNTY) == fen("20,000.00")

    # A later deposit pays the queued amount, first the principal and then the interest.
    books.happened(e.CountyFundContributed(**at("2019-10-08", None), amount=fen("20,000.00")))
    books.happened(_claim_paid("2019-10-08", "10,329.86", "5,164.93", "5,164.93", "10,000.00", "329.86"))
    assert books.of(c.FUND_DEPOSITS) == fen("9,670.14")
    assert books.loan() == {
        c.RECOURSE: fen("50,329.86"),
        c.RECOURSE_ALLOWANCE: fen("50,329.86"),
        c.COMPENSATION_LOSS: fen("25,164.93"),
    }
    assert books.of(c.DUE_FROM_COUNTY) == fen("25,164.93")

    # The borrower pays 12,345.67 yuan, which goes to the fund. The city and the county each bear half of the net loss.
    books.happened(*_came_back("2020-03-02", "12,345.67", "6,172.83", "6,172.84"))
    net = {"city": fen("18,992.10"), "county": fen("18,992.09")}
    assert sum(net.values()) == fen("37,984.19")
    assert books.loan() == {
        c.RECOURSE: fen("37,984.19"),
        c.RECOURSE_ALLOWANCE: fen("37,984.19"),
        c.COMPENSATION_LOSS: net["city"],
    }
    assert books.of(c.DUE_FROM_COUNTY) == net["county"]

    # After the whole amount is recovered, the losses of the city and the county are zero.
    books.happened(*_came_back("2020-09-02", "37,984.19", "18,992.10", "18,992.09"))
    assert books.loan() == {}
    assert books.of(c.DUE_FROM_COUNTY) == books.of(c.COMPENSATION_LOSS) == 0
    assert books.of(c.FUND_DEPOSITS) == fen("60,000.00")
    assert books.of(c.SETTLEMENT_FUNDS) == fen("7,223.94"), "the bank has its interest, and its principal back"
    assert [each for each in verify(engine) if each.check not in _NO_LINES_KEPT] == []


# The test records only events, and skips the tables of lines, repayments and claims that the operations would write.
_NO_LINES_KEPT = {
    "line_alive_unlike_event",
    "application_unlike_entry",
    "repayment_unlike_event",
    "claim_unlike_postings",
}
