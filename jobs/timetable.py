"""The timetable: all jobs, and the order in which `daily` runs them."""

from collections.abc import Mapping

from jobs.deadlines import DEADLINES
from jobs.fund_plan import FUND_PLAN
from jobs.interest import INTEREST
from jobs.job import Job
from jobs.notices import NOTICES
from jobs.overdue import OVERDUE
from jobs.subsidy_drafts import SUBSIDY_DRAFTS

DAILY: tuple[Job, ...] = (
    # The job `interest` runs first, since all later jobs read the interest bills of the day.
    INTEREST,
    OVERDUE,
    SUBSIDY_DRAFTS,
    FUND_PLAN,
    NOTICES,
    # The job `deadlines` runs last, so that it counts the drafts and notices that earlier jobs have made.
    DEADLINES,
)

JOBS: Mapping[str, Job] = {job.name: job for job in DAILY}
