"""A loan in the database beside the oracle's history of the loan.

Every action is done in the database and in the oracle, and the results are compared.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, func, select

from ledger.calendar import load_calendar
from ledger.errors import Refusal
from ledger.policy.rates import load_tables
from ledger.tables.journal import entries, events, footers, movements, postings
from ledger.tables.loans import Loan, Repayment, StatusChange, allocations, interest_bills
from tests.oracle.book import Book
from tests.oracle.days import book_after
from tests.oracle.drawing import months_later
from tests.oracle.facts import Contract, Extended, Fact, Refused, Repaid, Undone
from tests.oracle.history import History
from tests.support import serviced

# Settings of tests that draw histories: every drawn loan is a new loan in the test's own database.
DRAWN = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
payable_on = load_calendar().next_working
"""Returns the working day on which a loan due on a day is payable."""
_WRITTEN = (events, entries, postings, footers, movements, interest_bills, allocations, Repayment, StatusChange, Loan)


@dataclass
class Shop:
    """A loan, the last day up to which the loan has been processed, and the day on which users record facts."""

    engine: Engine
    history: History
    loan_id: int
    walked: date
    today: date = serviced.TODAY

    @property
    def book(self) -> Book:
        """Return the oracle's book of the loan as of the last day up to which the loan has been run."""
        return book_after(self.history.contract, self.history.facts, self.walked)

    @property
    def undoable(self) -> list[Repaid]:
        undone = {fact.what for fact in self.history.facts if isinstance(fact, Undone)}
        return [fact for fact in self.history.facts if isinstance(fact, Repaid) and fact not in undone]

    def record(self, fact: Fact) -> None:
        """Record a fact in the database and in the oracle.

        The database and the oracle must refuse with equal codes, and a refusal must write nothing.
        """
        self._both(
            lambda: self.history.record(fact), lambda: serviced.record(self.engine, self.loan_id, fact, self.today)
        )

    def undo(self, fact: Repaid) -> None:
        self._both(lambda: self.history.undo(fact), lambda: serviced.undo(self.engine, self.loan_id, fact, self.today))

    def run_to(self, through: date) -> None:
        self.walked = max(self.walked, through)
        serviced.run_to(self.engine, self.loan_id, self.walked, self.today)

    def close_through(self, day: date) -> None:
        """Post everything due on or before a day, then close every month that ends on or before that day."""
        self.run_to(day)
        self.history.closed_through = day
        serviced.close_through(self.engine, day)

    def compare(self) -> None:
        """Run the daily job once more, then compare the database with the oracle's book."""
        self.run_to(self.walked)
        book = self.book
        days = {row.on for row in book.rows} | {self.walked}
        serviced.assert_books_equal(self.engine, self.loan_id, book, sorted(days))

    def _both(self, in_oracle: Callable[[], None], in_books: Callable[[], None]) -> None:
        before = self._counts()
        wanted = seen = None
        try:
            in_oracle()
        except Refused as refused:
            wanted = refused.code
        try:
            in_books()
        except Refusal as refusal:
            seen = refusal.code
        assert seen == wanted
        if wanted is not None:
            assert self._counts() == before
        self.walked = max([self.walked, *(fact.on for fact in self.history.facts)])

    def _counts(self) -> list[int]:
        """Return the row count of each table that a refused request must not change.

        A refused request adds a row only to the table of approvals.
        """
        counts = [select(func.count()).select_from(table).scalar_subquery() for table in _WRITTEN]
        with self.engine.connect() as connection:
            return [int(count) for count in connection.execute(select(*counts)).one()]


@contextmanager
def open_shop(engine: Engine, contract: Contract) -> Iterator[Shop]:
    """Yield a loan just paid out; at the end reopen the months that the test closed."""
    loan_id = serviced.lend(engine, contract)
    try:
        yield Shop(engine, History(contract), loan_id, contract.disbursed_on)
    finally:
        serviced.close_through(engine, None)


def as_agreed(contract: Contract, fact: Fact) -> Fact | None:
    """Return an extension to which the bank can agree: half the term, the published rate, the rolled due date."""
    if not isinstance(fact, Extended):
        return fact
    term = serviced.months_of(contract)
    months = min(fact.months, term // 2)
    if not months:
        return None
    due_on = months_later(contract.disbursed_on, term + months)
    rate = load_tables()["benchmark"].rate(term + months, fact.on)
    numerator, denominator = rate.as_integer_ratio()
    return replace(
        fact,
        months=months,
        due_on=due_on,
        rolled_on=payable_on(due_on),
        rate=type(fact.rate)(numerator, denominator),
    )


def month_ends(first: date, last: date) -> list[date]:
    """Return the last day of every month between two days, both days included."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if (day + timedelta(days=1)).day == 1]
