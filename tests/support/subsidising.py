"""Helpers for subsidy tests: loans paid out, billed and repaid, and batches taken from draft to payment."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, select

from ledger.balances import Clocks, balance, loan_balance
from ledger.chart import INTEREST_RECEIVABLE, PENALTY_RECEIVABLE, Account, book_of
from ledger.money import Fen, plain, yuan
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine
from ledger.workflow import Taken
from tests.support.county_desk import BANK, COUNTY, at_desk, household, link, organisation, pay_out, request

Q2 = Period.parse("quarter", "2016Q2")
CHAIN: Sequence[tuple[str, str, Callable[..., Taken]]] = (
    ("submitted", "checker", batches.submit),
    ("approved", "poverty", batches.approve),
    ("verified", "finance", batches.verify),
    ("paid", "finance2", batches.pay),
)


def lend(engine: Engine, on: date = date(2016, 5, 10), **fields: Any) -> int:
    """Pay out a household loan, by default 50,000 yuan at 4.75 % for 36 months; return the loan's id.

    The contract is signed on the day before the payout.
    """
    with at_desk(engine, today=on) as unit:
        home = fields.pop("household_id", None) or household(unit)
    contract = {"signed_on": on - timedelta(days=1), "household_id": home} | fields
    return pay_out(engine, request(**contract), on)


def lend_to_organisation(engine: Engine, on: date, principal: str, *, links: int, ends_on: date | None) -> int:
    """Pay out a loan to a new organisation with a number of links to households; return the loan's id."""
    with at_desk(engine, today=on) as unit:
        firm = organisation(unit)
        for _ in range(links):
            link(unit, firm, household(unit), ends_on=ends_on)
    contract = {"organisation_id": firm, "household_id": None, "signed_on": on - timedelta(days=1)}
    return pay_out(engine, request(principal=yuan(principal), **contract), on)


def bill(engine: Engine, through: date, loan_ids: Collection[int] | None = None) -> None:
    """Bill loans up to and including a day as the interest job does; without ids, bill all loans."""
    with at_desk(engine, "job:interest", through) as unit:
        chosen = loan_ids or unit.session.execute(select(Loan.id).where(Loan.disbursed_on.is_not(None))).scalars()
        run.run_to(unit, list(chosen), through)


def pay(
    engine: Engine, loan_id: int, amount: str, on: date, *, today: date | None = None, receipt: str = "", **more: Any
) -> int:
    """Record a repayment dated `on`, by default also recorded on that day; return the repayment's id."""
    with at_desk(engine, today=today or on) as unit:
        received = Received(loan_id, yuan(amount), on, "counter", receipt or f"R-{on}-{amount}", **more)
        return repayments.repay(unit, received).id


def take_back(engine: Engine, repayment_id: int, today: date) -> None:
    """Reverse a repayment by hand."""
    with at_desk(engine, "checker", today) as unit:
        repayments.reverse(unit, repayment_id, ReversalReason("录入错误 typed wrong", "officer", "checker"))


def draft(engine: Engine, period: Period = Q2, today: date | None = None, user: str = "officer") -> int:
    """Draft the batch of a period, on the 21st of the period's last month or later; return the batch's id."""
    with at_desk(engine, user, today or period.days.end) as unit:
        return batches.draft(unit, BANK, COUNTY, period).id


def step(engine: Engine, user: str, on: date, act: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Carry out a step as a person on a day."""
    with at_desk(engine, user, on) as unit:
        return act(unit, *args, **more)


def bring(engine: Engine, batch_id: int, to: str, on: date | None = None, since: str = "draft") -> None:
    """Take a subsidy batch to another status, every step on the 26th of the period's last month or on a given day."""
    names = ["draft", *(status for status, _, _ in CHAIN)]
    with engine.connect() as connection:
        day = on or connection.execute(select(SubsidyBatch.submit_by).where(SubsidyBatch.id == batch_id)).scalar_one()
    for _, user, act in CHAIN[names.index(since) : names.index(to)]:
        step(engine, user, day, act, batch_id)


def batch_of(engine: Engine, batch_id: int) -> SubsidyBatch:
    """Return the row of a batch."""
    with at_desk(engine) as unit:
        return unit.session.get_one(SubsidyBatch, batch_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of a batch, with amounts as texts in yuan."""

    loan: int
    kind: str
    period: str
    start: date
    end: date
    days: int
    interest: str
    subsidy: str
    live: bool
    stale: bool
    outcome: str | None


def shown(engine: Engine, batch_id: int) -> list[Shown]:
    """Return every line of a subsidy batch in the order of creation, including lines removed from the batch."""
    query = select(SubsidyLine).where(SubsidyLine.batch_id == batch_id).order_by(SubsidyLine.id)
    with at_desk(engine) as unit:
        return [
            Shown(
                row.loan_id,
                row.kind,
                row.period,
                row.period_start,
                row.period_end,
                row.days,
                plain(row.interest),
                plain(row.fen),
                bool(row.live),
                row.stale,
                row.outcome,
            )
            for row in unit.session.execute(query).scalars()
        ]


def amounts(engine: Engine, batch_id: int) -> dict[int, str]:
    """Return the sum of the subsidy lines still in a batch, in yuan, by loan id."""
    sums: dict[int, Decimal] = {}
    for line in shown(engine, batch_id):
        if line.live:
            sums[line.loan] = sums.get(line.loan, Decimal(0)) + Decimal(line.subsidy)
    return {loan: str(amount) for loan, amount in sums.items()}


def line_ids(engine: Engine, batch_id: int) -> list[int]:
    """Return the ids of the subsidy lines that are still in a batch."""
    live = (SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
    query = select(SubsidyLine.id).where(*live).order_by(SubsidyLine.id)
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def clawbacks(engine: Engine, loan_id: int) -> list[tuple[str, date]]:
    """Return the claw-backs on a loan: each amount in yuan with the day on which the claw-back was raised."""
    query = select(Clawback).where(Clawback.loan_id == loan_id).order_by(Clawback.id)
    with at_desk(engine) as unit:
        return [(plain(row.fen), row.raised_on) for row in unit.session.execute(query).scalars()]


def stands(engine: Engine, account: Account, as_of: date = date(2030, 1, 1), county: str = COUNTY) -> str:
    """Return the balance of an account in the county's subsidy book, in yuan."""
    book = book_of(account.kind, bank="", county=county)
    with engine.connect() as connection:
        return plain(balance(connection, account, book, Clocks(as_of)))


def of_loan(engine: Engine, loan_id: int) -> Mapping[Account, Fen]:
    """Return the balances of a loan in all books, in fen."""
    with engine.connect() as connection:
        return loan_balance(connection, loan_id)


def contract_interest(engine: Engine, loan_id: int) -> list[str]:
    """Return the contract interest of a loan's unreversed settlement lines in yuan, oldest first."""
    b = interest_bills.c
    query = select(b.contract).where(b.loan_id == loan_id, b.live).order_by(b.period_start)
    with engine.connect() as connection:
        return [plain(fen) for fen in connection.execute(query).scalars()]


def owed_interest(engine: Engine, loan_id: int) -> int:
    """Return the interest and charges owed on a loan, in fen."""
    balances = of_loan(engine, loan_id)
    return balances.get(INTEREST_RECEIVABLE, 0) + balances.get(PENALTY_RECEIVABLE, 0)


def renewal_of(engine: Engine, loan_id: int) -> int:
    """Return the id of the loan that renews a loan."""
    with engine.connect() as connection:
        return connection.execute(select(Loan.id).where(Loan.renews_id == loan_id)).scalar_one()
