"""The timetable: the jobs there are, and those of every day in the order in which they run."""

from collections.abc import Mapping

from jobs.deadlines import DEADLINES
from jobs.fund_plan import FUND_PLAN
from jobs.interest import INTEREST
from jobs.job import Job
from jobs.notices import NOTICES
from jobs.overdue import OVERDUE
from jobs.subsidy_drafts import SUBSIDY_DRAFTS

DAILY: tuple[Job, ...] = (
    INTEREST,  # the day's lines before anything that rests on them
    OVERDUE,
    SUBSIDY_DRAFTS,
    FUND_PLAN,
    NOTICES,
    DEADLINES,  # last: what the others drafted and made is counted
)

JOBS: Mapping[str, Job] = {job.name: job for job in DAILY}
