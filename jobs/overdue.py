"""`overdue`: carries on the loans past their rolled due date, and counts those newly overdue.

A loan turns overdue between two of its lines, so its life is walked by one function in the order of its days,
that of `interest`. After `interest` this job finds nothing left to do; run alone it does the same for the
loans that have matured. Either way it says how many are overdue since its last run.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from jobs.interest import carry_on, loans_due
from jobs.job import Job, Step
from ledger.operations.job_runs import Scope
from ledger.operations.servicing import due


def _scopes_due(session: Session, on: date) -> Mapping[Scope, int]:
    return due.scopes_due(session, on, matured=True)


def _loans_due(session: Session, step: Step, after: int, limit: int) -> Sequence[int]:
    return loans_due(session, step, after, limit, matured=True)


def _newly_overdue(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    return {"newly_overdue": due.newly_overdue(session, scope, since, on)}


OVERDUE = Job(
    name="overdue",
    zh="逾期：到期未还的本金转逾期（与结息同一推进），并报告上次运行以来新逾期笔数",
    en="principal not repaid turns overdue (the same walk as interest); reports the newly overdue",
    due=_scopes_due,
    items=_loans_due,
    work=carry_on,
    report=_newly_overdue,
)
