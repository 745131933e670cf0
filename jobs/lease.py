"""The lease of the jobs: one process at a time holds the lease, and each of its transactions checks the lease."""

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
"""Time after which another process may take a lease that its holder has not renewed.

The row lock of an open transaction keeps the lease longer.
"""

_POLL_SECONDS = 0.25


class Stopped(Exception):
    """Raised when the process is asked to stop: finished transactions stay, the rest waits for the next run."""


def now() -> datetime:
    """Return the current moment by the machine's clock."""
    return datetime.now(UTC)


def _own_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{new_id()}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of one process: the database, the name shown in runs, and the progress display to report to.

    `holder` is the unique name of the process, `stopping` tells whether the process was asked to stop.
    """

    engine: Engine
    by: str
    progress: Progress = field(default_factory=silent)
    clock: Callable[[], datetime] = now
    stopping: Callable[[], bool] = lambda: False
    holder: str = field(default_factory=_own_name)

    @contextmanager
    def unit(self, job: str, on: date) -> Iterator[Unit]:
        """Begin one transaction of a job under the lease; raise LeaseLost, or Stopped when asked to stop."""
        if self.stopping():
            raise Stopped
        with self._work(job, on) as unit:
            job_runs.hold_lease(unit, self.holder)
            yield unit
            job_runs.renew_lease(unit, self.holder, self._until())

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only session, which does not wait for a writing transaction on SQLite."""
        looking = self.engine.connect().execution_options(reading=True)
        with looking as connection, Session(connection) as session:
            yield session

    def today(self) -> date:
        """Return the current business date in Asia/Shanghai."""
        return dates.business_day(self.clock())

    def take(self) -> bool:
        """Take the lease and return True, or return False where another process holds the lease.

        A lease can be taken when nobody holds it, when it has expired, or when its holder was a process of this machine
        that has ended.
        """
        with self.reading() as session:
            held = job_runs.lease(session)
        ended = [held[0]] if held is not None and gone(held[0]) else []
        if held is not None and held[1] > self.clock() and not ended:
            return False
        try:
            with self._work("lease", self.today()) as unit:
                return job_runs.take_lease(unit, self.holder, self._until(), ended)
        except Exception as error:
            # The holder has a long transaction open, or another process took the lease first: try again later.
            if isinstance(error, IntegrityError) or passing(error):
                return False
            raise

    def give_back(self) -> None:
        """Give the lease back; runs that have not ended are marked as interrupted."""
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
    """Wait for the lease, hold the lease during the block, then give it back; raise Stopped when asked to stop."""
    reported = False
    while not lease.take():
        if lease.stopping():
            raise Stopped
        if not reported:
            lease.progress.waiting()
            reported = True
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        lease.give_back()


def gone(holder: str) -> bool:
    """Return whether the holder was a process of this machine that has ended, so that its lease can be taken at once.

    Where another machine has the same name and its process still runs, no data is harmed: the next transaction of that
    process finds the lease taken and raises LeaseLost.
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
