"""Queries of loans' principal by day, and of the part of a borrower's cap that earlier loans leave unused."""

from collections.abc import Collection, Mapping
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, and_, case, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from ledger import chart, dates
from ledger.balances import Clocks
from ledger.database import among, table_of
from ledger.money import Fen
from ledger.policy import subsidy
from ledger.policy.accrual import Steps
from ledger.tables.journal import postings
from ledger.tables.loans import Loan

_LOANS = table_of(Loan)
_OWN, _OTHER = aliased(_LOANS, name="own"), aliased(_LOANS, name="other")
_PRINCIPAL = (chart.LOAN_PRINCIPAL.code, chart.OVERDUE_PRINCIPAL.code)
_DEBITED, _CREDITED = postings.c.debit.in_(_PRINCIPAL), postings.c.credit.in_(_PRINCIPAL)
_ONE_SIDE = _DEBITED != _CREDITED
"""The condition that leaves out postings from current to overdue principal, which do not change the amount owed."""


def _sum() -> ColumnElement[int]:
    fen = postings.c.fen
    signed = case((_DEBITED, fen), else_=0) - case((_CREDITED, fen), else_=0)
    return sql_cast(func.sum(signed), BigInteger).label("fen")


def _daily() -> Select[Any]:
    p = postings.c
    each_day = (p.loan_id, p.effective_on)
    return select(*each_day, _sum()).where(_ONE_SIDE).group_by(*each_day).order_by(*each_day)


# The SQL statements are built once, because they are executed for every chunk of loans.
_CHANGES = _daily()
_CHANGES_SINCE_BILLED = _CHANGES.join(_LOANS, _LOANS.c.id == postings.c.loan_id).where(
    postings.c.effective_on > _LOANS.c.billed_to
)


def changes_since_billed(connection: Connection, loan_ids: Collection[int]) -> dict[int, list[tuple[date, Fen]]]:
    """Return by loan id the changes of principal in fen after the day up to which the loan is billed, oldest first.

    Days on which the changes of principal sum to zero are left out. One query is enough for any number of loans.
    """
    query = _CHANGES_SINCE_BILLED.where(among(connection, postings.c.loan_id, loan_ids))
    changes: dict[int, list[tuple[date, Fen]]] = {}
    for loan_id, on, fen in connection.execute(query):
        if fen:
            changes.setdefault(loan_id, []).append((on, Fen(fen)))
    return changes


def principal_steps(connection: Connection, loan_ids: Collection[int]) -> dict[int, Steps]:
    """Return by loan id the loan's principal in fen, from each day on which the principal changed.

    Loans whose principal did not change after the payout are left out. Two queries are enough for any number of loans.
    """
    if not loan_ids:
        return {}
    loan_id = postings.c.loan_id
    counted = select(loan_id).where(among(connection, loan_id, loan_ids), _ONE_SIDE)
    moved = connection.execute(counted.group_by(loan_id).having(func.count() > 1)).scalars().all()
    if not moved:
        return {}
    steps_by_loan: dict[int, Steps] = {}
    rows = connection.execute(_CHANGES.where(among(connection, loan_id, moved)))
    for loan, changes in groupby(rows, key=lambda row: row[0]):
        steps, principal = steps_by_loan.setdefault(loan, Steps()), 0
        for change in changes:
            principal += change.fen
            steps.set(change.effective_on, Fen(principal))
    return steps_by_loan


def caps_left(connection: Connection, caps: Mapping[int, Fen]) -> dict[int, Steps]:
    """Return by loan the part of the borrower's cap that earlier loans leave, in fen, with first days (4.6).

    `caps` holds, by loan id, the cap of each loan's borrower. A loan without an earlier loan of its borrower is left
    out. Three queries are enough for any number of loans.
    """
    earlier = _earlier_loans(connection, caps)
    owed = principal_steps(connection, {row.id for row in earlier})
    left: dict[int, Steps] = {}
    for loan, rows in groupby(earlier, key=lambda row: row[0]):
        others = [owed.get(row.id) or ((row.disbursed_on, row.principal_fen),) for row in rows]
        left[loan] = subsidy.cap_left(caps[loan], others)
    return left


def _earlier_loans(connection: Connection, loan_ids: Collection[int]) -> Collection[Any]:
    """Return for each loan the borrower's earlier loans from any bank, in the order of the later loan's id."""
    if not loan_ids:
        return ()
    own, other = _OWN.c, _OTHER.c
    before = or_(other.disbursed_on < own.disbursed_on, and_(other.disbursed_on == own.disbursed_on, other.id < own.id))
    same = or_(other.household_id == own.household_id, other.organisation_id == own.organisation_id)
    query = select(own.id.label("loan"), other.id, other.disbursed_on, other.principal_fen)
    chosen = among(connection, own.id, loan_ids)
    return connection.execute(query.join(_OTHER, and_(same, before)).where(chosen).order_by(own.id)).all()


def principal_as_of(clocks: Clocks) -> Subquery:
    """Return a subquery for every loan's principal at the end of a day, with the columns `loan_id` and `fen`."""
    p = postings.c
    within = [p.effective_on <= clocks.as_of, or_(_DEBITED, _CREDITED)]
    if clocks.known_at is not None:
        within.append(p.recorded_at <= dates.micros(clocks.known_at))
    return select(p.loan_id, _sum()).where(p.loan_id.is_not(None), *within).group_by(p.loan_id).subquery()
