"""`deadlines`: counts what the offices have not done in time (scheme 7). It writes nothing but its own report.

No deadline is stored, so there is nothing to keep in step: the list is told anew whenever it is asked for, and the
few dates kept beside records follow the calendar when a year of it is published. This job says in each day's run,
and so in the log and in `jobs status`, what became late since the run before.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.balances import Clocks
from ledger.operations.job_runs import Scope
from ledger.reports.deadlines.overview import deadlines
from ledger.unit_of_work import Unit


def _nothing_due(session: Session, on: date) -> Mapping[Scope, int]:
    return {}


def _no_items(session: Session, step: Step, after: int, limit: int) -> Sequence[int]:
    return ()


def _no_work(unit: Unit, step: Step, items: Sequence[int]) -> None:
    assert not items


def _late(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    """What is late at the end of a day, and of it what was not yet late at the end of the last run's."""
    late = [
        each.owed
        for each in deadlines(session, Clocks(on), ("late",))
        if scope.bank in {"", each.owed.bank} and scope.county in {"", each.owed.county}
    ]
    newly = sum(since is None or owed.due_on >= since for owed in late)
    return {"late": len(late), "newly_late": newly}


DEADLINES = Job(
    name="deadlines",
    zh="时限：统计各单位逾期未办的事项和上次运行以来新逾期的事项（只报告，不入账）",
    en="counts what the offices have not done in time, and what became late since the last run",
    due=_nothing_due,
    items=_no_items,
    work=_no_work,
    report=_late,
)
