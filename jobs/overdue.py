"""The job `overdue`: posts the transfer to overdue of loans past their due date, and counts the newly overdue loans.

A loan can turn overdue between two of its interest bills, so `interest` and `overdue` call the same function, which
posts everything due on a loan in date order. After `interest` this job has nothing left to post; run without
`interest`, it posts the same entries for the loans that have matured. In both cases the report of the run says how many
loans became overdue since the previous run.
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
