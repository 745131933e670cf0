"""Runs a job: one step for each bank and county, whose items are processed in transactions.

Where a transaction fails, each half of its items is tried in a new transaction, until the failing items are found.
"""

from collections.abc import Sequence
from datetime import date

import structlog

from jobs.job import ITEMS_MAX, Job, Step
from jobs.lease import Lease, Stopped
from jobs.progress import title_of
from ledger.errors import Refusal
from ledger.operations import job_runs
from ledger.operations.job_runs import Failure, LeaseLost, Run, Scope
from ledger.retries import of_the_database, retried

log = structlog.get_logger()


def run_job(lease: Lease, job: Job, on: date, scope: Scope, *, asked: bool) -> Run:
    """Do all work of a job that is missing at the end of a business date within a scope, and return the run.

    An item that cannot be done is recorded with the run of its step, and all remaining items are processed. Errors that
    no item has caused are raised: database failures, LeaseLost and Stopped.
    """
    with lease.reading() as session:
        due = {each: count for each, count in job.due(session, on).items() if each in scope}
        before = job_runs.steps_of(session, [job.name], on, scope)
        since = job_runs.ran_before(session, job.name, scope, on)
    # A failed step is run again even if no item is due any more, so that the status of the step becomes `done`.
    steps = sorted({*due, *(run.scope for run in before if run.status != "done")})
    lease.progress.began(title_of(job.name, on, scope), sum(due.values()))
    if scope.is_one:
        return _run_step(lease, job, Step(on, scope), due.get(scope, 0), since, asked=asked)
    run_id = None
    if steps:
        with lease.unit(job.name, on) as unit:
            run_id = job_runs.begin(unit, job.name, on, scope, 0, lease.by, asked=asked)
    for each in steps:
        _run_step(lease, job, Step(on, each), due.get(each, 0), since, asked=False)
    with lease.unit(job.name, on) as unit:
        # If no step had to run, one transaction records both the beginning and the end of the run.
        if run_id is None:
            run_id = job_runs.begin(unit, job.name, on, scope, 0, lease.by, asked=asked)
        parts = job_runs.steps_of(unit.session, [job.name], on, scope)
        run = job_runs.end(
            unit,
            run_id,
            status_of(parts),
            counts=counts_of(parts),
            report=job.report(unit.session, scope, since, on),
        )
    lease.progress.ended(run)
    return run


def status_of(parts: Sequence[Run]) -> str:
    """Return `done` where all parts of a run are done, else `failed`."""
    return "done" if all(part.status == "done" for part in parts) else "failed"


def counts_of(parts: Sequence[Run]) -> tuple[int, int]:
    """Return two counts over all parts of a run: how many items were due, and how many items are done."""
    return sum(part.due for part in parts), sum(part.done for part in parts)


def _run_step(lease: Lease, job: Job, step: Step, due: int, since: date | None, *, asked: bool) -> Run:
    with lease.unit(job.name, step.on) as unit:
        run_id = job_runs.begin(unit, job.name, step.on, step.scope, due, lease.by, asked=asked)
    failed: list[Failure] = []
    after = 0
    while True:
        with lease.reading() as session:
            items = job.items(session, step, after, ITEMS_MAX)
        if not items:
            break
        failed += _do(lease, job, step, run_id, items)
        after = items[-1]
    with lease.unit(job.name, step.on) as unit:
        report = job.report(unit.session, step.scope, since, step.on)
        run = job_runs.end(unit, run_id, "failed" if failed else "done", failed, report=report)
    if asked:
        lease.progress.ended(run)
    return run


def _do(lease: Lease, job: Job, step: Step, run_id: int, items: Sequence[int]) -> list[Failure]:
    """Process items in one transaction and return the failures.

    Where the transaction fails, each half of the items is processed in a separate transaction, down to single items.
    """
    try:
        retried(lambda: _do_together(lease, job, step, run_id, items))
    except Exception as error:
        if isinstance(error, LeaseLost | Stopped) or of_the_database(error):
            raise
        if len(items) > 1:
            half = len(items) // 2
            return [
                *_do(lease, job, step, run_id, items[:half]),
                *_do(lease, job, step, run_id, items[half:]),
            ]
        failure = _failure(step, items[0], error)
        log.error(
            "job item failed",
            job=job.name,
            on=step.on.isoformat(),
            scope=str(step.scope),
            item=failure.item,
            code=failure.code,
            exc_info=not isinstance(error, Refusal),
        )
        lease.progress.failed(failure)
        return [failure]
    lease.progress.advanced(len(items))
    return []


def _do_together(lease: Lease, job: Job, step: Step, run_id: int, items: Sequence[int]) -> None:
    with lease.unit(job.name, step.on) as unit:
        job.work(unit, step, items)
        job_runs.advance(unit, run_id, len(items))


def _failure(step: Step, item: int, error: Exception) -> Failure:
    """Return the failure of an item, with the reason of the failure.

    For an error of the program the reason is only the error's class, since an error message may contain private data.
    """
    bank, county = step.scope.bank, step.scope.county
    if isinstance(error, Refusal):
        return Failure(str(item), error.code, error.facts, error.say("zh"), error.say("en"), bank, county)
    kind = type(error).__name__
    return Failure(
        str(item),
        "internal_error",
        {"kind": kind},
        "程序错误，详见日志",
        f"a fault of the program ({kind}), see the log",
        bank,
        county,
    )
