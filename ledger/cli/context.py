"""The parts shared by all commands: settings, database, one transaction, and refusals shown as a sentence."""

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
"""The user under whose name commands are recorded when an operator runs them on the server."""

_OLD_SCHEMA = Said(
    "the database has not this version's schema; run: python -m ledger upgrade",
    "数据库结构不是本版本的，请先运行：python -m ledger upgrade",
)


def tell(said: Said, *, err: bool = False) -> None:
    """Write a line in the language of the settings."""
    click.echo(said.told(language_of()), err=err)


def refusal_line(refusal: Refusal) -> Said:
    """Return the line that shows a refusal with its code, for which scripts look."""
    return Said(f"{refusal.code}: {refusal.say('en')}", f"{refusal.say('zh')}（{refusal.code}）")


def fault_line(fault: Fault) -> Said:
    """Return the line that shows a fault of a row of a sheet, with its code."""
    column = label("field", fault.column, "zh")
    return Said(
        f"row {fault.row} {fault.column}: {fault.code}: {fault.en}",
        f"第 {fault.row} 行 {column}：{fault.zh}（{fault.code}）",
    )


class NotDone(click.ClickException):
    """Ends a command with a sentence in the language of the settings, and exit status 1."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.told(language_of()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence to standard error, or to a file."""
        click.echo(Said("Error: ", "错误：").told(language_of()) + self.format_message(), file=file, err=True)


class Refused(NotDone):
    """Ends a command that cannot be carried out as it was called, with exit status 2."""

    exit_code = 2


class CutOff(NotDone):
    """Ends a command that was not carried out to its end, since the database failed or has another schema; status 3."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Context:
    """The settings of a command and the database that they name."""

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

    Raises CutOff for a database whose schema is not that of this version, unless `any_schema` is set.
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
    """Return the settings of the environment; raise Refused for a variable that cannot be used."""
    try:
        return read_settings()
    except SettingUnfit as fault:
        raise Refused(fault.wanted) from None
