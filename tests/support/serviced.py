"""Loans serviced in a test database: paid out, changed by the operations, and read back for comparison."""

from collections import Counter
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, func, select

from ledger import period_lock
from ledger.balances import Clocks, loan_balance
from ledger.errors import Refusal
from ledger.money import of_fen, plain
from ledger.operations.approvals import requests
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.tables.journal import entries, events, postings
from ledger.tables.loans import Approval, Loan, Repayment, allocations, interest_bills
from ledger.unit_of_work import Unit
from tests.oracle import facts as oracle
from tests.oracle.book import Book
from tests.oracle.days import ACCOUNTS
from tests.oracle.facts import Allocation, Contract, Line, Row
from tests.support.county_desk import BANK, at_desk, household, pay_out, request
from tests.support.wide_scheme import signing_day, wide

BOOK = f"LOAN-{BANK}"
TODAY = date(2020, 12, 31)
WRONG = ReversalReason("记错 wrong")
_numbers = count(1)


def at_bank(engine: Engine, user: str = "officer", today: date = TODAY) -> AbstractContextManager[Unit]:
    """Return one transaction of a user of the bank."""
    return at_desk(engine, user, today)


def lend(engine: Engine, contract: Contract, *, under: str = "ganzhou-2016", **fields: Any) -> int:
    """Record, approve and pay out a loan of any term, rate and principal; return the loan id.

    The scheme is the preset `under` with wide limits, unless the fields of the request name another scheme. Without a
    borrower among the fields, the borrower is a new household.
    """
    first, months = contract.disbursed_on, months_of(contract)
    today = max(TODAY, first)
    rate = Decimal(contract.rates[0][1].numerator) / contract.rates[0][1].denominator
    told: dict[str, Any] = {
        "contract_no": f"S{next(_numbers):06d}",
        "principal": of_fen(contract.principal),
        "annual_rate": rate,
        "term_months": months,
        "signed_on": signing_day(rate, months, first),
        "policy_no": "P-1",
    }
    if "scheme" not in fields:
        told["scheme"] = wide(engine, under)
    if not fields.keys() & {"household_id", "organisation_id"}:
        with at_bank(engine, today=today) as unit:
            told["household_id"] = household(unit)
    loan_id = pay_out(engine, request(**(told | fields)), first, today)
    _assert_days(engine, loan_id, contract)
    return loan_id


def _assert_days(engine: Engine, loan_id: int, contract: Contract) -> None:
    """Assert that the payout gave a loan the due dates of its contract."""
    with engine.connect() as connection:
        found = connection.execute(select(Loan.due_on, Loan.rolled_on).where(Loan.id == loan_id)).one()
    assert tuple(found) == (contract.due_on, contract.rolled_on)


def months_of(contract: Contract) -> int:
    first, due = contract.disbursed_on, contract.due_on
    return (due.year - first.year) * 12 + due.month - first.month


def loan_of(rate: str, disbursed_on: str, due_on: str, rolled_on: str = "", principal: int = 5_000_000) -> Contract:
    """Return a contract from texts and numbers; the rate in percent, the principal in fen."""
    first, due = date.fromisoformat(disbursed_on), date.fromisoformat(due_on)
    rolled = date.fromisoformat(rolled_on) if rolled_on else due
    return Contract(principal, first, due, rolled, ((first, Fraction(rate) / 100),))


# Each action of a user is one transaction, or two transactions where two people are needed.


def record(engine: Engine, loan_id: int, fact: oracle.Fact, today: date = TODAY) -> None:
    """Record a fact with the operation for its kind; raise the refusal of the operation."""
    if isinstance(fact, oracle.Repaid):
        with at_bank(engine, today=today) as unit:
            repayments.repay(unit, receipt(loan_id, fact))
    else:
        decide(engine, loan_id, *_asked(fact), today)


def receipt(loan_id: int, fact: oracle.Repaid) -> Received:
    """Return a repayment whose receipt number identifies its fact, so that `undo` can find the repayment."""
    return Received(
        loan_id,
        of_fen(fact.amount),
        fact.on,
        "counter",
        receipt_no(fact),
        surplus=cast(Literal["credit", "principal"], fact.surplus),
        payer=cast(Literal["borrower", "guarantor", "collateral"], fact.payer),
    )


def receipt_no(fact: oracle.Fact) -> str:
    return f"R{fact.number}"


def decide(engine: Engine, loan_id: int, kind: str, payload: dict[str, Any], today: date = TODAY) -> None:
    """Request a change as officer and approve it as checker; reject the request if a rule refuses it."""
    with at_bank(engine, today=today) as unit:
        asked = requests.ask(unit, kind, payload, loan_id=loan_id, reason="r")
    try:
        with at_bank(engine, "checker", today) as unit:
            requests.approve(unit, asked.id)
    except Refusal:
        with at_bank(engine, "checker", today) as unit:
            requests.refuse(unit, asked.id, "not possible")
        raise


def _asked(fact: oracle.Fact) -> tuple[str, dict[str, Any]]:
    on = fact.on
    match fact:
        case oracle.Waived():
            return "waiver", {"on": on, "amount": plain(fact.asked) if fact.asked else None}
        case oracle.Refunded():
            return "credit_refund", {"on": on, "amount": plain(fact.amount)}
        case oracle.Misused():
            return "misuse", {"effective_on": on, "found_on": on}
        case oracle.WrittenOff():
            return "write_off", {"on": on}
        case oracle.Insured():
            return "insurance", {"received_on": on, "policy_no": "P-1", "amount": plain(fact.amount)}
        case oracle.Extended():
            return "extension", {"agreed_on": on, "months": fact.months}
    raise AssertionError(fact)


def renew(engine: Engine, loan_id: int, on: date) -> int:
    """Renew a loan for three years at the published rate; return the new loan's id."""
    payload = {"contract_no": f"S{next(_numbers):06d}", "term_months": 36, "annual_rate": "0.0475", "signed_on": on}
    decide(engine, loan_id, "renewal", payload)
    with engine.connect() as connection:
        return int(connection.execute(select(Loan.id).where(Loan.renews_id == loan_id)).scalar_one())


def pay_interest_to(engine: Engine, loan_id: int, on: date) -> None:
    """Pay all interest up to a day, as a renewal requires, in the amount of the pay-off."""
    with at_bank(engine) as unit:
        quote = repayments.payoff(unit, loan_id, on)
    record(engine, loan_id, oracle.Repaid(on, quote.contract + quote.compound + quote.penalty - quote.credit))


def undo(engine: Engine, loan_id: int, fact: oracle.Repaid, today: date = TODAY) -> None:
    """Reverse the repayment of a fact."""
    with at_bank(engine, today=today) as unit:
        query = select(Repayment.id).where(Repayment.loan_id == loan_id, Repayment.receipt_no == receipt_no(fact))
        repayments.reverse(unit, unit.session.execute(query).scalar_one(), WRONG)


def run_to(engine: Engine, loan_id: int, through: date, today: date = TODAY) -> None:
    """Run a loan to a day as the daily job does."""
    with at_bank(engine, today=today) as unit:
        run.run_to(unit, [loan_id], through)


def close_through(engine: Engine, day: date | None) -> None:
    """Close all months of the bank's book up to and including a day, or with None reopen all months."""
    with at_bank(engine) as unit:
        period_lock.hold_alone(unit, BOOK)
        period_lock.close_through(unit, BOOK, day)


# The helpers read the books as rows of the oracle.


def rows_of(engine: Engine, loan_id: int) -> Counter[Row]:
    """Return a loan's postings, except events reversed on their own day and the reversals of those events.

    An event reversed on a later day is included, and so is its red-letter reversal.
    """
    with engine.connect() as connection:
        found = connection.execute(
            select(
                events.c.id,
                events.c.kind,
                events.c.reverses_id,
                postings.c.effective_on,
                postings.c.debit,
                postings.c.credit,
                postings.c.fen,
            )
            .join(entries, entries.c.id == postings.c.entry_id)
            .join(events, events.c.id == entries.c.event_id)
            .where(postings.c.loan_id == loan_id)
        ).all()
    days = {row.id: row.effective_on for row in found}
    paired = {row.reverses_id: row.id for row in found if row.reverses_id and days[row.reverses_id] == row.effective_on}
    gone = paired.keys() | set(paired.values())
    return Counter(
        Row(row.effective_on, row.kind, row.debit, row.credit, row.fen) for row in found if row.id not in gone
    )


def lines_of(engine: Engine, loan_id: int) -> list[Line]:
    """Return a loan's unreversed interest bills, with the amounts billed."""
    ln = interest_bills.c
    query = select(ln.period_start, ln.period_end, ln.contract, ln.compound, ln.penalty)
    with engine.connect() as connection:
        found = connection.execute(query.where(ln.loan_id == loan_id, ln.live).order_by(ln.period_start))
        return [Line(*row) for row in found]


def allocations_of(engine: Engine, loan_id: int) -> Counter[Allocation]:
    """Return the amounts paid on interest bills by day and payer, without payments reversed on their own day."""
    a = allocations.c
    names = (a.period_start, a.effective_on, a.payer)
    sums = (func.sum(a.contract), func.sum(a.compound), func.sum(a.penalty))
    with engine.connect() as connection:
        found = connection.execute(select(*names, *sums).where(a.loan_id == loan_id).group_by(*names)).all()
    return Counter(Allocation(*row[:3], *map(int, row[3:])) for row in found if any(row[3:]))


def allocations_in(book: Book) -> Counter[Allocation]:
    """Return the amounts paid on interest bills by day and payer, from the oracle's book."""
    sums: dict[tuple[date, date, str], list[int]] = {}
    for part in book.allocations:
        into = sums.setdefault(part[:3], [0, 0, 0])
        into[:] = [a + b for a, b in zip(into, part[3:], strict=True)]
    return Counter(Allocation(*names, *figures) for names, figures in sums.items() if any(figures))


def balances_of(connection: Connection, loan_id: int, day: date) -> dict[str, int]:
    """Return the balances of a loan's accounts as of a day, by code, without zero balances."""
    found = loan_balance(connection, loan_id, Clocks(day))
    return {account.code: int(fen) for account, fen in found.items() if account.code in ACCOUNTS}


def status_of(engine: Engine, loan_id: int) -> str:
    with engine.connect() as connection:
        return str(connection.execute(select(Loan.status).where(Loan.id == loan_id)).scalar_one())


def pending(engine: Engine) -> int:
    """Return how many requests wait for approval."""
    with engine.connect() as connection:
        query = select(func.count()).select_from(Approval).where(Approval.status == "pending")
        return int(connection.execute(query).scalar_one())


def assert_books_equal(engine: Engine, loan_id: int, book: Book, days: list[date]) -> None:
    """Assert that a loan's postings, bills, allocations, status and balances equal the oracle's."""
    assert rows_of(engine, loan_id) == Counter(book.rows)
    assert lines_of(engine, loan_id) == book.lines
    assert allocations_of(engine, loan_id) == allocations_in(book)
    assert status_of(engine, loan_id) == book.status
    with engine.connect() as connection:
        for day in days:
            seen = balances_of(connection, loan_id, day)
            assert seen == {code: fen for code, fen in book.balances[day].items() if fen}, day
