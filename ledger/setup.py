"""The setup of a database: migrations to the newest schema, reference data, and the privileges of the service."""

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
    """Return the current moment by the machine's clock; only command lines call `read_clock`."""
    return datetime.now(UTC)


def prepare(url: str, *, service_url: str | None = None) -> None:
    """Bring a database to the newest schema and load missing reference data; the function may be repeated safely.

    `url` is the address with which the owner of the tables signs in. Where the service signs in under another role,
    with `service_url`, that role gets only the privileges that it needs.
    """
    engine = open_engine(url)
    try:
        upgrade(engine)
        if service_url is not None:
            grant_service(engine, service_url)
        with work(engine, user=SETUP_USER, today=dates.business_day(read_clock()), clock=read_clock) as unit:
            _wait_for_others(unit)
            reference.load(unit)
            # A new release may contain the calendar of a further year.
            calendars.settle(unit)
    finally:
        engine.dispose()


def _wait_for_others(unit: Unit) -> None:
    """Lock the table of counties, so that only one of several processes that start together loads the reference data.

    SQLite needs no lock, since SQLite lets one transaction write at a time.
    """
    if not is_sqlite(unit.connection):
        unit.connection.exec_driver_sql("LOCK TABLE counties IN SHARE ROW EXCLUSIVE MODE")


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to a revision, in one transaction."""
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def grant_service(owner: Engine, service_url: str) -> None:
    """Grant privileges to the role of `service_url`, unless that role owns the tables.

    Call `grant_service` after every migration.
    """
    role = make_url(service_url).username
    if role is not None and role != owner.url.username:
        db_privileges.grant(owner, role)


def is_empty(engine: Engine) -> bool:
    """Return whether a database has no tables."""
    with engine.connect().execution_options(reading=True) as connection:
        return not inspect(connection).get_table_names()


def is_behind(engine: Engine) -> bool:
    """Return whether the database has an older schema, or lacks reference data of this release."""
    if not at_head(engine):
        return True
    # Reference data that is loaded only to find out what was missing is rolled back when the session ends.
    with Session(engine) as session:
        today = dates.business_day(read_clock())
        return reference.load(Unit(session=session, user=SETUP_USER, today=today, clock=read_clock)) > 0


def at_head(engine: Engine) -> bool:
    """Return whether the database has the newest schema, for which this code was written."""
    with engine.connect().execution_options(reading=True) as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    return set(present) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
