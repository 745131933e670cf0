"""Tests that statuses are stored as plain text on both engines, whether written by the ORM or in bulk."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger.database import among, update_rows, write_rows
from ledger.ids import new_id, new_ids
from ledger.statuses import PlanStatus
from ledger.tables.fund import FundPlan
from ledger.unit_of_work import Unit
from tests.support.county_desk import at_desk

_PLANS: Any = FundPlan.__table__


def _row(plan_id: int, status: str) -> tuple[Any, ...]:
    return (plan_id, "quarter", "2016Q2", status, "officer", "2016-06-01", None)


def _stored(unit: Unit) -> set[tuple[str, type]]:
    found = unit.connection.execute(select(_PLANS.c.status)).scalars()
    return {(status, type(status)) for status in found}


@pytest.mark.parametrize(("case", "rows"), [("a few rows", 3), ("many rows", 1_500)])
def test_bulk_rows_take_a_status_as_it_is(case: str, rows: int, engine: Engine) -> None:
    ids = new_ids(rows)
    with at_desk(engine) as unit:
        write_rows(unit.connection, {_PLANS: [_row(plan_id, PlanStatus.DRAFT) for plan_id in ids]})
        assert _stored(unit) == {("draft", str)}
        changed = [(PlanStatus.APPROVED if number % 2 else "approved", plan) for number, plan in enumerate(ids)]
        update_rows(unit.connection, _PLANS, ("status",), changed)
        assert _stored(unit) == {("approved", str)}


def test_an_entity_is_written_found_and_changed_by_a_status(engine: Engine) -> None:
    with at_desk(engine) as unit:
        plan = FundPlan(
            id=new_id(),
            kind="quarter",
            quarter="2016Q2",
            status=PlanStatus.DRAFT,
            made_by="a",
            made_on=date(2016, 6, 1),
        )
        unit.session.add(plan)
        unit.session.flush()
        assert _stored(unit) == {("draft", str)}
        query = select(FundPlan.id).where(FundPlan.status == PlanStatus.DRAFT)
        assert unit.session.execute(query).scalars().all() == [plan.id]
        query = select(FundPlan.id).where(FundPlan.status.in_((PlanStatus.DRAFT, PlanStatus.APPROVED)))
        assert unit.session.execute(query).scalars().all() == [plan.id]
        query = select(FundPlan.id).where(among(unit.connection, _PLANS.c.status, list(PlanStatus)))
        assert unit.session.execute(query).scalars().all() == [plan.id]
