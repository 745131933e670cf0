"""The job `deadlines`: counts and reports the duties that offices have not fulfilled in time (scheme 7).

Deadlines are computed from the records each time and are not stored. A few records do store a due day, which is moved
when the calendar of the due day's year is published. The job `deadlines` writes only the report of its run; the log and
the command `jobs status` show the report.
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
    """Count the duties that are late at the end of the day `on`, and the duties that became late after `since`."""
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
