"""Tests of scope: the mapped classes whose rows are limited to the user's bank and counties in a reading session."""

import ast
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, aliased

from api.core import scope
from api.core.scope import PUBLIC, Scope
from ledger.database import Base
from ledger.errors import NotFound
from ledger.tables import borrowers, loans, work
from ledger.tables.borrowers import Household, Member, Organisation
from tests.support.county_desk import COUNTY, OTHER_COUNTY
from tests.support.sources import sources

SCOPED = {
    loans.Loan,
    loans.Approval,
    borrowers.Household,
    borrowers.Organisation,
    work.Import,
}

# Rows of these mapped classes have no scope of their own, and are read only together with a row that has a scope.
THROUGH = {
    loans.StatusChange,
    loans.Repayment,
    borrowers.Member,
    borrowers.Link,
    work.Request,
    work.JobRun,
    work.JobLease,
    work.Closing,
}


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Return a session on a database with two households and an organisation in two counties."""
    with Session(engine) as writing, writing.begin():
        for number, county in ((1, COUNTY), (2, OTHER_COUNTY)):
            writing.add(
                Household(
                    id=number,
                    registry_no=f"H{number}",
                    county=county,
                    town="",
                    village="",
                    category="general",
                    registered_on=date(2014, 1, 1),
                )
            )
            writing.flush()
            writing.add(
                Member(
                    id=number,
                    household_id=number,
                    name="x",
                    id_card=str(number),
                    born_on=date(1980, 1, 1),
                    relation="户主",
                    is_head=True,
                )
            )
        writing.add(Organisation(id=3, uscc="U3", name="y", kind="enterprise", county=OTHER_COUNTY))
    with Session(engine) as reading:
        yield reading


def test_every_class_with_a_bank_or_a_county_is_scoped_or_public_on_purpose() -> None:
    found = set(scope.scoped())
    assert found >= SCOPED
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    placed = {kind for kind in mapped if {"bank", "county"} & set(kind.__mapper__.columns.keys())}
    assert found == placed - PUBLIC
    assert not found & THROUGH


def test_a_list_a_count_a_join_and_a_look_up_see_only_what_is_in_scope(session: Session) -> None:
    scope.narrow(session, Scope(counties=frozenset({COUNTY})))
    assert [row.id for row in session.execute(select(Household)).scalars()] == [1]
    assert session.execute(select(func.count()).select_from(Household)).scalar_one() == 1
    assert session.execute(select(func.count(Household.id))).scalar_one() == 1
    joined = select(Member.id).join(Household, Household.id == Member.household_id)
    assert session.execute(joined).scalars().all() == [1]
    other = aliased(Household)
    assert session.execute(select(other.id)).scalars().all() == [1]
    assert session.get(Household, 1) is not None
    assert session.get(Household, 2) is None
    assert session.execute(select(Organisation)).scalars().all() == []
    exists = select(Member.id).where(select(Household.id).where(Household.id == Member.household_id).exists())
    assert session.execute(exists).scalars().all() == [1]


def test_who_has_no_bank_and_no_counties_named_sees_everything(session: Session) -> None:
    scope.narrow(session, Scope())
    assert session.execute(select(Household.id).order_by(Household.id)).scalars().all() == [1, 2]


def test_a_bank_sees_the_households_it_might_lend_to(session: Session) -> None:
    scope.narrow(session, Scope(bank="GZRCB"))
    assert session.execute(select(Household.id).order_by(Household.id)).scalars().all() == [1, 2]


def test_what_is_touched_is_looked_up_in_scope(session: Session) -> None:
    mine = Scope(counties=frozenset({COUNTY}))
    assert scope.find(session, mine, Household, 1, "household").id == 1
    for unknown in (2, 4):
        with pytest.raises(NotFound) as refused:
            scope.find(session, mine, Household, unknown, "household")
        assert refused.value.facts == {"what": "household", "id": str(unknown)}


@pytest.mark.parametrize(
    "case, mine, bank, county, has",
    [
        ("everything", Scope(), "ABC", COUNTY, True),
        ("its bank", Scope("ABC"), "ABC", COUNTY, True),
        ("another bank", Scope("ABC"), "PSBC", COUNTY, False),
        ("its county", Scope("ABC", frozenset({COUNTY})), "ABC", COUNTY, True),
        ("its bank elsewhere", Scope("ABC", frozenset({COUNTY})), "ABC", OTHER_COUNTY, False),
        ("the county alone", Scope("ABC", frozenset({COUNTY})), None, COUNTY, True),
        ("the bank alone", Scope("ABC", frozenset({COUNTY})), "ABC", None, True),
    ],
)
def test_a_scope_has(case: str, mine: Scope, bank: str | None, county: str | None, has: bool) -> None:
    assert mine.has(bank=bank, county=county) is has


def test_retired_codes_are_taken_and_scoped_as_todays(session: Session) -> None:
    mine = Scope(counties=frozenset({"360703"}))
    assert scope.county(session, mine, "360782") == "360703"  # The code 360782 was the code of 南康 until 2013.
    for code in ("360721", "999999"):
        with pytest.raises(NotFound):
            scope.county(session, mine, code)


# Scope does not limit queries on tables without mapped classes; such queries belong in ledger/reports.
_PAST_THE_CLASSES = {"delete", "insert", "text", "update", "Table"}
_ALLOWED = {
    "api/core/idempotency.py": "its own table, by user and key",
}


def test_the_edge_asks_the_database_through_mapped_classes_alone() -> None:
    breaches = []
    for source in sources():
        if source.room != "api" or source.path in _ALLOWED:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                breaches += [f"{source.path}: {each.name}" for each in node.names if each.name in _PAST_THE_CLASSES]
            if isinstance(node, ast.ImportFrom) and node.module == "ledger.tables.journal":
                breaches.append(f"{source.path}: the journal's tables")
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ledger.tables."):
                breaches += [f"{source.path}: {each.name}" for each in node.names if each.name[0].islower()]
    assert breaches == []
