"""From nothing to a ledger that can be worked with: schema at head, reference facts in."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import migrations
from ledger import dates
from ledger.database import open_engine
from ledger.operations import reference
from ledger.unit import work

SETUP_USER = "setup"


def read_clock() -> datetime:
    """The moment, by the machine's clock: for command lines, which stand where the edge stands."""
    return datetime.now(UTC)


def prepare(url: str) -> None:
    """Bring a database to the newest schema and load the reference facts it lacks; safe to repeat."""
    engine = open_engine(url)
    try:
        upgrade(engine)
        with work(engine, user=SETUP_USER, today=dates.business_day(read_clock()), clock=read_clock) as unit:
            reference.load(unit)
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to a revision, in one transaction."""
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


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
