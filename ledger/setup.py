"""Setting up and upgrading a database: the newest schema, the reference data and the rights of the service."""

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
    """Return the present moment by the machine's clock; only the edge and command lines may read the clock."""
    return datetime.now(UTC)


def prepare(url: str, *, service_url: str | None = None) -> None:
    """Upgrade a database to the newest schema and add missing reference data; safe to repeat.

    `url` is the address for the owner of the tables. Where the service signs in as another role, by `service_url`,
    that role gets only the rights of the service.
    """
    engine = open_engine(url)
    try:
        upgrade(engine)
        if service_url is not None:
            grant_service(engine, service_url)
        with work(engine, user=SETUP_USER, today=dates.business_day(read_clock()), clock=read_clock) as unit:
            _wait_for_others(unit)
            reference.load(unit)
            calendars.settle(unit)  # A new release may have brought the calendar of a further year.
    finally:
        engine.dispose()


def _wait_for_others(unit: Unit) -> None:
    """Make a second starting process wait until the first has loaded the reference data.

    On SQLite there is nothing to do, since only one transaction can write at a time.
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
    """Grant the rights of the service to the role of `service_url`, unless the role is the owner.

    Every migration is followed by such a grant.
    """
    role = make_url(service_url).username
    if role is not None and role != owner.url.username:
        db_privileges.grant(owner, role)


def is_empty(engine: Engine) -> bool:
    """Return whether a database has no tables."""
    with engine.connect().execution_options(reading=True) as connection:
        return not inspect(connection).get_table_names()


def is_behind(engine: Engine) -> bool:
    """Return whether `prepare` would change the database: an older schema or missing reference data."""
    if not at_head(engine):
        return True
    with Session(engine) as session:  # The session is never committed, so the loading is rolled back.
        today = dates.business_day(read_clock())
        return reference.load(Unit(session=session, user=SETUP_USER, today=today, clock=read_clock)) > 0


def at_head(engine: Engine) -> bool:
    """Return whether the database has the schema of this release."""
    with engine.connect().execution_options(reading=True) as connection:
        have = MigrationContext.configure(connection).get_current_heads()
    return set(have) == set(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
