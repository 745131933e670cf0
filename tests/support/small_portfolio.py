"""A small portfolio for tests of the jobs, and its books in a form that lets a test compare two databases."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from jobs.lease import Lease
from ledger.money import yuan
from ledger.operations.servicing import repayments
from ledger.operations.servicing.repayments import Received
from ledger.tables.journal import entries, events, postings
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.notices import Notice
from tests.support.county_desk import at_desk, disbursed_loan, household, request

BANKS = ("GZRCB", "ABC")
COUNTIES = ("360781", "360702", "360735")

Rows = list[tuple[Any, ...]]
Books = tuple[Counter[tuple[Any, ...]], Rows, Rows, Rows]


def lend(
    engine: Engine, *, banks: Iterable[str] = ("GZRCB",), counties: Iterable[str] = ("360781",), each: int = 3
) -> list[int]:
    """Pay out loans of 50,000 yuan at 4.75 %, one a day from 2016-05-10 on, with `each` loans per bank and county."""
    made: list[int] = []
    for bank in banks:
        for county in counties:
            made += [_lend_one(engine, bank, county, number) for number in range(each)]
    return made


def _lend_one(engine: Engine, bank: str, county: str, number: int) -> int:
    asked = {"bank": bank, "county": county, "contract_no": f"{bank}-{county}-{number:04d}"}
    with at_desk(engine) as unit:
        home = household(unit, county=county)
    return disbursed_loan(engine, request(household_id=home, **asked), date(2016, 5, 10) + timedelta(days=number % 20))


def repay(engine: Engine, loan_id: int, amount: str, on: date) -> None:
    """Record a repayment on the day of the repayment."""
    with at_desk(engine, today=on) as unit:
        receipt = f"R-{on}-{amount}"
        repayments.repay(unit, Received(loan_id, yuan(amount), on, channel="counter", receipt_no=receipt))


def lease_on(engine: Engine, today: date = date(2019, 12, 31), **chosen: Any) -> Lease:
    """Return a lease on the jobs, on a day that the test chooses."""
    noon = datetime(today.year, today.month, today.day, 4, tzinfo=UTC)
    return replace(Lease(engine, by="test", clock=lambda: noon), **chosen)


def books_of(engine: Engine) -> Books:
    """Return the books without ids and moments: postings, interest lines, the loans' states and notices."""
    with engine.connect() as connection:
        posted = connection.execute(
            select(
                entries.c.book,
                entries.c.effective_on,
                events.c.kind,
                Loan.contract_no,
                postings.c.debit,
                postings.c.credit,
                postings.c.fen,
            )
            .join(events, events.c.id == entries.c.event_id)
            .join(postings, postings.c.entry_id == entries.c.id)
            .join(Loan, Loan.id == events.c.loan_id)
        ).all()
        billed = connection.execute(
            select(
                Loan.contract_no,
                interest_bills.c.period_start,
                interest_bills.c.period_end,
                interest_bills.c.contract,
                interest_bills.c.compound,
                interest_bills.c.penalty,
            )
            .join(Loan, Loan.id == interest_bills.c.loan_id)
            .where(interest_bills.c.live)
        ).all()
        standing = connection.execute(select(Loan.contract_no, Loan.status, Loan.billed_to, Loan.next_step_on)).all()
    told = sorted(map(tuple, billed)), sorted(map(tuple, standing), key=str)
    return Counter(map(tuple, posted)), *told, notices_of(engine)


def notices_of(engine: Engine) -> Rows:
    """Return the notices without those that turned out to be unnecessary."""
    columns = (Notice.due_on, Notice.kind, Notice.created_on, Notice.deliver_by, Notice.cancelled_on)
    query = select(Loan.contract_no, *columns, Notice.cancel_reason).join(Loan, Loan.id == Notice.loan_id)
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return sorted((tuple(row) for row in found if row.cancelled_on != row.created_on), key=str)
