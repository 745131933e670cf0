"""What a person is shown and may touch: their bank, their counties. Rules and jobs see everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, event, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from ledger.database import Base
from ledger.errors import NotFound
from ledger.queries import reference
from ledger.tables import reference as facts
from ledger.tables import users

T = TypeVar("T", bound=Base)

PUBLIC: frozenset[type[Base]] = frozenset({facts.BankStatus, facts.CountyCode, users.User, users.UserCounty})
"""Classes with a bank or county that everybody who reaches them may see: facts, and users by role."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is a person's: no bank = every bank, no counties = all of them."""

    bank: str | None = None
    counties: frozenset[str] = frozenset()

    def has(self, *, bank: str | None = None, county: str | None = None) -> bool:
        """Whether a bank and a county are in it; what is not said is not asked."""
        strange_bank = bank is not None and self.bank not in {None, bank}
        return not strange_bank and (county is None or not self.counties or county in self.counties)


@dataclass(frozen=True, slots=True)
class Within:
    """Banks and counties a question about the journal is kept to: None = all."""

    bank: str | None
    counties: tuple[str, ...] | None


def narrow(session: Session, scope: Scope) -> None:
    """Keep every ORM select of this session, joins and relationships included, to the scope."""
    options = [
        with_loader_criteria(kind, clause, include_aliases=True)
        for kind in scoped()
        for clause in conditions(kind, scope)
    ]

    @event.listens_for(session, "do_orm_execute")
    def keep(state: ORMExecuteState) -> None:
        if state.is_select:
            state.statement = state.statement.options(*options)


def scoped() -> Iterator[type[Base]]:
    """Every mapped class that has a bank or a county of its own."""
    for mapper in Base.registry.mappers:
        if mapper.class_ not in PUBLIC and {"bank", "county"} & set(mapper.columns.keys()):
            yield mapper.class_


def conditions(kind: type[Base], scope: Scope) -> list[ColumnElement[bool]]:
    """What a row of a class has to fulfil to be in the scope."""
    columns = kind.__mapper__.columns
    found: list[ColumnElement[bool]] = []
    if scope.bank is not None and "bank" in columns:
        found.append(columns["bank"] == scope.bank)
    if scope.counties and "county" in columns:
        mine: ColumnElement[bool] = columns["county"].in_(sorted(scope.counties))
        if scope.bank is not None and columns["county"].nullable:
            mine |= columns["county"].is_(None)  # what is the bank's as a whole is theirs too
        found.append(mine)
    return found


def find(session: Session, scope: Scope, kind: type[T], row_id: Any, what: str) -> T:
    """A row by its primary key; raises NotFound where there is none in the scope."""
    (key,) = kind.__mapper__.primary_key
    row = session.execute(select(kind).where(key == row_id, *conditions(kind, scope))).scalar()
    if row is None:
        raise NotFound(what=what, id=str(row_id))
    return row


def county(session: Session, scope: Scope, code: str) -> str:
    """Today's id of a county named by today's or a retired code; raises NotFound, out of scope too."""
    found = reference.county_of(session, code)
    if not scope.has(county=found):
        raise NotFound(what="county", id=code)
    return found


def bank(session: Session, scope: Scope, code: str) -> str:
    """A bank's code; raises NotFound for an unknown one and for one out of scope."""
    if session.get(facts.Bank, code) is None or not scope.has(bank=code):
        raise NotFound(what="bank", id=code)
    return code


def within(session: Session, scope: Scope, *, bank_code: str | None, county_code: str | None) -> Within:
    """A person's scope, narrowed to the bank and the county asked for; raises NotFound."""
    one_bank = scope.bank if bank_code is None else bank(session, scope, bank_code)
    if county_code is not None:
        return Within(one_bank, (county(session, scope, county_code),))
    return Within(one_bank, tuple(sorted(scope.counties)) or None)
