"""The desks a subsidy batch passes, and the short way from a loan to a batch that is paid."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, select

from ledger.balances import Clocks, balance, loan_balance
from ledger.chart import INTEREST_RECEIVABLE, PENALTY_RECEIVABLE, Account, book_of
from ledger.money import Fen, plain, yuan
from ledger.operations.lending import loans
from ledger.operations.lending.contracts import LoanRequest
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine
from ledger.workflow import Taken
from tests.support.county_desk import COUNTY, at_desk, household, link, organisation, request

BANK = "GZRCB"
Q2 = Period.parse("quarter", "2016Q2")
CHAIN: Sequence[tuple[str, str, Callable[..., Taken]]] = (
    ("submitted", "checker", batches.submit),
    ("approved", "poverty", batches.approve),
    ("verified", "finance", batches.verify),
    ("paid", "finance2", batches.pay),
)


def lend(engine: Engine, on: date = date(2016, 5, 10), **fields: Any) -> int:
    """A household loan of 50,000 at 4.75 % for 36 months, signed the day before, unless told otherwise."""
    with at_desk(engine, today=on) as unit:
        home = fields.pop("household_id", None) or household(unit)
    told = {"signed_on": on - timedelta(days=1), "household_id": home} | fields
    return pay_out(engine, request(**told), on)


def pay_out(engine: Engine, asked: LoanRequest, on: date) -> int:
    """A loan recorded, approved and paid out on a day; answers its id."""
    with at_desk(engine, today=on) as unit:
        loan_id = loans.record(unit, asked).id
    with at_desk(engine, "checker", on) as unit:
        loans.approve(unit, loan_id)
    with at_desk(engine, today=on) as unit:
        loans.disburse(unit, loan_id, on)
    return loan_id


def lend_to_organisation(engine: Engine, on: date, principal: str, *, links: int, ends_on: date | None) -> int:
    """A loan to an organisation with so many links, signed the day before."""
    with at_desk(engine, today=on) as unit:
        firm = organisation(unit)
        for _ in range(links):
            link(unit, firm, household(unit), ends_on=ends_on)
    told = {"organisation_id": firm, "household_id": None, "signed_on": on - timedelta(days=1)}
    return pay_out(engine, request(principal=yuan(principal), **told), on)


def bill(engine: Engine, through: date, loan_ids: Collection[int] | None = None) -> None:
    """Carry loans, all of them unless named, through a day as the job does."""
    with at_desk(engine, "job:interest", through) as unit:
        chosen = loan_ids or unit.session.execute(select(Loan.id).where(Loan.disbursed_on.is_not(None))).scalars()
        run.run_to(unit, list(chosen), through)


def pay(
    engine: Engine, loan_id: int, amount: str, on: date, *, today: date | None = None, receipt: str = "", **more: Any
) -> int:
    """A repayment of a day, recorded on it or later; answers its id."""
    with at_desk(engine, today=today or on) as unit:
        told = Received(loan_id, yuan(amount), on, "counter", receipt or f"R-{on}-{amount}", **more)
        return repayments.repay(unit, told).id


def take_back(engine: Engine, repayment_id: int, today: date) -> None:
    """A repayment reversed by hand."""
    with at_desk(engine, "checker", today) as unit:
        repayments.reverse(unit, repayment_id, ReversalReason("录入错误 typed wrong", "officer", "checker"))


def draft(engine: Engine, period: Period = Q2, today: date | None = None, user: str = "officer") -> int:
    """The batch of a period, drafted on its 21st or on a later day; answers its id."""
    with at_desk(engine, user, today or period.days.end) as unit:
        return batches.draft(unit, BANK, COUNTY, period).id


def step(engine: Engine, user: str, on: date, act: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """One step of one person on a day."""
    with at_desk(engine, user, on) as unit:
        return act(unit, *args, **more)


def bring(engine: Engine, batch_id: int, to: str, on: date | None = None, since: str = "draft") -> None:
    """Take a batch along the chain, each step on the 26th of its period's month unless told otherwise."""
    names = ["draft", *(status for status, _, _ in CHAIN)]
    with engine.connect() as connection:
        day = on or connection.execute(select(SubsidyBatch.submit_by).where(SubsidyBatch.id == batch_id)).scalar_one()
    for _, user, act in CHAIN[names.index(since) : names.index(to)]:
        step(engine, user, day, act, batch_id)


def batch_of(engine: Engine, batch_id: int) -> SubsidyBatch:
    """A batch's row."""
    with at_desk(engine) as unit:
        return unit.session.get_one(SubsidyBatch, batch_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of a batch as a reader sees it."""

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
    """Every line of a batch, gone ones included, in the order in which they were made."""
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
    """What the lines that count come to, by loan."""
    sums: dict[int, Decimal] = {}
    for line in shown(engine, batch_id):
        if line.live:
            sums[line.loan] = sums.get(line.loan, Decimal(0)) + Decimal(line.subsidy)
    return {loan: str(amount) for loan, amount in sums.items()}


def line_ids(engine: Engine, batch_id: int) -> list[int]:
    """The ids of the lines that count."""
    live = (SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
    query = select(SubsidyLine.id).where(*live).order_by(SubsidyLine.id)
    with engine.connect() as connection:
        return list(connection.execute(query).scalars())


def clawbacks(engine: Engine, loan_id: int) -> list[tuple[str, date]]:
    """What was clawed back on a loan, and of which day."""
    query = select(Clawback).where(Clawback.loan_id == loan_id).order_by(Clawback.id)
    with at_desk(engine) as unit:
        return [(plain(row.fen), row.raised_on) for row in unit.session.execute(query).scalars()]


def stands(engine: Engine, account: Account, as_of: date = date(2030, 1, 1), county: str = COUNTY) -> str:
    """What an account of the county's subsidy book stands at."""
    book = book_of(account.kind, bank="", county=county)
    with engine.connect() as connection:
        return plain(balance(connection, account, book, Clocks(as_of)))


def of_loan(engine: Engine, loan_id: int) -> Mapping[Account, Fen]:
    """A loan's accounts in all books."""
    with engine.connect() as connection:
        return loan_balance(connection, loan_id)


def contract_interest(engine: Engine, loan_id: int) -> list[str]:
    """The contract interest of a loan's live lines, oldest first."""
    query = (
        select(interest_bills.c.contract)
        .where(interest_bills.c.loan_id == loan_id, interest_bills.c.live)
        .order_by(interest_bills.c.period_start)
    )
    with engine.connect() as connection:
        return [plain(fen) for fen in connection.execute(query).scalars()]


def owed_interest(engine: Engine, loan_id: int) -> int:
    """What is open of a loan's interest and charges, in fen."""
    found = of_loan(engine, loan_id)
    return found.get(INTEREST_RECEIVABLE, 0) + found.get(PENALTY_RECEIVABLE, 0)


def renewal_of(engine: Engine, loan_id: int) -> int:
    """The id of the loan that renewed a loan."""
    with engine.connect() as connection:
        return connection.execute(select(Loan.id).where(Loan.renews_id == loan_id)).scalar_one()
