"""Runs a job at once or from the queue of runs; the process waits until it holds the lease of the jobs."""

from datetime import date

from sqlalchemy.orm import Session

from jobs.daily import NAME as DAILY_NAME
from jobs.daily import run_daily
from jobs.lease import Lease, holding
from jobs.run_job import run_job
from jobs.timetable import DAILY, JOBS
from ledger.errors import FutureDate, NotFound
from ledger.operations import job_runs
from ledger.operations.job_runs import EVERYTHING, Failure, Run, Scope
from ledger.queries import reference


def run(lease: Lease, name: str, on: date | None = None, scope: Scope = EVERYTHING) -> Run:
    """Run a job, or `daily`, for a business date (default today) within a scope, and return the run.

    `run` waits until the process holds the lease of the jobs. Raises NotFound for an unknown job, bank or county,
    FutureDate for a business date in the future, and LeaseLost or Stopped where the run was interrupted.
    """
    on = on or lease.today()
    with lease.reading() as session:
        scope = check(session, name, on, scope, lease.today())
    with holding(lease):
        if name == DAILY_NAME:
            return run_daily(lease, on, scope)
        return run_job(lease, JOBS[name], on, scope, asked=True)


def run_queued(lease: Lease) -> list[Run]:
    """Run all queued runs, oldest first, until the queue is empty; return the runs."""
    runs: list[Run] = []
    while True:
        with lease.reading() as session:
            queued = job_runs.queued(session)
        if not queued:
            return runs
        runs += [run(lease, each.job, each.business_date, each.scope) for each in queued]


def check(session: Session, name: str, on: date, scope: Scope, today: date) -> Scope:
    """Return the scope with the county's current code; raise NotFound or FutureDate if the job cannot be run."""
    if name != DAILY_NAME and name not in JOBS:
        raise NotFound(what="job", id=name)
    if on > today:
        raise FutureDate(field="business_date", found=on, limit=today)
    if scope.bank:
        reference.bank_status(session, scope.bank, today)
    return Scope(scope.bank, reference.county_of(session, scope.county) if scope.county else "")


def steps(session: Session, of: Run) -> list[Run]:
    """Return the steps of a run, one for each bank and county."""
    names = [job.name for job in DAILY] if of.job == DAILY_NAME else [of.job]
    return job_runs.steps_of(session, names, of.business_date, of.scope)


def failures(session: Session, of: Run) -> list[Failure]:
    """Return the failures of a run: each item that could not be done, with the reason."""
    return [failure for step in steps(session, of) for failure in step.failed]
