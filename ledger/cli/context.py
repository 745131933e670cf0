"""Opens the database of the settings, begins transactions and prints refusals, for all commands."""

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
"""The user name that is recorded for commands that an operator runs on the server."""

_OLD_SCHEMA = Said(
    "the database has not this version's schema; run: python -m ledger upgrade",
    "数据库结构不是本版本的，请先运行：python -m ledger upgrade",
)


def tell(said: Said, *, err: bool = False) -> None:
    """Write a line in the language of the settings."""
    click.echo(said.told(language_of()), err=err)


def refusal_line(refusal: Refusal) -> Said:
    """Return the line that shows a refusal and the refusal's code, so that scripts can look for the code."""
    return Said(f"{refusal.code}: {refusal.say('en')}", f"{refusal.say('zh')}（{refusal.code}）")


def fault_line(fault: Fault) -> Said:
    """Return the line that shows a fault in a row of a sheet, with the code of the fault."""
    column = label("field", fault.column, "zh")
    place = fault.cell or f"第 {fault.row} 行"
    return Said(
        f"row {fault.row} {fault.column}: {fault.code}: {fault.en}",
        f"{place} {fault.heading or column}：{fault.zh}",
    )


class NotDone(click.ClickException):
    """Raised to end a command with exit status 1 and an error message in the language of the settings."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.told(language_of()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the error message to standard error, or to a given file."""
        click.echo(Said("Error: ", "错误：").told(language_of()) + self.format_message(), file=file, err=True)


class Refused(NotDone):
    """Raised to end a command with exit status 2, when the command cannot be carried out as it was called."""

    exit_code = 2


class CutOff(NotDone):
    """Raised to end a command with exit status 3, when the command was interrupted or the database cannot be used."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Context:
    """The settings of a command, and the database that the settings name."""

    settings: Settings
    engine: Engine

    @contextmanager
    def unit(self, origin: str, user: str = USER) -> Iterator[Unit]:
        """Begin one transaction of a user on the current business day."""
        today = business_day(setup.read_clock())
        with work(self.engine, user=user, today=today, clock=setup.read_clock, origin=f"cli/{origin}") as unit:
            yield unit


@contextmanager
def context(*, any_schema: bool = False) -> Iterator[Context]:
    """Open the database of the settings for a command; turn refusals and database errors into exit statuses.

    Raises CutOff for a database whose schema does not fit this version of the ledger, unless `any_schema` is true.
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
    """Return the settings from the environment variables; raise Refused for a variable with an unusable value."""
    try:
        return read_settings()
    except SettingUnfit as fault:
        raise Refused(fault.wanted) from None
