"""The views that show the timetable of the jobs and the results of runs, and that request a run."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from threading import Lock, Thread
from typing import Any

from marshmallow.fields import Dict, Integer, List, Nested, String
from sqlalchemy import event, or_, select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Code, Day, Id, Moment
from api.core.messages import language
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from jobs import daily, runner
from jobs.timetable import DAILY
from ledger.errors import NotFound
from ledger.operations import job_runs
from ledger.operations.job_runs import Failure, Run, Scope
from ledger.settings import Settings
from ledger.tables.work import JobRun
from ledger.unit_of_work import Unit

blueprint = Blueprint("jobs", "/jobs", "作业: the timetable, runs and their failed items")

NAMES = (daily.NAME, *(job.name for job in DAILY))
STATUSES = ("queued", "running", "done", "failed", "interrupted")


class JobAnswer(Answer):
    """作业"""

    name = String(required=True)
    zh = String(required=True)
    en = String(required=True)
    done_through = Day(required=True, allow_none=True)


class RunQuery(Query):
    """The query of runs."""

    job = Choice(*NAMES)
    business_date = Day()
    status = Choice(*STATUSES)


class RunBody(Body):
    """运行作业"""

    job = Choice(*NAMES, required=True)
    business_date = Day(load_default=edge.today)
    bank = Code(load_default=None, allow_none=True)
    county = Code(load_default=None, allow_none=True)


class RunRow(Answer):
    """作业运行; `failed` is the number of items that could not be done."""

    id = Id(required=True)
    job = String(required=True)
    business_date = Day(required=True)
    bank = Code(required=True, allow_none=True)
    county = Code(required=True, allow_none=True)
    status = Choice(*STATUSES, required=True)
    due = Integer(required=True)
    done = Integer(required=True)
    failed = Integer(required=True)
    started_by = String(required=True)
    started_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)


class FailureAnswer(Answer):
    """未完成项及原因: an item that could not be done, with the reason."""

    item = String(required=True)
    bank = Code(required=True)
    county = Code(required=True)
    code = String(required=True)
    detail = String(required=True)
    facts = Dict(required=True)


class StepAnswer(Answer):
    """The part of a run for one bank and county."""

    job = String(required=True)
    bank = Code(required=True)
    county = Code(required=True)
    status = Choice(*STATUSES, required=True)
    due = Integer(required=True)
    done = Integer(required=True)


class RunAnswer(RunRow):
    """作业运行, with its steps and the items that failed in them."""

    report = Dict(required=True)
    steps = List(Nested(StepAnswer), required=True)
    failures = List(Nested(FailureAnswer), required=True)


@blueprint.listing("", row=JobAnswer)
def timetable(session: Session) -> list[dict[str, Any]]:
    """The jobs, in the order in which `daily` runs them, and through which date each is done."""
    named = [(daily.NAME, daily.ZH, daily.EN), *((job.name, job.zh, job.en) for job in DAILY)]
    return [
        {"name": name, "zh": zh, "en": en, "done_through": job_runs.ran_through(session, name)}
        for name, zh, en in named
    ]


@blueprint.listing("/runs", row=RunRow, asks=RunQuery)
def listed(_session: Session, **chosen: Any) -> Listing:
    """Runs that were asked for, newest first."""
    query = select(JobRun).where(JobRun.asked, JobRun.job.in_(NAMES)).filter_by(**chosen)
    if counties := edge.person().scope.counties:
        query = query.where(or_(*(JobRun.scope.like(end) for end in ("", "%/", *(f"%/{each}" for each in counties)))))

    def show(session: Session, rows: Sequence[JobRun]) -> list[dict[str, Any]]:
        return [_row(run, _steps(session, run)) for run in map(job_runs.read, rows)]

    return Listing(query, key=(-JobRun.id,), show=show)


@blueprint.get("/runs/<id:run_id>", answer=RunAnswer)
def show(session: Session, run_id: int) -> dict[str, Any]:
    """One run, while it goes on too: its counts are those of its steps so far."""
    run = job_runs.run_of(session, run_id)
    if run.job not in NAMES or not _is_theirs(run.scope):
        raise NotFound(what="job run", id=str(run_id))
    return _whole(run, _steps(session, run))


@blueprint.post("/runs", body=RunBody, answer=RunAnswer, status=202)
def ask(unit: Unit, job: str, business_date: date, bank: str | None, county: str | None) -> dict[str, Any]:
    """Ask for a run; it is begun at once by a process of its own, or after the one that is at work."""
    scope = Scope(edge.bank(unit, bank) if bank else "", edge.county(unit, county) if county else "")
    scope = runner.check(unit.session, job, business_date, scope, unit.today)
    run = job_runs.enqueue(unit, job, business_date, scope, unit.user)
    settings = edge.service().settings
    event.listen(unit.session, "after_commit", lambda _session: _worker.start(settings), once=True)
    return _whole(run, [])


class Worker:
    """Starts processes that run the queued jobs, one process at a time.

    If runs are queued while a process is running, a further process is started when the running process has ended.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._alive = False
        self._wanted: list[Settings] = []

    def start(self, settings: Settings) -> None:
        """Start a process that runs the queued jobs; if a process is running already, wait until it has ended."""
        with self._lock:
            if settings not in self._wanted:
                self._wanted.append(settings)
            if self._alive:
                return
            self._alive = True
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while settings := self._next():
            subprocess.run(
                [sys.executable, "-m", "jobs", "queued"],
                env=_environment(settings),
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def _next(self) -> Settings | None:
        with self._lock:
            self._alive = bool(self._wanted)
            return self._wanted.pop(0) if self._wanted else None


_worker = Worker()


def _environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of this process, with the settings given on the command line of this process."""
    chosen = {
        "LEDGER_HOME": str(settings.home),
        "LEDGER_DATABASE_URL": settings.database_url,
        "LEDGER_LOG_LEVEL": settings.log_level,
    }
    return os.environ | chosen


def _steps(session: Session, run: Run) -> list[Run]:
    return [step for step in runner.steps(session, run) if _is_theirs(step.scope)]


def _is_theirs(scope: Scope) -> bool:
    """Return whether a bank and county are in the user's scope; return True for a run for all banks and counties."""
    return edge.person().scope.has(bank=scope.bank or None, county=scope.county or None)


def _row(run: Run, steps: Sequence[Run]) -> dict[str, Any]:
    return {
        "id": run.id,
        "job": run.job,
        "business_date": run.business_date,
        "bank": run.scope.bank or None,
        "county": run.scope.county or None,
        "status": run.status,
        "due": sum(step.due for step in steps),
        "done": sum(step.done for step in steps),
        "failed": sum(len(step.failed) for step in steps),
        "started_by": run.started_by,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


def _whole(run: Run, steps: Sequence[Run]) -> dict[str, Any]:
    return _row(run, steps) | {
        "report": dict(run.report),
        "steps": [
            {
                "job": step.job,
                "bank": step.scope.bank,
                "county": step.scope.county,
                "status": step.status,
                "due": step.due,
                "done": step.done,
            }
            for step in steps
        ],
        "failures": [_failure(failure) for step in steps for failure in step.failed],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "item": failure.item,
        "bank": failure.bank,
        "county": failure.county,
        "code": failure.code,
        "detail": failure.zh if language() == "zh" else failure.en,
        "facts": dict(failure.facts),
    }
