"""The worker: a process that runs `daily` every day, runs queued jobs, and sends waiting notices."""

from collections.abc import Callable, Sequence
from datetime import time, timedelta
from threading import Event

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from jobs import runner
from jobs.daily import NAME as DAILY_NAME
from jobs.lease import Lease, Stopped, now
from jobs.sending import send_waiting
from ledger.channels.channel import Channel
from ledger.dates import SHANGHAI

AGAIN_AFTER = timedelta(minutes=5)
"""The time after which the worker tries again when `daily` could not run, for example without a database."""

LOOK_EVERY = timedelta(seconds=15)
"""The interval at which the worker looks for queued runs."""

log = structlog.get_logger(__name__)


SEND_EVERY = timedelta(minutes=1)
"""The interval at which the worker looks for notices to send."""


def keep_time(lease: Lease, at: time, stop: Event, channels: Sequence[Channel] = ()) -> None:
    """Run `daily` now and every day at the time `at` in Asia/Shanghai, until `stop` is set.

    Between runs of `daily` the worker runs queued jobs and sends waiting notices. If the machine was off or busy,
    `daily` is run once afterwards and catches up on the missed days. Several workers may run at the same time, since
    the lease makes all jobs run one after another.
    """
    clock = BackgroundScheduler(
        timezone=SHANGHAI,
        executors={"default": ThreadPoolExecutor(1), "sending": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )

    def run_daily() -> None:
        if not _survived(lambda: runner.run(lease, DAILY_NAME)) and not stop.is_set():
            clock.add_job(run_daily, "date", run_date=now() + AGAIN_AFTER, id="again", replace_existing=True)

    clock.add_job(run_daily, "date", run_date=now(), id="first")
    clock.add_job(run_daily, "cron", hour=at.hour, minute=at.minute, id=DAILY_NAME)
    clock.add_job(
        lambda: _survived(lambda: runner.run_queued(lease)),
        "interval",
        seconds=LOOK_EVERY.total_seconds(),
        id="queued",
    )
    if channels:
        clock.add_job(
            lambda: _survived(lambda: send_waiting(lease, channels)),
            "interval",
            seconds=SEND_EVERY.total_seconds(),
            id="send",
            executor="sending",
        )
    clock.start()
    try:
        stop.wait()
    finally:
        clock.shutdown(wait=True)


def _survived(run: Callable[[], object]) -> bool:
    """Run a function and return whether it succeeded; an error is logged and not raised, so the worker continues."""
    try:
        run()
    except Stopped:
        log.info("stopped; the next run does the rest")
    except Exception:
        log.exception("the jobs could not run")
        return False
    return True
