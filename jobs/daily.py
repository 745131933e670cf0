"""The job `daily`: runs all jobs for a business date in order, and catches up on days without a run."""

from datetime import date

from jobs.lease import Lease
from jobs.run_job import counts_of, run_job, status_of
from jobs.timetable import DAILY
from ledger.operations import job_runs
from ledger.operations.job_runs import Run, Scope

NAME = "daily"
ZH = "每日作业：按顺序运行当日全部作业，并补跑漏掉的日子"
EN = "all jobs of the day in their order, catching up on missed days"


def run_daily(lease: Lease, on: date, scope: Scope) -> Run:
    """Run all jobs for a business date and return the run of `daily`.

    Each job finds all work that is missing at the end of the business date, so missed days need no separate runs.
    `daily` is done for a date when all jobs are done for every bank and county of the scope.
    """
    with lease.unit(NAME, on) as unit:
        run_id = job_runs.begin(unit, NAME, on, scope, 0, lease.by, asked=True)
    parts = [run_job(lease, job, on, scope, asked=False) for job in DAILY]
    report = {name: value for part in parts for name, value in part.report.items()}
    with lease.unit(NAME, on) as unit:
        run = job_runs.end(unit, run_id, status_of(parts), counts=counts_of(parts), report=report)
    lease.progress.ended(run)
    return run
