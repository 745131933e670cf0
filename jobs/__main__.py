"""`python -m jobs`: the command line of the jobs, for people, cron and systemd."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event

import click
from sqlalchemy import Engine

from jobs import daily as day
from jobs import runner, sending, worker
from jobs.lease import Lease, Stopped
from jobs.progress import failure_line, run_line, shown
from jobs.timetable import DAILY
from ledger import collector
from ledger.channels.channel import AddressUnfit, Channel
from ledger.cli.context import CutOff, Refused, checked_settings, context, refusal_line, tell
from ledger.labels import Said, label
from ledger.operations import job_runs
from ledger.operations.job_runs import LeaseLost, Scope
from ledger.operations.notices.sending import unsent

LEFT_OVER = 1
"""The exit status of a jobs command that could not do some items; the command lists each item with its reason."""

_STOPPED = Said("stopped; what is done is done, the next run does the rest", "已停止；完成的已入账，其余由下次运行完成")

BEHIND = timedelta(days=2)
DATE = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def cli() -> None:
    """Run the jobs of the ledger 产业扶贫信贷通, which do what the calendar makes due.

    Exit status: 0 all items done, 1 some items failed and are listed, 2 the call was refused or wrong, 3 the run
    was interrupted and the next run completes the work.
    """
    collector.tune()


@cli.command()
@click.option("--date", "on", type=DATE, help="business date, Asia/Shanghai (default: today)")
def daily(on: datetime | None) -> None:
    """Run every job that is due up to a business date, missed days included; then send the waiting notices."""
    _run(day.NAME, on, Scope(), sends=True)


@cli.command()
@click.argument("job", type=click.Choice([day.NAME, *(job.name for job in DAILY)]))
@click.option("--date", "on", type=DATE, required=True, help="business date, Asia/Shanghai")
@click.option("--bank", default="", help="only this bank, by its code")
@click.option("--county", default="", help="only this county, by its six digits")
def run(job: str, on: datetime, bank: str, county: str) -> None:
    """Run one job for a business date, and try its failed items again."""
    _run(job, on, Scope(bank, county))


@cli.command()
def send() -> None:
    """Send the waiting notices of today by e-mail and SMS, as `daily` and the worker also do."""
    channels = _channels()
    if not channels:
        tell(Said("nothing is set: LEDGER_SMTP_URL, LEDGER_SMS_URL", "未设置发送通道：LEDGER_SMTP_URL、LEDGER_SMS_URL"))
        return
    with _ledger() as engine, shown() as progress:
        lease = Lease(engine, by="cli", progress=progress, stopping=_stopped_by(signal.SIGTERM).is_set)
        done = _send(lease, channels)
    if done.failed or done.unknown:
        sys.exit(LEFT_OVER)


@cli.command(name="list")
def list_jobs() -> None:
    """List the jobs in the order in which `daily` runs them."""
    for name, zh, en in [(day.NAME, day.ZH, day.EN), *((job.name, job.zh, job.en) for job in DAILY)]:
        tell(Said(f"{name:<18}{en}", f"{name:<18}{zh}"))


@cli.command()
@click.option("--last", default=10, show_default=True, help="how many runs are shown")
def status(last: int) -> None:
    """Show who is running jobs, the last day that `daily` completed, and the latest runs with their failed items.

    The exit status is 1 if `daily` is more than two days late, or if its latest run has failed items.
    """
    with _ledger() as engine:
        lease = Lease(engine, by="cli")
        with lease.reading() as session:
            held = job_runs.lease(session)
            through = job_runs.ran_through(session)
            runs = job_runs.latest(session, last)
            failed = [failure for each in runs for failure in runner.failures(session, each)]
            waiting = unsent(session)
    tell(Said(f"at work: {held[0] if held else 'nobody'}", f"正在运行：{held[0] if held else '无'}"))
    tell(Said(f"daily done through: {through or 'never'}", f"每日作业已完成至：{through or '从未'}"))
    for each in runs:
        tell(run_line(each))
    for failure in dict.fromkeys(map(failure_line, failed)):
        tell(failure)
    for outcome, count in waiting.items():
        tell(
            Said(
                f"sending: {count} {outcome}; see GET /notices/sendings?status={outcome}",
                f"发送：{count} 份{label('sending_status', outcome, 'zh')}，见 GET /notices/sendings?status={outcome}",
            )
        )
    if through is None or lease.today() - through > BEHIND:
        tell(Said("daily is behind", "每日作业滞后"))
        sys.exit(LEFT_OVER)


@cli.command()
def queued() -> None:
    """List the runs that were requested through the API and have not started."""
    with _ledger() as engine, shown() as progress:
        lease = Lease(engine, by="cli", progress=progress, stopping=_stopped_by(signal.SIGTERM).is_set)
        runs = runner.run_queued(lease)
    if any(each.status != "done" for each in runs):
        sys.exit(LEFT_OVER)


@cli.command(name="worker")
@click.option(
    "--at",
    type=click.DateTime(formats=["%H:%M"]),
    default="00:30",
    show_default=True,
    help="when `daily` runs every day, Asia/Shanghai",
)
def keep_time(at: datetime) -> None:
    """Run `daily` now and every day, and run what is requested through the API, until this command is stopped."""
    stop, channels = _stopped_by(signal.SIGTERM, signal.SIGINT), _channels()
    with _ledger() as engine, shown() as progress:
        worker.keep_time(Lease(engine, by="worker", progress=progress, stopping=stop.is_set), at.time(), stop, channels)


def _run(name: str, on: datetime | None, scope: Scope, *, sends: bool = False) -> None:
    with _ledger() as engine, shown() as progress:
        lease = Lease(engine, by="cli", progress=progress, stopping=_stopped_by(signal.SIGTERM).is_set)
        done = runner.run(lease, name, None if on is None else on.date(), scope)
        # The channel settings are read after the jobs have run, so that a wrong mail server address prevents no job.
        if sends and (channels := _channels()):
            _send(lease, channels)
    if done.status != "done":
        sys.exit(LEFT_OVER)


def _send(lease: Lease, channels: Sequence[Channel]) -> sending.Sent:
    done = sending.send_waiting(lease, channels)
    lease.progress.say(done.line)
    return done


def _channels() -> tuple[Channel, ...]:
    """Return the e-mail and SMS channels of the settings; raise Refused for an address that cannot be used."""
    try:
        return sending.channels_of(checked_settings())
    except AddressUnfit as unfit:
        raise Refused(unfit.wanted) from None


def _stopped_by(*signals: signal.Signals) -> Event:
    """Return an event that is set when the process receives any of the given signals.

    Once the event is set, the runner finishes the open transaction and begins no further transaction.
    """
    stop = Event()
    for each in signals:
        signal.signal(each, lambda _number, _frame: stop.set())
    return stop


@contextmanager
def _ledger() -> Iterator[Engine]:
    """Open the database of the settings; raise CutOff where the command is stopped or loses the lease of the jobs."""
    with context() as at:
        try:
            yield at.engine
        except LeaseLost as lost:
            raise CutOff(refusal_line(lost)) from None
        except (Stopped, KeyboardInterrupt):
            raise CutOff(_STOPPED) from None


if __name__ == "__main__":
    cli(prog_name="python -m jobs")
