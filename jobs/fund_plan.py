"""The job `fund-plan`: drafts the plan of the fund for each past quarter that has no plan (scheme 5.2, 7)."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from jobs.job import Job, Step
from ledger.dates import Quarter
from ledger.operations.fund import plans
from ledger.operations.job_runs import Scope
from ledger.queries import fund_calls
from ledger.unit_of_work import Unit

WHOLE_CITY = Scope("CITY", "CITY")
"""The scope of the job `fund-plan`: one fund plan contains the calls on all banks and counties of the city."""


def _due(session: Session, on: date) -> Mapping[Scope, int]:
    quarters = fund_calls.unplanned(session, on)
    return {WHOLE_CITY: len(quarters)} if quarters else {}


def _quarters(session: Session, step: Step, after: int, limit: int) -> Sequence[int]:
    numbers = map(_number, fund_calls.unplanned(session, step.on))
    return [number for number in numbers if number > after][:limit]


def _draft(unit: Unit, step: Step, numbers: Sequence[int]) -> None:
    for number in numbers:
        plans.draft_plan(unit, Quarter(number // 4, number % 4 + 1))


def _number(quarter: Quarter) -> int:
    return quarter.year * 4 + quarter.number - 1


FUND_PLAN = Job(
    name="fund-plan",
    zh="缓释金计划：为已结束且尚无计划的季度拟订额度计划（草稿，须由市级另一人批准）",
    en="drafts the fund's plan of each quarter that is over and has none; people approve it",
    due=_due,
    items=_quarters,
    work=_draft,
)
