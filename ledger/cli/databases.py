"""The commands `init`, `upgrade`, `verify` and `config`, which work on the whole database."""

import sys
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from ledger import setup
from ledger.backups import NoBackup, back_up
from ledger.cli.context import Context, CutOff, checked_settings, context, tell
from ledger.labels import Said
from ledger.reports.verifying.verification import CHECKS, Finding
from ledger.reports.verifying.verification import verify as found_by
from ledger.settings import Settings, make_home, shown

FOUND = 1
"""The exit status of the command `verify` where figures do not agree with the postings."""


@click.command()
def init() -> None:
    """Create the tables and load counties, banks, schemes, rates and calendars. The command may be repeated."""
    with context(any_schema=True) as ctx:
        _prepare(ctx.settings)
    tell(Said("ready: {0}", "ready: {0}  已就绪").format(_address(ctx.settings)))


@click.command()
@click.option("--no-backup", is_flag=True, help="skip the backup, because another backup exists")
def upgrade(no_backup: bool) -> None:
    """Bring the database to this version: back it up, migrate it, add new reference data, check all its data.

    If the upgrade is interrupted, run it again; the result is the same.
    """
    with context(any_schema=True) as ctx:
        if not setup.is_behind(ctx.engine):
            tell(Said("the database is that of this version already", "数据库已是本版本"))
        elif not no_backup:
            _back_up(ctx)
        _prepare(ctx.settings)
        tell(Said("checking", "核对中"))
        _check(ctx)
    tell(Said("upgraded: {0}", "已升级：{0}").format(_address(ctx.settings)))


@click.command()
def verify() -> None:
    """Recompute all figures from the postings and list the differences; the exit status is 1 if there are any."""
    with context() as ctx:
        _check(ctx)
    tell(Said("everything agrees", "全部相符"))


@click.command()
def config() -> None:
    """Show the settings of the ledger, without secrets."""
    for name, value in shown(checked_settings()).items():
        click.echo(f"{name}={value}")


def _prepare(settings: Settings) -> None:
    make_home(settings)
    setup.prepare(settings.owner_url, service_url=settings.database_url)


def _back_up(ctx: Context) -> None:
    backup = None
    if not setup.is_empty(ctx.engine):
        try:
            backup = back_up(ctx.settings.owner_url, make_home(ctx.settings) / "backups", setup.read_clock())
        except NoBackup as failed:
            raise CutOff(
                Said(
                    f"no backup was made: {failed.why}; make one and say --no-backup",
                    f"未能备份：{failed.why.zh}；请另行备份后加 --no-backup 运行",
                )
            ) from None
    if backup is None:
        tell(Said("nothing to back up: the database is new", "数据库是新建的，无须备份"))
    else:
        tell(Said(f"backup: {backup}", f"备份：{backup}"))


def _check(ctx: Context) -> None:
    findings = found_by(ctx.engine)
    for finding in findings:
        tell(_found(finding), err=True)
    if findings:
        sys.exit(FOUND)


def _found(finding: Finding) -> Said:
    check = next(check for check in CHECKS if check.name == finding.check)
    return Said(
        f"{check.name}: {finding.subject}: expected {finding.expected}, found {finding.found}",
        f"{check.zh}（{check.name}）：{finding.subject}：应为 {finding.expected}，实为 {finding.found}",
    )


def _address(settings: Settings) -> str | Path:
    return make_url(settings.database_url).render_as_string(hide_password=True)
