"""A lease: one process's turn at the jobs, kept by a lease that every one of its transactions checks."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.progress import Progress, silent
from ledger import dates
from ledger.ids import new_id
from ledger.operations import job_runs
from ledger.retries import passing, retried
from ledger.unit_of_work import Unit, work

LEASE_LENGTH = timedelta(seconds=60)
"""How long a silent holder keeps its turn; while it has a transaction open, a row lock keeps it longer."""

_POLL_SECONDS = 0.25


class Stopped(Exception):
    """The process was asked to stop: the transaction at hand is done, the rest waits for the next run."""


def now() -> datetime:
    """The moment, by the machine's clock."""
    return datetime.now(UTC)


def _own_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{new_id()}"


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works the jobs, on what, and who is told."""

    engine: Engine
    by: str
    progress: Progress = field(default_factory=silent)
    clock: Callable[[], datetime] = now
    stopping: Callable[[], bool] = lambda: False
    holder: str = field(default_factory=_own_name)

    @contextmanager
    def unit(self, job: str, on: date) -> Iterator[Unit]:
        """One transaction of a job within the lease; raises LeaseLost, and Stopped when asked to stop."""
        if self.stopping():
            raise Stopped
        with self._work(job, on) as unit:
            job_runs.hold_lease(unit, self.holder)
            yield unit
            job_runs.renew_lease(unit, self.holder, self._until())

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only looks; on SQLite it waits for no writer."""
        looking = self.engine.connect().execution_options(reading=True)
        with looking as connection, Session(connection) as session:
            yield session

    def today(self) -> date:
        """The business date in Asia/Shanghai."""
        return dates.business_day(self.clock())

    def take(self) -> bool:
        """Begin the lease if it is nobody's, has lapsed, or is that of a process that is no more."""
        with self.reading() as session:
            held = job_runs.lease(session)
        left = [held[0]] if held is not None and gone(held[0]) else []
        if held is not None and held[1] > self.clock() and not left:
            return False
        try:
            with self._work("lease", self.today()) as unit:
                return job_runs.take_lease(unit, self.holder, self._until(), left)
        except Exception as error:
            # The holder is in a long transaction of its own, or somebody else came first: not our turn yet.
            if isinstance(error, IntegrityError) or passing(error):
                return False
            raise

    def give_back(self) -> None:
        """End the lease; what is still running counts as interrupted."""
        retried(self._release)

    def _release(self) -> None:
        with self._work("lease", self.today()) as unit:
            job_runs.release_lease(unit, self.holder)

    def _work(self, job: str, on: date) -> AbstractContextManager[Unit]:
        return work(self.engine, user=f"job:{job}", today=on, clock=self.clock, origin=f"job/{job}/{on}")

    def _until(self) -> int:
        return dates.micros(self.clock() + LEASE_LENGTH)


@contextmanager
def holding(lease: Lease) -> Iterator[None]:
    """Wait for the turn, work, give it back. Raises Stopped when asked to stop while waiting."""
    told = False
    while not lease.take():
        if lease.stopping():
            raise Stopped
        if not told:
            lease.progress.waiting()
            told = True
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        lease.give_back()


def gone(holder: str) -> bool:
    """Whether a holder was a process of this machine that runs no more: its turn need not be waited out.

    Should a machine of the same name hold it, nothing is lost: its next transaction finds the lease taken.
    """
    host, _, rest = holder.partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
