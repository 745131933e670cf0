"""The job `overdue`: transfers loans past their due date to overdue, and counts the newly overdue loans.

A loan can become overdue between two interest bills. The jobs `interest` and `overdue` therefore share one function,
which posts everything due on a loan in date order. After a run of `interest`, the job `overdue` has nothing to post.
Without a run of `interest`, the job `overdue` posts everything due on the loans that have matured. The report of a run
of `overdue` always says how many loans became overdue since the previous run.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from jobs.interest import loans_due, post_due
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
    work=post_due,
    report=_newly_overdue,
)
