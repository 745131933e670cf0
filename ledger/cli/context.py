"""What every command stands on: settings, database, one transaction, and refusals said in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import click
import structlog
from sqlalchemy import Engine

from ledger import logs, setup
from ledger.database import open_engine
from ledger.dates import business_day
from ledger.errors import Fault, Refusal
from ledger.labels import Said, label
from ledger.retries import of_the_database
from ledger.settings import Settings, SettingUnfit, language_of, read_settings
from ledger.unit_of_work import Unit, work

USER = "cli"
"""Who records what an operator does at the terminal of the server."""

_OLD_SCHEMA = Said(
    "the database has not this version's schema; run: python -m ledger upgrade",
    "数据库结构不是本版本的，请先运行：python -m ledger upgrade",
)


def tell(said: Said, *, err: bool = False) -> None:
    """Write a line in the language of the settings."""
    click.echo(said.told(language_of()), err=err)


def refusal_line(refusal: Refusal) -> Said:
    """Return a refusal with its code, which scripts look for."""
    return Said(f"{refusal.code}: {refusal.say('en')}", f"{refusal.say('zh')}（{refusal.code}）")


def fault_line(fault: Fault) -> Said:
    """Return what is wrong with a row of a sheet, with the code."""
    column = label("field", fault.column, "zh")
    return Said(
        f"row {fault.row} {fault.column}: {fault.code}: {fault.en}",
        f"第 {fault.row} 行 {column}：{fault.zh}（{fault.code}）",
    )


class NotDone(click.ClickException):
    """Ends a command with a sentence in the language of the settings."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.told(language_of()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence to standard error, or to a file."""
        click.echo(Said("Error: ", "错误：").told(language_of()) + self.format_message(), file=file, err=True)


class Refused(NotDone):
    """Not done: what was asked for cannot be."""

    exit_code = 2


class CutOff(NotDone):
    """Not done, or not to the end: the database is not there, or not as it must be."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Context:
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
def context(*, any_schema: bool = False) -> Iterator[Context]:
    """Settings and database; what goes wrong is said in a sentence and by the exit status.

    A database with another schema than this version's is refused, unless it is taken `any_schema`.
    """
    settings = checked_settings()
    logs.configure(settings.log_level)
    engine = open_engine(settings.database_url)
    try:
        if not any_schema and not setup.at_head(engine):
            raise CutOff(_OLD_SCHEMA)
        yield Context(settings, engine)
    except Refusal as refusal:
        raise Refused(refusal_line(refusal)) from None
    except Exception as error:
        if not of_the_database(error):
            raise
        structlog.get_logger("cli").exception("the database failed")
        raise CutOff(Said("the database failed, see the log", "数据库出错，详见日志")) from None
    finally:
        engine.dispose()


def checked_settings() -> Settings:
    """The settings of the environment; raises Refused for what cannot be used."""
    try:
        return read_settings()
    except SettingUnfit as fault:
        raise Refused(fault.wanted) from None
