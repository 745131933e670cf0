"""The lease of the jobs: one process at a time holds the lease, and each transaction of a job checks the lease."""

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
"""The time after which another process may take a lease that the holder has not renewed.

No process can take the lease while a transaction of the holder is open, since the transaction locks the lease's row.
"""

_POLL_SECONDS = 0.25


class Stopped(Exception):
    """Raised when the process is told to stop; committed work remains, and the next run does the rest of the work."""


def now() -> datetime:
    """Return the current moment by the machine's clock."""
    return datetime.now(UTC)


def _own_name() -> str:
    return f"{socket.gethostname()}/{os.getpid()}/{new_id()}"


@dataclass(frozen=True, slots=True)
class Lease:
    """A process's access to the lease of the jobs, with the database and the display of the process's progress.

    `holder` is the unique name of the process. `by` is the name of the person or program that started the process; runs
    show the name. `stopping` returns whether the process has been told to stop.
    """

    engine: Engine
    by: str
    progress: Progress = field(default_factory=silent)
    clock: Callable[[], datetime] = now
    stopping: Callable[[], bool] = lambda: False
    holder: str = field(default_factory=_own_name)

    @contextmanager
    def unit(self, job: str, on: date) -> Iterator[Unit]:
        """Begin a transaction of a job under the lease; raise LeaseLost, or Stopped if the process is told to stop."""
        if self.stopping():
            raise Stopped
        with self._work(job, on) as unit:
            job_runs.hold_lease(unit, self.holder)
            yield unit
            job_runs.renew_lease(unit, self.holder, self._until())

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only session; on SQLite the session does not wait for a writing transaction."""
        looking = self.engine.connect().execution_options(reading=True)
        with looking as connection, Session(connection) as session:
            yield session

    def today(self) -> date:
        """Return the current business date in Asia/Shanghai."""
        return dates.business_day(self.clock())

    def take(self) -> bool:
        """Take the lease and return True, or return False where another process holds the lease.

        The lease can be taken when no process holds the lease, when the lease has expired, or when the holder was a
        process of this machine that has ended.
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
            # The write fails where the lease's holder has a long transaction open, or another process took the lease
            # first.
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
    """Wait for the lease, hold it during the block, and give it back; raise Stopped if the process is told to stop."""
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
    """Return whether the lease's holder was a process of this machine that has ended; the lease is then free.

    If another machine has the name of this machine, a process there may wrongly count as ended, but no data is harmed.
    The next transaction of a process that has lost the lease raises LeaseLost.
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
