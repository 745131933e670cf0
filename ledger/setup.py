"""From nothing to a ledger that can be worked with: schema at head, reference facts in."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

import migrations
from ledger import dates, db_privileges
from ledger.database import is_sqlite, open_engine
from ledger.operations.registry import calendars, reference
from ledger.unit_of_work import Unit, work

SETUP_USER = "setup"


def read_clock() -> datetime:
    """The moment, by the machine's clock: for command lines, which stand where the edge stands."""
    return datetime.now(UTC)


def prepare(url: str, *, service_url: str | None = None) -> None:
    """Bring a database to the newest schema and load the reference facts it lacks; safe to repeat.

    `url` is the owner's. Where the service signs in as somebody else, by `service_url`, that role is given what
    it needs and no more.
    """
    engine = open_engine(url)
    try:
        upgrade(engine)
        if service_url is not None:
            grant_service(engine, service_url)
        with work(engine, user=SETUP_USER, today=dates.business_day(read_clock()), clock=read_clock) as unit:
            _wait_for_others(unit)
            reference.load(unit)
            calendars.settle(unit)  # a new release may have brought a year
    finally:
        engine.dispose()


def _wait_for_others(unit: Unit) -> None:
    """Of two that start at once one loads, the other finds it loaded. SQLite lets one write at a time anyway."""
    if not is_sqlite(unit.connection):
        unit.connection.exec_driver_sql("LOCK TABLE counties IN SHARE ROW EXCLUSIVE MODE")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to a revision, in one transaction."""
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def grant_service(owner: Engine, service_url: str) -> None:
    """Rights for who signs in by `service_url`, when that is not the owner; to be given after every migration."""
    role = make_url(service_url).username
    if role is not None and role != owner.url.username:
        db_privileges.grant(owner, role)


def is_empty(engine: Engine) -> bool:
    """Whether a database has no table at all yet."""
    with engine.connect().execution_options(reading=True) as connection:
        return not inspect(connection).get_table_names()


def is_behind(engine: Engine) -> bool:
    """Whether `prepare` would change the database: its schema is older, or it lacks reference data of this release."""
    if not at_head(engine):
        return True
    with Session(engine) as session:  # rolled back at its end
        today = dates.business_day(read_clock())
        return reference.load(Unit(session=session, user=SETUP_USER, today=today, clock=read_clock)) > 0


def at_head(engine: Engine) -> bool:
    """Whether the database has the schema this code was written for."""
    with engine.connect().execution_options(reading=True) as connection:
        have = MigrationContext.configure(connection).get_current_heads()
    return set(have) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
