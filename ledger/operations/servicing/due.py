"""Find, for the daily jobs, the loans with an interest bill or a change to overdue due on or before a day."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ledger.operations.job_runs import Scope
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan


def scopes_due(session: Session, through: date, *, matured: bool = False) -> dict[Scope, int]:
    """Return by bank and county the number of loans with a calendar step due on or before a day.

    The calendar steps that fall due on a loan are interest bills, uses of credit and changes to overdue. With
    `matured`, count only loans whose rolled due date lies before the day.
    """
    rows = session.execute(
        select(Loan.bank, Loan.county, func.count()).where(*_due(through, matured)).group_by(Loan.bank, Loan.county)
    )
    return {Scope(bank, county): count for bank, county, count in rows}


def loans_due(
    session: Session, scope: Scope, through: date, after: int, limit: int, *, matured: bool = False
) -> Sequence[int]:
    """Return the smallest ids above `after` of the due loans of one bank in one county, at most `limit`.

    A loan is due if `scopes_due` counts the loan. A subquery selects the due loans before the ids are sorted; without
    the subquery PostgreSQL would read the loans of all banks in the order of ids.
    """
    due = (
        select(Loan.id)
        .where(Loan.bank == scope.bank, Loan.county == scope.county, *_due(through, matured), Loan.id > after)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return session.execute(select(due.c.id).order_by(due.c.id).limit(limit)).scalars().all()


def earliest_step(session: Session, scope: Scope) -> date | None:
    """Return the first day on which a calendar step falls due on any loan of one bank in one county."""
    query = select(func.min(Loan.next_step_on)).where(Loan.bank == scope.bank, Loan.county == scope.county)
    return session.execute(query).scalar()


def _due(through: date, matured: bool) -> list[ColumnElement[bool]]:
    steps = [Loan.next_step_on <= through]
    return [*steps, Loan.rolled_on < through] if matured else steps


def newly_overdue(session: Session, scope: Scope, since: date | None, through: date) -> int:
    """Return the number of overdue loans whose first overdue day is after `since`, and on or before `through`."""
    turned = Loan.rolled_on < through  # A loan is overdue from the day after its rolled due date (3.7).
    if since is not None:
        turned &= Loan.rolled_on >= since
    query = select(func.count()).select_from(Loan).where(Loan.status == LoanStatus.OVERDUE, turned)
    if scope.bank:
        query = query.where(Loan.bank == scope.bank)
    if scope.county:
        query = query.where(Loan.county == scope.county)
    return session.execute(query).scalar_one()
