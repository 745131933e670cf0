"""Job runs, stored as one row per job, business date and scope; and the lease that only one process can hold."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from ledger.dates import moment
from ledger.errors import Conflict, NotFound
from ledger.ids import new_id
from ledger.tables.work import JobLease, JobRun
from ledger.unit_of_work import Unit

ENDED = ("done", "failed")
"""The statuses of a run that reached its end; a `failed` run has items that could not be done."""

_LEASE = "jobs"


class LeaseLost(Conflict):
    code = "lease_lost"
    zh = "作业已由 {holder} 接管，本进程停止"
    en = "the jobs were taken over by {holder}; this process stops"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A part of the books: a bank, a county, one bank in one county, or everything."""

    bank: str = ""
    county: str = ""

    @classmethod
    def parse(cls, text: str) -> "Scope":
        bank, _, county = text.partition("/")
        return cls(bank, county)

    @property
    def is_one(self) -> bool:
        """Return whether the scope is one bank in one county; a step of a job needs one bank and one county."""
        return bool(self.bank and self.county)

    def __str__(self) -> str:
        return f"{self.bank}/{self.county}" if self.bank or self.county else ""

    def __contains__(self, other: "Scope") -> bool:
        return self.bank in ("", other.bank) and self.county in ("", other.county)


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Failure:
    """An item of a job that could not be done, with an error code, the code's values, and the reason in words."""

    item: str
    code: str
    facts: Mapping[str, Any]
    zh: str
    en: str
    bank: str = ""
    county: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A job's run: `due` counts the items to do, `done` the items done, `failed` holds the items that failed."""

    id: int
    job: str
    business_date: date
    scope: Scope
    status: str
    due: int
    done: int
    failed: tuple[Failure, ...]
    report: Mapping[str, Any]
    started_by: str
    started_at: datetime
    ended_at: datetime | None


def enqueue(unit: Unit, job: str, on: date, scope: Scope, by: str) -> Run:
    """Queue a run of a job, and return the run.

    A queued run has the status `queued` until a process begins the run. A run that is in progress is returned
    unchanged.
    """
    row = _row(unit.session, job, on, scope)
    if row is None or row.status != "running":
        row = _put(unit, row, job, on, scope, status="queued", asked=True, started_by=by, ended_at=None)
    return read(row)


def begin(unit: Unit, job: str, on: date, scope: Scope, due: int, by: str, *, asked: bool) -> int:
    """Start a run, or restart an interrupted run, and return the run's id.

    Items that were done before the interruption remain counted.
    """
    row = _row(unit.session, job, on, scope)
    if row is not None:
        by = row.started_by if row.status == "queued" else by
        asked, due = asked or row.asked, row.done + due
    return _put(unit, row, job, on, scope, status="running", asked=asked, due=due, started_by=by, ended_at=None).id


def advance(unit: Unit, run_id: int, done: int) -> None:
    """Add to a run's count of items done, in the transaction that did the items."""
    unit.connection.execute(update(JobRun).where(JobRun.id == run_id).values(done=JobRun.done + done))


def end(
    unit: Unit,
    run_id: int,
    status: str,
    failed: Sequence[Failure] = (),
    *,
    counts: tuple[int, int] | None = None,
    report: Mapping[str, Any] | None = None,
) -> Run:
    """End a run as `done` or `failed`, and return the run.

    `counts` replaces the run's counts of items due and done, and is needed only for a run that consists of steps.
    """
    row = unit.session.get_one(JobRun, run_id, populate_existing=True)
    row.status, row.ended_at = status, unit.recorded_at
    row.failed = json.dumps([asdict(failure) for failure in failed], ensure_ascii=False)
    row.report = json.dumps(report or {}, ensure_ascii=False)
    if counts is not None:
        row.due, row.done = counts
    unit.session.flush()
    return read(row)


def status_of(session: Session, job: str, on: date) -> str | None:
    """Return the status of a job's run for a date over all banks and counties; None where the run does not exist."""
    row = _row(session, job, on, EVERYTHING)
    return None if row is None else row.status


def run_of(session: Session, run_id: int) -> Run:
    """Return the run with this id; raise NotFound where no run has the id."""
    row = session.get(JobRun, run_id, populate_existing=True)
    if row is None:
        raise NotFound(what="job run", id=str(run_id))
    return read(row)


def steps_of(session: Session, jobs: Iterable[str], on: date, scope: Scope) -> list[Run]:
    """Return the runs that the given jobs made for a date, for single banks and counties within a scope."""
    query = select(JobRun).where(JobRun.job.in_(list(jobs)), JobRun.business_date == on)
    runs = map(read, session.execute(query.order_by(JobRun.job, JobRun.scope)).scalars())
    return [step for step in runs if step.scope.is_one and step.scope in scope]


def has_demo(session: Session, *, complete: bool = False) -> bool:
    """Return whether the making of the demo county was begun here; with `complete`, whether it was finished."""
    runs = select(JobRun.id).where(JobRun.job == "demo")
    return session.execute((runs.where(JobRun.status == "done") if complete else runs).limit(1)).first() is not None


def queued(session: Session) -> list[Run]:
    """Return the queued runs that no process has begun, oldest first."""
    query = select(JobRun).where(JobRun.status == "queued").order_by(JobRun.id)
    return [read(row) for row in session.execute(query).scalars()]


def latest(session: Session, limit: int, *conditions: ColumnElement[bool]) -> list[Run]:
    """Return the runs that a person or the timetable started, newest first; the runs of single steps are left out."""
    query = select(JobRun).where(JobRun.asked, *conditions).order_by(JobRun.id.desc()).limit(limit)
    return [read(row) for row in session.execute(query).scalars()]


def ran_through(session: Session, job: str = "daily") -> date | None:
    """Return the latest business date for which a job was done without failures for every bank and county."""
    return _last_date(session, job, EVERYTHING, JobRun.status == "done")


def ran_before(session: Session, job: str, scope: Scope, on: date) -> date | None:
    """Return the latest business date before a day for which a job reached its end in this scope."""
    return _last_date(session, job, scope, JobRun.status.in_(ENDED), JobRun.business_date < on)


def take_lease(unit: Unit, holder: str, until: int, gone: Sequence[str] = ()) -> bool:
    """Take the jobs' lease for a holder where the lease is free, has expired, or belongs to one of the `gone` holders.

    Return whether the lease was taken. Runs of a process that died are marked `interrupted`. Where two processes try to
    take the lease at once, the second waits for the row's lock and then finds the lease taken.
    """
    if unit.session.get(JobLease, _LEASE) is None:
        unit.connection.execute(insert(JobLease).values(name=_LEASE, holder="", until=0))
    now = unit.recorded_at
    free = (JobLease.holder.in_(["", holder, *gone])) | (JobLease.until < now)
    taken = unit.connection.execute(
        update(JobLease).where(JobLease.name == _LEASE, free).values(holder=holder, until=until)
    )
    if taken.rowcount != 1:
        return False
    _interrupt(unit)
    return True


def hold_lease(unit: Unit, holder: str) -> None:
    """Lock the jobs' lease to the end of the transaction; raise LeaseLost where another process holds the lease."""
    query = select(JobLease.holder).where(JobLease.name == _LEASE).with_for_update()
    current_holder = unit.connection.execute(query).scalar()
    if current_holder != holder:
        raise LeaseLost(holder=current_holder or "-")


def renew_lease(unit: Unit, holder: str, until: int) -> None:
    """Extend the jobs' lease to the moment `until`, in microseconds; the transaction has locked the lease already."""
    unit.connection.execute(
        update(JobLease).where(JobLease.name == _LEASE, JobLease.holder == holder).values(until=until)
    )


def release_lease(unit: Unit, holder: str) -> None:
    """Release the jobs' lease where this holder has the lease, and mark the holder's unfinished runs `interrupted`."""
    released = unit.connection.execute(
        update(JobLease).where(JobLease.name == _LEASE, JobLease.holder == holder).values(holder="", until=0)
    )
    if released.rowcount == 1:
        _interrupt(unit)


def lease(session: Session) -> tuple[str, datetime] | None:
    """Return the holder of the jobs' lease and the moment when the lease ends; None where nobody holds the lease."""
    row = session.get(JobLease, _LEASE, populate_existing=True)
    return None if row is None or not row.holder else (row.holder, moment(row.until))


def _last_date(session: Session, job: str, scope: Scope, *conditions: ColumnElement[bool]) -> date | None:
    return session.execute(
        select(JobRun.business_date)
        .where(JobRun.job == job, JobRun.scope == str(scope), *conditions)
        .order_by(JobRun.business_date.desc())
        .limit(1)
    ).scalar()


def _row(session: Session, job: str, on: date, scope: Scope) -> JobRun | None:
    query = select(JobRun).where(JobRun.job == job, JobRun.business_date == on, JobRun.scope == str(scope))
    return session.execute(query.with_for_update()).scalar()


def _interrupt(unit: Unit) -> None:
    running = update(JobRun).where(JobRun.status == "running")
    unit.connection.execute(running.values(status="interrupted", ended_at=unit.recorded_at))


def _put(unit: Unit, row: JobRun | None, job: str, on: date, scope: Scope, **values: Any) -> JobRun:
    if row is None:
        row = JobRun(
            id=new_id(),
            job=job,
            business_date=on,
            scope=str(scope),
            due=0,
            done=0,
            failed="[]",
            report="{}",
            started_at=unit.recorded_at,
        )
        unit.session.add(row)
    elif values.get("status") in ("queued", "running"):
        row.started_at = unit.recorded_at
    for name, value in values.items():
        setattr(row, name, value)
    unit.session.flush()
    return row


def read(row: JobRun) -> Run:
    """Return a job's run from its row."""
    return Run(
        id=row.id,
        job=row.job,
        business_date=row.business_date,
        scope=Scope.parse(row.scope),
        status=row.status,
        due=row.due,
        done=row.done,
        failed=tuple(Failure(**failure) for failure in json.loads(row.failed)),
        report=json.loads(row.report),
        started_by=row.started_by,
        started_at=moment(row.started_at),
        ended_at=None if row.ended_at is None else moment(row.ended_at),
    )
