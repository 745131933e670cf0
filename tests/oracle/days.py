"""A second implementation of scheme.md part 3: a loan computed day by day in fractions, without the policy's code."""

from collections.abc import Iterable
from datetime import date, timedelta

from tests.oracle.book import Book, close_if_nothing_is_left, nothing, post, post_line, use_credit
from tests.oracle.deeds import take
from tests.oracle.facts import Contract, Fact, Undone

ACCOUNTS = ("130301", "130302", "113201", "113202", "2241", "6701")


def book_after(contract: Contract, facts: Iterable[Fact], through: date) -> Book:
    """Return the loan after the interest of the night that follows the day `through`."""
    book = during(contract, facts, through)
    night(book, through)
    return book


def during(contract: Contract, facts: Iterable[Fact], day: date) -> Book:
    """Return the oracle's state of a loan on a day, after all records of that day.

    Reversals are applied first; the other records are applied in the given order.
    """
    book = begin(contract)
    waiting = sorted(facts, key=lambda fact: (fact.on, not isinstance(fact, Undone)))
    on = contract.disbursed_on
    while True:
        dawn(book, on)
        while waiting and waiting[0].on == on:
            take(book, waiting.pop(0))
        if on >= day:
            return book
        night(book, on)
        on += timedelta(days=1)


def begin(contract: Contract) -> Book:
    book = Book(
        contract,
        rolled_on=contract.rolled_on,
        rates=list(contract.rates),
        normal=contract.principal,
        billed_to=contract.disbursed_on,
        accrued=nothing(),
    )
    post(book, contract.disbursed_on, "LoanDisbursed", "130301", "1003", contract.principal)
    return book


# Each day begins with the change to overdue, the posting of the interest line and the use of credit. Records made by
# people are applied later in the day, and the interest of the night is added last.


def dawn(book: Book, day: date) -> None:
    if day > book.rolled_on and book.normal:
        post(book, day, "PrincipalOverdue", "130302", "130301", book.normal)
        book.normal, book.overdue = 0, book.owed
        if book.status == "active":
            book.status = "overdue"
    if is_settlement(day) or day == book.rolled_on:
        post_line(book, day)
        everything = book.credit >= book.owed + book.billed
        use_credit(book, day, to_principal=everything or day >= book.rolled_on)
        close_if_nothing_is_left(book)


def night(book: Book, day: date) -> None:
    terms = book.contract
    rate = next(rate for since, rate in reversed(book.rates) if since <= day)
    late, misused = day >= book.rolled_on, day >= book.misused_on
    if factors := [terms.overdue] * late + [terms.misuse] * misused:
        book.accrued["penalty"] += book.owed * rate * max(factors) / 360
    else:
        book.accrued["contract"] += book.owed * rate / 360
    if terms.compound:
        grace = timedelta(days=terms.grace_days)
        unpaid = sum(bill.contract for bill in book.bills if day >= bill.posted_on + grace)
        book.accrued["compound"] += unpaid * rate * (terms.overdue if late else 1) / 360
    figures = (
        book.normal,
        book.overdue,
        sum(bill.contract for bill in book.bills),
        sum(bill.compound + bill.penalty for bill in book.bills),
        book.credit,
        book.lost,
    )
    book.balances[day] = dict(zip(ACCOUNTS, figures, strict=True))
    book.statuses[day] = book.status


def is_settlement(day: date) -> bool:
    return day.day == 21 and day.month in (3, 6, 9, 12)
