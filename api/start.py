"""Prepares the start of the service: makes schema, reference data, and the first administrator or the demo."""

import secrets
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.core import edge
from ledger import setup
from ledger.backups import back_up
from ledger.database import open_engine
from ledger.labels import Said, label
from ledger.operations import job_runs
from ledger.operations.registry import users
from ledger.operations.registry.users import DEMO_PREFIX, DEMO_USERS, Role
from ledger.settings import Settings, make_home
from ledger.unit_of_work import work

ADMIN = "admin"

Say = Callable[[Said], None]


def make_ready(settings: Settings, *, demo: bool, say: Say) -> bool:
    """Prepare the database of the settings for the service; return whether the database contains the demo county.

    The preparation can be repeated safely. The demo county is not made in a database that has users but no demo.
    """
    home = make_home(settings)
    say(Said("database: schema and reference data", "数据库：建立结构，载入基础数据"))
    _back_up_first(settings, home / "backups", say)
    setup.prepare(settings.owner_url, service_url=settings.database_url)
    engine = open_engine(settings.database_url)
    try:
        if demo and _takes_the_demo(engine):
            if not _with(engine, lambda session: job_runs.has_demo(session, complete=True)):
                # `jobs.demo` is imported only for the demo, since an installation without the demo does not need the
                # jobs.
                import_module("jobs.demo").live(settings.database_url)
            _name_the_users(say)
            return True
        if demo:
            say(
                Said(
                    "this database is in real use: no demo county, no demo users",
                    "数据库已正式使用：不建演示县和演示用户",
                )
            )
        _first_admin(engine, settings.admin_password, say)
        return False
    finally:
        engine.dispose()


def _back_up_first(settings: Settings, folder: Path, say: Say) -> None:
    """Back up a database of an earlier version before the database is changed; raise NoBackup if the backup fails."""
    engine = open_engine(settings.owner_url)
    try:
        if not setup.is_empty(engine) and setup.is_behind(engine):
            backup = back_up(settings.owner_url, folder, edge.now())
            say(
                Said(
                    f"the database is of an earlier version; backup: {backup}", f"数据库属于较早版本，已备份：{backup}"
                )
            )
    finally:
        engine.dispose()


def _takes_the_demo(engine: Engine) -> bool:
    return _with(engine, lambda session: job_runs.has_demo(session) or not users.anybody(session))


def _with(engine: Engine, ask: Callable[[Session], bool]) -> bool:
    with Session(engine.execution_options(reading=True)) as session:
        return ask(session)


def _name_the_users(say: Say) -> None:
    say(Said("demo users (the password is demo- and the name):", "演示用户（密码为 demo- 加用户名）："))
    for username, role in DEMO_USERS.items():
        row = f"  {username:<10} {DEMO_PREFIX + username:<15} "
        say(Said(row + role, row + label("role", role, "zh")))


def _first_admin(engine: Engine, password: str, say: Say) -> None:
    with work(engine, user=setup.SETUP_USER, today=edge.today(), clock=edge.now, origin="api/start") as unit:
        if users.anybody(unit.session):
            return
        made_up = "" if password else secrets.token_urlsafe(12)
        users.add_user(unit, ADMIN, "系统管理员", password or made_up, Role.ADMIN)
    shown = Said(made_up, made_up) if made_up else Said("as set in LEDGER_ADMIN_PASSWORD", "见 LEDGER_ADMIN_PASSWORD")
    # Scripts read the password from the output line that begins with `first user:`.
    line = f"first user: {ADMIN}, password "
    say(Said(line + shown, f"{line}{shown.zh}"))
    if made_up:
        say(
            Said(
                "it is shown this once; change it with python -m ledger user password admin",
                "密码只显示这一次，请用 python -m ledger user password admin 修改",
            )
        )
