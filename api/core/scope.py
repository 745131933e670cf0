"""The scope of a user, which limits the rows that the user sees to a bank and some counties; jobs have no scope."""

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
"""The classes whose rows are not limited to the user's scope, although the classes have a bank or a county."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of a user: without a bank the scope has every bank, and without counties it has all counties."""

    bank: str | None = None
    counties: frozenset[str] = frozenset()

    def has(self, *, bank: str | None = None, county: str | None = None) -> bool:
        """Return whether a bank and a county are in the scope; do not check an argument that is None."""
        strange_bank = bank is not None and self.bank not in {None, bank}
        return not strange_bank and (county is None or not self.counties or county in self.counties)


@dataclass(frozen=True, slots=True)
class Within:
    """The bank and the counties to which a query of the journal is limited; None means every bank or county."""

    bank: str | None
    counties: tuple[str, ...] | None


def narrow(session: Session, scope: Scope) -> None:
    """Limit every ORM select of a session to the scope, even in joins and relationships."""
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
    """Return every mapped class that has a column `bank` or `county` and is not in `PUBLIC`."""
    for mapper in Base.registry.mappers:
        if mapper.class_ not in PUBLIC and {"bank", "county"} & set(mapper.columns.keys()):
            yield mapper.class_


def conditions(kind: type[Base], scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions under which a row of a class is in the scope."""
    columns = kind.__mapper__.columns
    clauses: list[ColumnElement[bool]] = []
    if scope.bank is not None and "bank" in columns:
        clauses.append(columns["bank"] == scope.bank)
    if scope.counties and "county" in columns:
        in_counties: ColumnElement[bool] = columns["county"].in_(sorted(scope.counties))
        if scope.bank is not None and columns["county"].nullable:
            # A row without a county belongs to the whole bank, and is shown to all users of the bank.
            in_counties |= columns["county"].is_(None)
        clauses.append(in_counties)
    return clauses


def find(session: Session, scope: Scope, kind: type[T], row_id: Any, what: str) -> T:
    """Return the row with a primary key; raise NotFound where no row in the scope has the primary key."""
    (key,) = kind.__mapper__.primary_key
    row = session.execute(select(kind).where(key == row_id, *conditions(kind, scope))).scalar()
    if row is None:
        raise NotFound(what=what, id=str(row_id))
    return row


def county(session: Session, scope: Scope, code: str) -> str:
    """Return the current id of the county with a current or retired code; raise NotFound if unknown or out of scope."""
    county_id = reference.county_of(session, code)
    if not scope.has(county=county_id):
        raise NotFound(what="county", id=code)
    return county_id


def bank(session: Session, scope: Scope, code: str) -> str:
    """Return the code of a bank; raise NotFound if the bank is unknown or out of scope."""
    if session.get(facts.Bank, code) is None or not scope.has(bank=code):
        raise NotFound(what="bank", id=code)
    return code


def within(session: Session, scope: Scope, *, bank_code: str | None, county_code: str | None) -> Within:
    """Return the user's scope narrowed to a bank and a county; raise NotFound if bank or county is out of scope."""
    one_bank = scope.bank if bank_code is None else bank(session, scope, bank_code)
    if county_code is not None:
        return Within(one_bank, (county(session, scope, county_code),))
    return Within(one_bank, tuple(sorted(scope.counties)) or None)
