"""The oracle's implementation of scheme.md: the effect of each fact, after the day's interest line is posted."""

from collections.abc import Callable
from typing import Any

from tests.oracle.book import (
    LENDING,
    Book,
    Taken,
    close_if_nothing_is_left,
    post,
    post_line,
    post_taken,
    spend,
    take_off,
    take_principal,
    use_credit,
)
from tests.oracle.facts import (
    Extended,
    Fact,
    Insured,
    Misused,
    Refunded,
    Refused,
    Renewed,
    Repaid,
    Undone,
    Waived,
    WrittenOff,
)

ALLOWED: dict[type[Fact], tuple[str, ...]] = {
    Extended: ("active",),
    Misused: LENDING,
    Insured: LENDING,
    WrittenOff: LENDING,
    Renewed: LENDING,
    Waived: LENDING,
}


def take(book: Book, fact: Fact) -> None:
    if book.status not in ALLOWED.get(type(fact), (book.status,)):
        raise Refused("wrong_status")
    _TAKE[type(fact)](book, fact)
    close_if_nothing_is_left(book)


def _repaid(book: Book, fact: Repaid) -> None:
    day, amount, before = fact.on, fact.amount, len(book.rows)
    if book.status == "closed":
        raise Refused("loan_closed")
    if book.status == "written_off":
        loss = min(amount, book.lost)
        book.lost -= loss
        post(book, day, "RepaymentReceived", "1003", "6701", loss)
        post(book, day, "RepaymentReceived", "1003", "6012", amount - loss)
        book.paid[fact] = (book.rows[before:], Taken(), 0, loss)
        return
    settles = amount >= book.payoff
    if settles:
        post_line(book, day)
        use_credit(book, day, to_principal=True)
        before = len(book.rows)
    to_principal = settles or fact.surplus == "principal" or day >= book.rolled_on
    taken, rest = spend(book, day, amount, fact.payer, to_principal)
    post_taken(book, day, "RepaymentReceived", "1003", taken)
    post(book, day, "RepaymentReceived", "1003", "2241", rest)
    book.credit += rest
    book.paid[fact] = (book.rows[before:], taken, rest, 0)


def _undone(book: Book, fact: Undone) -> None:
    rows, taken, credit, loss = book.paid[fact.what]
    for row in rows:
        post(book, fact.on, "EventReversed", row.debit, row.credit, -row.fen)
    for part in taken.lines:
        bill = next(each for each in book.bills if each.start == part.start)
        take_off(book, fact.on, bill, part.payer, -part.contract, -part.compound, -part.penalty)
    book.normal, book.overdue = book.normal + taken.normal, book.overdue + taken.overdue
    book.credit, book.lost = book.credit - credit, book.lost + loss
    if book.credit < 0:
        raise Refused("credit_used")
    if book.status == "closed":
        turned = any(row.event == "PrincipalOverdue" for row in book.rows)
        book.status = "overdue" if turned else "active"


def _misused(book: Book, fact: Misused) -> None:
    book.misused_on = min(book.misused_on, fact.on)


def _waived(book: Book, fact: Waived) -> None:
    charges = sum(each.compound + each.penalty for each in book.bills)
    left = fact.asked or charges
    if not 0 < left <= charges:
        raise Refused("exceeds_open_amount")
    post(book, fact.on, "PenaltyWaived", "6012", "113202", left)
    for each in book.bills:
        compound = min(left, each.compound)
        penalty = min(left - compound, each.penalty)
        take_off(book, fact.on, each, "waiver", 0, compound, penalty)
        left -= compound + penalty


def _refunded(book: Book, fact: Refunded) -> None:
    if not 0 < fact.amount <= book.credit:
        raise Refused("exceeds_open_amount")
    book.credit -= fact.amount
    post(book, fact.on, "CreditRefunded", "2241", "1003", fact.amount)


def _insured(book: Book, fact: Insured) -> None:
    if fact.amount > book.owed:
        raise Refused("exceeds_open_amount")
    post_taken(book, fact.on, "InsuranceReceived", "1003", take_principal(book, fact.amount))


def _extended(book: Book, fact: Extended) -> None:
    old = book.contract.due_on
    book.rates = [*(row for row in book.rates if row[0] < old), (old, fact.rate)]
    book.rolled_on = fact.rolled_on


def _written_off(book: Book, fact: WrittenOff) -> None:
    post_line(book, fact.on)
    use_credit(book, fact.on, to_principal=True)
    if any(each.compound + each.penalty for each in book.bills):
        _waived(book, Waived(fact.on))
    if not book.owed + book.billed:
        raise Refused("nothing_open")
    taken = take_principal(book, book.owed)
    for each in book.bills:
        taken.lines += take_off(book, fact.on, each, "write_off", each.contract, 0, 0)
    post_taken(book, fact.on, "LoanWrittenOff", "6701", taken)
    book.lost += taken.principal + sum(part.contract for part in taken.lines)
    book.status = "written_off"


def _renewed(book: Book, fact: Renewed) -> None:
    post_line(book, fact.on)
    use_credit(book, fact.on, to_principal=False)
    if book.billed:
        raise Refused("interest_unpaid")
    post_taken(book, fact.on, "LoanRenewed", "1003", take_principal(book, book.owed))
    book.status = "closed"


_TAKE: dict[type[Fact], Callable[[Book, Any], None]] = {
    Repaid: _repaid,
    Undone: _undone,
    Misused: _misused,
    Waived: _waived,
    Refunded: _refunded,
    Insured: _insured,
    Extended: _extended,
    WrittenOff: _written_off,
    Renewed: _renewed,
}
