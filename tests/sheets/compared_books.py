"""The books of loans in a form in which two loans can be compared, and the records of imports."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from ledger.balances import loan_balances
from ledger.operations.job_runs import Scope
from ledger.operations.servicing import due, run
from ledger.tables.journal import entries, events, movements, postings
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.work import Import
from tests.support.county_desk import BANK, at_desk
from tests.support.sheet_files import Row, paid_row

END = date(2016, 12, 31)


def written(engine: Engine, contract_nos: Iterable[str], bank: str = "GZRCB") -> list[Any]:
    """Return the postings, live interest bills and columns of a bank's loans, without ids, users, times and bank."""
    chosen = (Loan.bank == bank) & Loan.contract_no.in_(list(contract_nos))
    with engine.connect() as connection:
        posted = connection.execute(
            select(
                Loan.contract_no,
                entries.c.effective_on,
                events.c.kind,
                events.c.county,
                postings.c.debit,
                postings.c.credit,
                postings.c.fen,
            )
            .join(events, events.c.loan_id == Loan.id)
            .join(entries, entries.c.event_id == events.c.id)
            .join(postings, postings.c.entry_id == entries.c.id)
            .where(chosen)
        ).all()
        billed = connection.execute(
            select(
                Loan.contract_no,
                interest_bills.c.period_start,
                interest_bills.c.period_end,
                interest_bills.c.contract,
                interest_bills.c.penalty,
            )
            .join(interest_bills, interest_bills.c.loan_id == Loan.id)
            .where(chosen, interest_bills.c.live)
        ).all()
        stands = connection.execute(
            select(
                *(
                    getattr(Loan, name)
                    for name in (
                        "contract_no",
                        "county",
                        "scheme",
                        "scheme_version",
                        "principal_fen",
                        "annual_rate",
                        "benchmark_rate",
                        "term_months",
                        "signed_on",
                        "purpose",
                        "security",
                        "status",
                        "disbursed_on",
                        "original_due_on",
                        "due_on",
                        "rolled_on",
                        "first_disbursed_on",
                        "billed_to",
                        "next_step_on",
                    )
                )
            ).where(chosen)
        ).all()
    return [Counter(map(tuple, posted)), sorted(map(tuple, billed)), sorted(map(tuple, stands))]


def imports_of(engine: Engine) -> list[tuple[Any, ...]]:
    """Return the kind, status, rows, booked rows and unchanged rows of every import, oldest first."""
    columns = (Import.kind, Import.status, Import.rows, Import.booked, Import.unchanged)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(Import.id))]


def count_of(engine: Engine, table: Any, *where: Any) -> int:
    """Return how many rows of a table fulfil the conditions."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def moved(connection: Connection) -> dict[str, int]:
    """Return the balance of every account from the daily movements, in fen, without accounts at zero."""
    m = movements.c
    rows = connection.execute(select(m.account, func.sum(m.debit) - func.sum(m.credit)).group_by(m.account))
    return {account: int(fen) for account, fen in rows if fen}


def owed(engine: Engine) -> int:
    """Return the sum of the open principal of all loans from their postings, in fen."""
    with engine.connect() as connection:
        ids = connection.execute(select(Loan.id)).scalars().all()
        found = loan_balances(connection, ids)
    return sum(fen for of_loan in found.values() for account, fen in of_loan.items() if account.code == "130301")


def history(loan: Row) -> list[Row]:
    """Return four repayments of a loan: early, punctual, late, and larger than the amount due."""
    return [
        paid_row(loan, amount="606.94", paid_on="2016-09-21"),
        paid_row(loan, amount="277.08", paid_on="2016-06-21"),
        paid_row(loan, amount="10,000.00", paid_on="2016-08-01", surplus="还本"),
        paid_row(loan, amount="600.00", paid_on="2016-12-25", received_on="2016-12-23"),
    ]


def post_due(engine: Engine, through: date = END) -> None:
    """Bill and post everything that is due on the bank's loans on or before a day."""
    with at_desk(engine, "job", END) as unit:
        run.run_to(unit, due.loans_due(unit.session, Scope(BANK, "360781"), through, 0, 5000), through)


def unreversed(engine: Engine, loan: Row) -> list[Any]:
    """Return the postings, interest bills and columns of a loan, without reversed postings."""
    posted, billed, ((_, *stands),) = written(engine, [loan["contract_no"]])
    sums: dict[Any, int] = {}
    for (_, on, _, county, debit, credit, fen), times in posted.items():
        key = (on, county, debit, credit)
        sums[key] = sums.get(key, 0) + fen * times
    return [{key: fen for key, fen in sums.items() if fen}, [row[1:] for row in billed], stands]
