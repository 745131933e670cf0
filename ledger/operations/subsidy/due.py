"""The subsidy batches that the daily job must draft or update on a day (scheme 7)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ledger.database import table_of
from ledger.operations.job_runs import EVERYTHING, Scope
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy.scheme import Cycle
from ledger.policy.subsidy import Period
from ledger.queries.subsidy_terms import granted_terms, settled_in
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.subsidies import SubsidyBatch

_LOANS = table_of(Loan)
_CYCLES: tuple[Cycle, ...] = ("quarter", "year")


def batches_due(session: Session, on: date, scope: Scope = EVERYTHING) -> dict[Scope, list[Period]]:
    """Return the ended periods whose batch is missing, or is open and has not been updated on the day `on`.

    The periods that need a batch are returned by bank and county. A period needs a batch as soon as it has one
    settlement line of a loan with subsidy, paid or not, because a batch without lines is reported too.
    """
    batches = _batches(session, scope)
    terms = granted_terms(session)
    settled = {cycle: settled_in(terms, cycle) for cycle in _CYCLES}
    due: dict[Scope, list[Period]] = {}
    for office, first in _first_payouts(session, scope).items():
        of_office = batches.get(office, {})
        for period in (period for cycle in _CYCLES for period in _over(cycle, first, on)):
            batch = of_office.get(period)
            if batch is None:
                is_due = _has_lines(session, office, period, settled[period.cycle])
            else:
                is_due = batch.open and batch.refreshed_on < on
            if is_due:
                due.setdefault(office, []).append(period)
    return due


class _Batch(NamedTuple):
    """A batch's state: whether the batch is open, and the day on which the batch was last updated."""

    open: bool
    refreshed_on: date


def _batches(session: Session, scope: Scope) -> dict[Scope, dict[Period, _Batch]]:
    b = SubsidyBatch
    query = select(b.bank, b.county, b.cycle, b.period, b.status, b.refreshed_on)
    if scope.bank and scope.county:
        query = query.where(b.bank == scope.bank, b.county == scope.county)
    batches: dict[Scope, dict[Period, _Batch]] = {}
    for bank, county, cycle, period, status, refreshed_on in session.execute(query):
        of_office = batches.setdefault(Scope(bank, county), {})
        of_office[Period.parse(cycle, period)] = _Batch(status in OPEN, refreshed_on)
    return batches


def _first_payouts(session: Session, scope: Scope) -> Mapping[Scope, date]:
    """Return the day of the first payout of each bank in each county."""
    query = select(Loan.bank, Loan.county, func.min(Loan.disbursed_on)).where(Loan.disbursed_on.is_not(None))
    if scope.bank and scope.county:
        query = query.where(Loan.bank == scope.bank, Loan.county == scope.county)
    rows = session.execute(query.group_by(Loan.bank, Loan.county))
    return {Scope(bank, county): first for bank, county, first in rows if first is not None}


def _over(cycle: Cycle, first: date, on: date) -> Iterator[Period]:
    """Return the periods that ended on or before a day, starting with the period of the first payout."""
    period = Period.of(cycle, first)
    while period.days.end <= on:
        yield period
        period = period.next


def _has_lines(session: Session, office: Scope, period: Period, settled: ColumnElement[bool]) -> bool:
    ln, c = interest_bills.c, _LOANS.c
    query = (
        select(ln.loan_id)
        .join(_LOANS, c.id == ln.loan_id)
        .where(
            c.bank == office.bank,
            c.county == office.county,
            settled,
            ln.live,
            ln.period_start >= period.days.start,
            ln.period_start < period.days.end,
        )
        .limit(1)
    )
    return session.connection().execute(query).first() is not None
