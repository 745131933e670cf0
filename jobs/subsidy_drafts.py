"""The job `subsidy-drafts`: drafts the subsidy batches of past periods, and refreshes open batches every day."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.operations.job_runs import Scope
from ledger.operations.subsidy import batches, due
from ledger.policy.subsidy import Period
from ledger.unit_of_work import Unit

_YEAR = 5  # The number of a year's batch ends in 5, so that the batch is drafted after the batches of quarters 1 to 4.


def _due(session: Session, on: date) -> Mapping[Scope, int]:
    return {scope: len(periods) for scope, periods in due.batches_due(session, on).items()}


def _items(session: Session, step: Step, after: int, limit: int) -> Sequence[int]:
    """Return one number for each subsidy batch due: 20162 stands for the quarter 2016Q2, 20165 for the year 2016."""
    periods = due.batches_due(session, step.on, step.scope).get(step.scope, [])
    items = sorted(period.year * 10 + (period.number or _YEAR) for period in periods)
    return [item for item in items if item > after][:limit]


def _draft(unit: Unit, step: Step, items: Sequence[int]) -> None:
    for item in items:
        year, number = divmod(item, 10)
        period = Period("year", year, 0) if number == _YEAR else Period("quarter", year, number)
        batches.draft(unit, step.scope.bank, step.scope.county, period, step.on)


SUBSIDY_DRAFTS = Job(
    name="subsidy-drafts",
    zh="贴息名单：为已结束的季度、年度编制贴息批次草案，上报前每日更新",
    en="subsidy batches of quarters and years that are over, drafted and refreshed until they are submitted",
    due=_due,
    items=_items,
    work=_draft,
)
