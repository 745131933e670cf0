"""Tests of the first start: the databases that accept demonstration data, and the creation of the first user."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.start import make_ready
from ledger.database import open_engine
from ledger.ids import new_id
from ledger.operations.registry.users import DEMO_USERS, Role, add_user
from ledger.settings import Settings
from ledger.tables.users import User
from ledger.tables.work import JobRun
from ledger.unit_of_work import Unit, work


@pytest.mark.parametrize(
    "case, run, demo",
    [
        ("a demo that is complete", "done", True),
        ("a real ledger", None, False),
    ],
)
def test_a_database_is_the_demos_or_keeps_it_out(case: str, run: str | None, demo: bool, settings: Settings) -> None:
    with _unit(settings) as unit:
        add_user(unit, "auditor", "甲", "demo-auditor", Role.AUDITOR, demo=True)
        if run is not None:
            unit.session.add(
                JobRun(
                    id=new_id(),
                    job="demo",
                    business_date=date(2019, 12, 31),
                    scope="",
                    status=run,
                    asked=True,
                    due=0,
                    done=0,
                    failed="[]",
                    report="{}",
                    started_by="x",
                    started_at=0,
                )
            )
    said: list[str] = []
    assert make_ready(settings, demo=True, say=said.append) is demo
    shown = "\n".join(said)
    assert all((f"demo-{name}" in shown) == demo for name in DEMO_USERS)
    assert ("real use" in shown) != demo
    assert _users(settings) == 1, "a complete demo is not lived through again, a real ledger gets nobody"


def test_the_first_administrator_is_made_once(settings: Settings) -> None:
    said: list[str] = []
    assert make_ready(settings, demo=False, say=said.append) is False
    assert make_ready(settings, demo=False, say=said.append) is False
    assert len([line for line in said if line.startswith("first user: admin, password ")]) == 1
    assert _users(settings) == 1


@contextmanager
def _unit(settings: Settings) -> Iterator[Unit]:
    engine = open_engine(settings.database_url)
    moment = datetime(2016, 1, 1, tzinfo=UTC)
    with work(engine, user="x", today=moment.date(), clock=lambda: moment) as unit:
        yield unit
    engine.dispose()


def _users(settings: Settings) -> int:
    engine = open_engine(settings.database_url)
    with Session(engine) as session:
        count = session.execute(select(func.count()).select_from(User)).scalar_one()
    engine.dispose()
    return count
