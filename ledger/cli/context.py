"""What every command stands on: settings, database, one transaction, and refusals said in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
import structlog
from sqlalchemy import Engine

from ledger import logs, setup
from ledger.database import open_engine
from ledger.dates import business_day
from ledger.errors import Refusal
from ledger.retries import of_the_database
from ledger.settings import Settings, SettingUnfit, read_settings
from ledger.unit_of_work import Unit, work

USER = "cli"
"""Who records what an operator does at the terminal of the server."""


class Refused(click.ClickException):
    """Not done: what was asked for cannot be."""

    exit_code = 2


class CutOff(click.ClickException):
    """Not done, or not to the end: the database is not there, or not as it must be."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Desk:
    """A terminal: the settings it was started with and their database."""

    settings: Settings
    engine: Engine

    @contextmanager
    def unit(self, origin: str, user: str = USER) -> Iterator[Unit]:
        """One transaction of today."""
        today = business_day(setup.read_clock())
        with work(self.engine, user=user, today=today, clock=setup.read_clock, origin=f"cli/{origin}") as unit:
            yield unit


@contextmanager
def desk(*, as_it_is: bool = False) -> Iterator[Desk]:
    """Settings and database; what goes wrong is said in a sentence and by the exit status.

    A database with another schema than this version's is refused, unless it is taken `as_it_is`.
    """
    settings = told_settings()
    logs.configure(settings.log_level)
    engine = open_engine(settings.database_url)
    try:
        if not as_it_is and not setup.at_head(engine):
            raise CutOff("the database has not this version's schema; run: python -m ledger upgrade")
        yield Desk(settings, engine)
    except Refusal as refusal:
        raise Refused(str(refusal)) from None
    except Exception as error:
        if not of_the_database(error):
            raise
        structlog.get_logger("cli").exception("the database failed")
        raise CutOff("the database failed, see the log") from None
    finally:
        engine.dispose()


def told_settings() -> Settings:
    """The settings of the environment; raises Refused for what cannot be used."""
    try:
        return read_settings()
    except SettingUnfit as fault:
        raise Refused(str(fault)) from None
