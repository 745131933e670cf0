"""The worker: an alarm clock that runs `daily` every day and what was asked for in between."""

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
"""When `daily` is tried again after it could not run, the database being away for instance."""

LOOK_EVERY = timedelta(seconds=15)
"""How often the worker looks for runs that were asked for and have not begun."""

log = structlog.get_logger(__name__)


SEND_EVERY = timedelta(minutes=1)
"""How often the worker looks for notices to be sent; what failed is tried again by its own back-off."""


def keep_time(lease: Lease, at: time, stop: Event, channels: Sequence[Channel] = ()) -> None:
    """Run `daily` now and every day at a time of Asia/Shanghai, queued runs and notices to be sent as they come.

    What the clock missed while the machine was off or busy is run once, late: `daily` catches up. Any number
    of workers may keep time; the jobs are worked one at a time.
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
    """Whether it went through; the alarm clock goes on whatever happened, and the log says what."""
    try:
        run()
    except Stopped:
        log.info("stopped; the next run does the rest")
    except Exception:
        log.exception("the jobs could not run")
        return False
    return True
