"""`init`, `upgrade`, `verify`, `config`: the database of the settings and what it is told."""

import sys
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from ledger import setup
from ledger.backups import NoBackup, back_up
from ledger.cli.context import CutOff, Desk, desk, told_settings
from ledger.reports.verifying.verification import verify as found_by
from ledger.settings import Settings, make_home, shown

FOUND = 1
"""Exit status of `verify` when something does not agree."""


@click.command()
def init() -> None:
    """Make the database ready: schema, counties, banks, schemes, rates, calendars. Safe to repeat."""
    with desk(as_it_is=True) as at:
        _prepare(at.settings)
    click.echo(f"ready: {_address(at.settings)}")


@click.command()
@click.option("--no-backup", is_flag=True, help="there is a backup already, made by other means")
def upgrade(no_backup: bool) -> None:
    """Bring the database to this version: back it up, migrate it, add new reference data, check everything in it.

    Cut off anywhere, it is run again and ends the same.
    """
    with desk(as_it_is=True) as at:
        if not setup.is_behind(at.engine):
            click.echo("the database is that of this version already")
        elif not no_backup:
            _back_up(at)
        _prepare(at.settings)
        click.echo("checking")
        _check(at)
    click.echo(f"upgraded: {_address(at.settings)}")


@click.command()
def verify() -> None:
    """Compute everything again from the postings and tell what does not agree; exit status 1 if anything."""
    with desk() as at:
        _check(at)
    click.echo("everything agrees")


@click.command()
def config() -> None:
    """The settings this would run with, secrets hidden."""
    for name, value in shown(told_settings()).items():
        click.echo(f"{name}={value}")


def _prepare(settings: Settings) -> None:
    make_home(settings)
    setup.prepare(settings.owner_url, service_url=settings.database_url)


def _back_up(at: Desk) -> None:
    kept = None
    if not setup.is_empty(at.engine):
        try:
            kept = back_up(at.settings.owner_url, make_home(at.settings) / "backups", setup.read_clock())
        except NoBackup as why:
            raise CutOff(f"no backup was made: {why}; make one and say --no-backup") from None
    click.echo(f"backup: {kept}" if kept is not None else "nothing to back up: the database is new")


def _check(at: Desk) -> None:
    findings = found_by(at.engine)
    for finding in findings:
        click.echo(f"{finding.check}: {finding.subject}: expected {finding.expected}, found {finding.found}", err=True)
    if findings:
        sys.exit(FOUND)


def _address(settings: Settings) -> str | Path:
    return make_url(settings.database_url).render_as_string(hide_password=True)
