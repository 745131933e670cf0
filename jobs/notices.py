"""The job `notices`: makes the notices that are due, and cancels notices that are no longer needed (scheme 7)."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.operations.job_runs import Scope
from ledger.operations.notices import issue
from ledger.unit_of_work import Unit


def _due(session: Session, on: date) -> Mapping[Scope, int]:
    return issue.scopes_due(session, on)


def _loans(session: Session, step: Step, after: int, limit: int) -> Sequence[int]:
    return issue.loans_due(session, step.scope, step.on, after, limit)


def _reconcile(unit: Unit, step: Step, loans: Sequence[int]) -> None:
    issue.reconcile(unit, loans, step.on)


NOTICES = Job(
    name="notices",
    zh="催收通知：到期前 30 天、7 天各生成一份，结清或展期的自动作废，漏跑的日子一并补上",
    en="notices 30 and 7 days before the due date, those of missed days too; cancelled when a loan ends or is extended",
    due=_due,
    items=_loans,
    work=_reconcile,
)
