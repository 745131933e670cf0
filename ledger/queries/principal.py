"""The principal of loans, day by day or as of a day, whoever paid it: the sum of what was lent and paid back."""

from collections.abc import Collection
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Subquery, case, cast, func, or_, select

from ledger import chart, dates
from ledger.balances import Clocks
from ledger.database import among
from ledger.money import Fen
from ledger.policy.accrual import Steps
from ledger.tables.journal import postings
from ledger.tables.loans import Loan

_LOANS: Any = Loan.__table__
_PRINCIPAL = (chart.LOAN_PRINCIPAL.code, chart.OVERDUE_PRINCIPAL.code)
_DEBITED, _CREDITED = postings.c.debit.in_(_PRINCIPAL), postings.c.credit.in_(_PRINCIPAL)
_ONE_SIDE = _DEBITED != _CREDITED
"""Excludes the move from current to overdue principal, which leaves the amount owed as it is."""


def _sum() -> ColumnElement[int]:
    fen = postings.c.fen
    signed = case((_DEBITED, fen), else_=0) - case((_CREDITED, fen), else_=0)
    return cast(func.sum(signed), BigInteger).label("fen")


def _daily() -> Select[Any]:
    p = postings.c
    each_day = (p.loan_id, p.effective_on)
    return select(*each_day, _sum()).where(_ONE_SIDE).group_by(*each_day).order_by(*each_day)


# Put together once: every chunk of loans asks them.
_CHANGES = _daily()
_CHANGES_SINCE_BILLED = _CHANGES.join(_LOANS, _LOANS.c.id == postings.c.loan_id).where(
    postings.c.effective_on > _LOANS.c.billed_to
)


def changes_since_billed(connection: Connection, loan_ids: Collection[int]) -> dict[int, list[tuple[date, Fen]]]:
    """Return each loan's changes of principal after the day it is billed to, by loan id, oldest first, in fen.

    Days whose changes add up to nothing are left out. One query for all loans.
    """
    query = _CHANGES_SINCE_BILLED.where(among(connection, postings.c.loan_id, loan_ids))
    found: dict[int, list[tuple[date, Fen]]] = {}
    for loan_id, on, fen in connection.execute(query):
        if fen:
            found.setdefault(loan_id, []).append((on, Fen(fen)))
    return found


def principal_steps(connection: Connection, loan_ids: Collection[int]) -> dict[int, Steps]:
    """Return each loan's principal in fen from each day it changed, by loan id.

    Loans whose principal has not moved since it was paid out are left out. Two queries for all loans.
    """
    if not loan_ids:
        return {}
    loan_id = postings.c.loan_id
    counted = select(loan_id).where(among(connection, loan_id, loan_ids), _ONE_SIDE)
    moved = connection.execute(counted.group_by(loan_id).having(func.count() > 1)).scalars().all()
    if not moved:
        return {}
    found: dict[int, Steps] = {}
    rows = connection.execute(_CHANGES.where(among(connection, loan_id, moved)))
    for loan, changes in groupby(rows, key=lambda row: row[0]):
        steps, principal = found.setdefault(loan, Steps()), 0
        for change in changes:
            principal += change.fen
            steps.set(change.effective_on, Fen(principal))
    return found


def principal_as_of(clocks: Clocks) -> Subquery:
    """Return the subquery of every loan's principal at the end of a day: columns `loan_id` and `fen`."""
    p = postings.c
    within = [p.effective_on <= clocks.as_of, or_(_DEBITED, _CREDITED)]
    if clocks.known_at is not None:
        within.append(p.recorded_at <= dates.micros(clocks.known_at))
    return select(p.loan_id, _sum()).where(p.loan_id.is_not(None), *within).group_by(p.loan_id).subquery()
