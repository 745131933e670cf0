"""The parts that all loaders of loan states share: the loan's stored row, and the accounts used for a state."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, case, cast, func

from ledger import chart
from ledger.chart import Account
from ledger.database import among, table_of
from ledger.policy.accrual import Terms
from ledger.policy.servicing import LoanState
from ledger.queries.contract_rates import loan_rows, rate_steps, scheme_and_uplifts
from ledger.tables.journal import postings
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)


class StoredLoan(NamedTuple):
    """The columns of a paid-out loan's row that are used to make the loan's state; rates are in units of 1e-8."""

    id: int
    county: str
    bank: str
    scheme: str
    scheme_version: int
    term_months: int
    signed_on: date
    disbursed_on: date
    original_due_on: date
    due_on: date
    rolled_on: date
    extended_months: int
    extended_on: date | None
    misused_on: date | None
    status: str
    billed_to: date
    next_step_on: date | None
    generation: int
    annual_rate: int
    extended_rate: int | None


class LoadedState(NamedTuple):
    """A loan's current row, and the loan's state as of the requested day and as known at the requested moment."""

    row: StoredLoan
    state: LoanState


_ROWS = loan_rows(StoredLoan._fields)


def stored_loans(unit: Unit, loan_ids: Iterable[int], *, lock: bool) -> list[StoredLoan]:
    """Return the rows of paid-out loans in the order of ids; with `lock`, lock the rows until the transaction ends."""
    chosen = among(unit.connection, _LOANS.c.id, sorted(set(loan_ids)))
    query = _ROWS.where(chosen, _LOANS.c.disbursed_on.is_not(None)).order_by(_LOANS.c.id)
    return list(map(StoredLoan._make, unit.connection.execute(query.with_for_update() if lock else query).all()))


def empty_states(unit: Unit, rows: Collection[StoredLoan], through: date) -> dict[int, LoanState]:
    """Return states without amounts: terms, status and next calendar step come from each loan's row.

    Each scheme version is looked up only once, because many loans have the same scheme version.
    """
    versions = {(row.scheme, row.scheme_version) for row in rows}
    schemes = {version: scheme_and_uplifts(unit, *version) for version in versions}
    states = {}
    for row in rows:
        scheme, uplifts = schemes[row.scheme, row.scheme_version]
        rates = rate_steps(unit, scheme, row, through)
        of_loan = Terms(row.disbursed_on, row.rolled_on, rates, row.misused_on, uplifts)
        states[row.id] = LoanState(row.id, row.county, row.bank, of_loan, row.status, row.billed_to, row.next_step_on)
    return states


def signed(account: Account) -> ColumnElement[int]:
    """Return the SQL expression of the amount in fen that a posting adds to an account on its normal side."""
    p = postings.c
    sign = 1 if account.side is chart.Side.DEBIT else -1
    return case((p.debit == account.code, sign * p.fen), (p.credit == account.code, -sign * p.fen), else_=0)


def summed(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)


BALANCES = (chart.LOAN_PRINCIPAL, chart.OVERDUE_PRINCIPAL, chart.BORROWER_CREDIT, chart.LOAN_LOSSES)
"""The accounts whose balances a state holds as `principal`, `overdue`, `credit` and `written_off`."""
