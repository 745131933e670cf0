"""Which subsidy batches are to be drafted or brought in step by a day, for the job that does it (scheme 7)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.operations.job_runs import EVERYTHING, Scope
from ledger.operations.subsidy import sources
from ledger.operations.subsidy.workflow import OPEN
from ledger.policy.scheme import Cycle
from ledger.policy.subsidy import Period
from ledger.tables.loans import Loan, interest_bills
from ledger.tables.subsidies import SubsidyBatch

_LOANS: Any = Loan.__table__
_CYCLES: tuple[Cycle, ...] = ("quarter", "year")


def batches_due(session: Session, on: date, scope: Scope = EVERYTHING) -> dict[Scope, list[Period]]:
    """Periods over by a day, by bank and county: with lines and no batch, or with an open one not refreshed that day.

    A period has a batch as soon as it has a line whose loan has a subsidy, paid or not: nothing to report is
    reported too.
    """
    stands = _stands(session, scope)
    found: dict[Scope, list[Period]] = {}
    for of_scope, first in _lent_since(session, scope).items():
        mine = stands.get(of_scope, {})
        for period in (period for cycle in _CYCLES for period in _over(cycle, first, on)):
            stand = mine.get(period)
            if _has_lines(session, of_scope, period) if stand is None else stand.open and stand.refreshed_on < on:
                found.setdefault(of_scope, []).append(period)
    return found


class _Stand(NamedTuple):
    open: bool
    refreshed_on: date


def _stands(session: Session, scope: Scope) -> dict[Scope, dict[Period, _Stand]]:
    b = SubsidyBatch
    query = select(b.bank, b.county, b.cycle, b.period, b.status, b.refreshed_on)
    if scope.bank and scope.county:
        query = query.where(b.bank == scope.bank, b.county == scope.county)
    found: dict[Scope, dict[Period, _Stand]] = {}
    for bank, county, cycle, period, status, refreshed_on in session.execute(query):
        of_scope = found.setdefault(Scope(bank, county), {})
        of_scope[Period.parse(cycle, period)] = _Stand(status in OPEN, refreshed_on)
    return found


def _lent_since(session: Session, scope: Scope) -> Mapping[Scope, date]:
    """Since when each bank has loans in each county."""
    query = select(Loan.bank, Loan.county, func.min(Loan.disbursed_on)).where(Loan.disbursed_on.is_not(None))
    if scope.bank and scope.county:
        query = query.where(Loan.bank == scope.bank, Loan.county == scope.county)
    found = session.execute(query.group_by(Loan.bank, Loan.county))
    return {Scope(bank, county): first for bank, county, first in found if first is not None}


def _over(cycle: Cycle, first: date, on: date) -> Iterator[Period]:
    """The periods that are over by a day, from the one of a loan's first day on."""
    period = Period.of(cycle, first)
    while period.days.end <= on:
        yield period
        period = period.next


def _has_lines(session: Session, scope: Scope, period: Period) -> bool:
    ln, c = interest_bills.c, _LOANS.c
    query = (
        select(ln.loan_id)
        .join(_LOANS, c.id == ln.loan_id)
        .where(
            c.bank == scope.bank,
            c.county == scope.county,
            sources.of_cycle(session, period.cycle),
            ln.live,
            ln.period_start >= period.days.start,
            ln.period_start < period.days.end,
        )
        .limit(1)
    )
    return session.connection().execute(query).first() is not None
