"""Which loans have something falling due by a day, for the jobs that run them on."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ledger.operations.job_runs import Scope
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan


def scopes_due(session: Session, through: date, *, matured: bool = False) -> dict[Scope, int]:
    """How many loans of each bank and county have a line or transition on or before a day.

    `matured` asks only for those whose rolled due date is over by then.
    """
    found = session.execute(
        select(Loan.bank, Loan.county, func.count()).where(*_due(through, matured)).group_by(Loan.bank, Loan.county)
    )
    return {Scope(bank, county): count for bank, county, count in found}


def loans_due(
    session: Session, scope: Scope, through: date, after: int, limit: int, *, matured: bool = False
) -> Sequence[int]:
    """Ids above `after` of one bank's loans in one county, as `scopes_due` counts them, smallest first.

    Found first and sorted then: PostgreSQL would walk through the loans of all banks in the order of their ids.
    """
    due = (
        select(Loan.id)
        .where(Loan.bank == scope.bank, Loan.county == scope.county, *_due(through, matured), Loan.id > after)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return session.execute(select(due.c.id).order_by(due.c.id).limit(limit)).scalars().all()


def earliest_step(session: Session, scope: Scope) -> date | None:
    """The first day on which something falls due on one bank's loans in one county."""
    query = select(func.min(Loan.next_step_on)).where(Loan.bank == scope.bank, Loan.county == scope.county)
    return session.execute(query).scalar()


def _due(through: date, matured: bool) -> list[ColumnElement[bool]]:
    steps = [Loan.next_step_on <= through]
    return [*steps, Loan.rolled_on < through] if matured else steps


def newly_overdue(session: Session, scope: Scope, since: date | None, through: date) -> int:
    """How many loans are overdue whose first day overdue lies after `since` and not after `through`."""
    turned = Loan.rolled_on < through  # overdue is dated the day after the rolled due date (scheme 3.7)
    if since is not None:
        turned &= Loan.rolled_on >= since
    query = select(func.count()).select_from(Loan).where(Loan.status == LoanStatus.OVERDUE, turned)
    if scope.bank:
        query = query.where(Loan.bank == scope.bank)
    if scope.county:
        query = query.where(Loan.county == scope.county)
    return session.execute(query).scalar_one()
