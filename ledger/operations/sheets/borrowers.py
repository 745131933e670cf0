"""Who borrows by a sheet of loans: found by card or credit code, compared with the register, and what they owe."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among
from ledger.errors import Refusal, RuleViolation
from ledger.imports.cells import CellEmpty
from ledger.money import Fen
from ledger.operations.lending import checks
from ledger.operations.lending.contracts import BorrowerNotMember, BorrowerUnclear
from ledger.operations.sheets.import_run import CountyNotYours, Run, Told
from ledger.policy.identity import check_id_card, mask_id_card
from ledger.policy.limits import Exposure, Link
from ledger.queries import exposure
from ledger.queries.exposure import NOTHING, Borrowing
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

_MEMBERS: Any = t.Member.__table__
_HOUSEHOLDS: Any = t.Household.__table__
_ORGANISATIONS: Any = t.Organisation.__table__


class HouseholdUnknown(RuleViolation):
    code = "household_unknown"
    zh = "户编号 {found:text} 未登记；请先导入贫困户名册"
    en = "no household {found:text} is registered; import the register of households first"


class OrganisationUnknown(RuleViolation):
    code = "organisation_unknown"
    zh = "市场主体 {found:text} 未登记；请先导入市场主体名册"
    en = "no organisation {found:text} is registered; import the register of organisations first"


class BorrowerNameDiffers(RuleViolation):
    code = "borrower_name_differs"
    zh = "借款人名称与登记的不一致"
    en = "the borrower's name is not the registered one"


class IdCardNotExpected(RuleViolation):
    code = "id_card_not_expected"
    zh = "借款人是市场主体，身份证号须留空"
    en = "the borrower is an organisation; the identity card stays empty"


class Borrower(NamedTuple):
    """A household's member, or an organisation (no member; `code` is its credit code, not a registry number).

    `key` tells households from organisations: an organisation's is its id below zero.
    """

    key: int
    id: int
    member_id: int | None
    name: str
    code: str
    county: str
    registered_on: date
    born_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What a borrower owes over all banks, and an organisation's links."""

    borrowing: Borrowing = NOTHING
    links: Sequence[Link] = ()

    def with_more(self, fen: int) -> "Standing":
        """The same with so much more promised."""
        if not fen:
            return self
        owed = self.borrowing.exposure
        promised = Exposure(owed.open, Fen(owed.pending + fen))
        return replace(self, borrowing=replace(self.borrowing, exposure=promised))


def borrowers_of(unit: Unit, rows: Iterable[Told]) -> dict[str, Borrower]:
    """Registered borrowers by their card or credit code; two queries."""
    cards, codes = set[str](), set[str]()
    for row in rows:
        if row.uscc is not None:
            codes.add(row.uscc)
        elif row.id_card is not None:
            cards.add(row.id_card)
    m, h, o = _MEMBERS.c, _HOUSEHOLDS.c, _ORGANISATIONS.c
    people = (
        select(m.id_card, h.id, h.id, m.id, m.name, h.registry_no, h.county, h.registered_on, m.born_on)
        .join(_HOUSEHOLDS, h.id == m.household_id)
        .where(among(unit.connection, m.id_card, cards))
    )
    found = {row[0]: Borrower._make(row[1:]) for row in unit.connection.execute(people)} if cards else {}
    if codes:
        named = select(o.uscc, o.id, o.name, o.county).where(among(unit.connection, o.uscc, codes))
        for uscc, key, name, county in unit.connection.execute(named):
            found[uscc] = Borrower(-key, key, None, name, uscc, county, date.min, date.min)
    return found


def standings_of(unit: Unit, borrowers: Iterable[Borrower], *, held: bool = False) -> dict[int, Standing]:
    """What borrowers owe, by their keys; a household without a loan is left out. `held` locks them first."""
    keys = {borrower.key for borrower in borrowers}
    households = sorted(key for key in keys if key > 0)
    organisations = sorted(-key for key in keys if key < 0)
    if held:
        for table, ids in ((_HOUSEHOLDS, households), (_ORGANISATIONS, organisations)):
            _hold(unit, table, ids)
    found = {key: Standing(owed) for key, owed in exposure.household_borrowings(unit, households).items()}
    if organisations:
        owed = exposure.organisation_borrowings(unit, organisations)
        linked = _links(unit, organisations)
        found |= {-key: Standing(owed.get(key, NOTHING), linked.get(key, ())) for key in organisations}
    return found


def _hold(unit: Unit, table: Any, ids: Sequence[int]) -> None:
    """Lock rows in the order of their ids, so that nobody else lends to them meanwhile (2.2)."""
    if ids:
        chosen = select(table.c.id).where(among(unit.connection, table.c.id, ids)).order_by(table.c.id)
        unit.connection.execute(chosen.with_for_update()).all()


def _links(unit: Unit, organisation_ids: Sequence[int]) -> dict[int, list[Link]]:
    found: dict[int, list[Link]] = {}
    chosen = among(unit.connection, t.Link.__table__.c.organisation_id, organisation_ids)
    for row in unit.session.execute(select(t.Link).where(chosen).order_by(t.Link.id)).scalars():
        found.setdefault(row.organisation_id, []).append(checks.link_of(row))
    return found


def strangers(run: Run, number: int, row: Told, borrower: Borrower | None) -> list[tuple[str, Refusal]]:
    """What in a row is not as registered; nothing for the many rows in which all is."""
    if (
        borrower is not None
        and borrower.name == row.borrower_name
        and run.importer.has(borrower.county)
        and (
            (row.uscc is None and row.registry_no == borrower.code)
            or (row.uscc is not None and row.registry_no is None and row.id_card is None)
        )
    ):
        return []
    return list(_strange(run, number, row, borrower))


def _strange(run: Run, number: int, row: Told, borrower: Borrower | None) -> Iterator[tuple[str, Refusal]]:
    broken = number in run.table.broken
    if (row.registry_no is None) == (row.uscc is None):
        if row.uscc is not None or not broken:
            yield "registry_no", BorrowerUnclear(rule="2.1")
        return
    named = "registry_no" if row.uscc is None else "uscc"
    if row.uscc is None:
        yield from _strange_member(run, row, borrower, broken)
    elif row.id_card is not None:
        yield "id_card", IdCardNotExpected(rule="2.3")
    if row.uscc is not None and borrower is None:
        yield "uscc", OrganisationUnknown(rule="2.3", found=row.uscc)
    if borrower is None or borrower.code != (row.registry_no or row.uscc):
        return
    if row.borrower_name is not None and borrower.name != row.borrower_name:
        yield "borrower_name", BorrowerNameDiffers(rule="2.1")
    if not run.importer.has(borrower.county):
        yield named, CountyNotYours(found=borrower.county)


def _strange_member(run: Run, row: Told, borrower: Borrower | None, broken: bool) -> Iterator[tuple[str, Refusal]]:
    if row.id_card is None:
        if not broken:
            yield "id_card", CellEmpty()
        return
    if borrower is not None and borrower.code == row.registry_no:
        return
    try:
        check_id_card(row.id_card)
    except RuleViolation as refusal:
        yield "id_card", refusal
        return
    if row.registry_no in run.kept["registry_nos"]:
        yield "id_card", BorrowerNotMember(rule="2.1", found=mask_id_card(row.id_card))
    else:
        yield "registry_no", HouseholdUnknown(rule="2.1", found=row.registry_no)


def known_registry_nos(unit: Unit, registry_nos: Iterable[str]) -> set[str]:
    """Those registry numbers under which a household is registered."""
    h = _HOUSEHOLDS.c
    return set(
        unit.connection.execute(
            select(h.registry_no).where(among(unit.connection, h.registry_no, registry_nos))
        ).scalars()
    )
