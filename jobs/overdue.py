"""`overdue`: the same walk as `interest`, and a count of the loans newly overdue since the run before.

A loan turns overdue between two of its lines, so its life is walked by one function in date order, whichever
of the two jobs comes first. What is left for the second is to find nothing, and to say what came of it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from jobs.interest import carry_on, loans_due
from jobs.job import Job
from ledger.operations import due
from ledger.operations.job_runs import Scope


def _newly_overdue(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    return {"newly_overdue": due.newly_overdue(session, scope, since, on)}


OVERDUE = Job(
    name="overdue",
    zh="逾期：到期未还的本金转逾期（与结息同一推进），并报告上次运行以来新逾期笔数",
    en="principal not repaid turns overdue (the same walk as interest); reports the newly overdue",
    due=due.scopes_due,
    items=loans_due,
    work=carry_on,
    report=_newly_overdue,
)
