"""The register of households (建档立卡贫困户名册): a sheet with one row for each member, stored whole or not at all."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among, table_of, write_rows
from ledger.errors import Refusal, RuleViolation
from ledger.ids import new_ids
from ledger.imports.columns import AsRead, HouseholdRow, Numbered
from ledger.operations.registry.borrowers import HeadsNotOne, IdCardTaken
from ledger.operations.sheets.import_run import (
    Booked,
    RowDiffers,
    RowTwice,
    Run,
    check_county,
    county_ids,
    differing,
)
from ledger.policy.identity import mask_id_card
from ledger.queries.identifiers import stored_form
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

_HOUSEHOLDS = table_of(t.Household)
_MEMBERS = table_of(t.Member)
_OF_HOUSEHOLD = ("county", "town", "village", "category", "registered_on")

HEADS = frozenset({"户主", "本人", "本人或户主", "户主本人", "head"})
"""The words for the head of a household in the column relation (与户主关系)."""


class HouseholdRowsDiffer(RuleViolation):
    code = "household_rows_differ"
    zh = "与第 {limit} 行同一户，但内容不同"
    en = "the row says other than row {limit} of the same household"


class StoredHousehold(NamedTuple):
    """A row of the table of households, column by column in the table's order."""

    id: int
    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: Any
    import_id: int | None


class StoredMember(NamedTuple):
    """A row of the table of members, column by column in the table's order."""

    id: int
    household_id: int
    name: str
    id_card: str
    born_on: Any
    relation: str
    is_head: bool


Members = list[Numbered]
"""The rows of one household, in the order of the sheet."""


def check(unit: Unit, run: Run, rows: Sequence[Numbered]) -> None:
    """Gather the rows of each household, and check the rules of households and members (2.1).

    A household is ready to be registered, unchanged, or has a fault for every rule that a row breaks.
    """
    counties = county_ids(unit.session)
    households: dict[str, Members] = {}
    first_rows: dict[str, int] = {}
    for number, told in rows:
        row = told._replace(county=check_county(run, number, told.county, counties))
        for column, refusal in _refusals(unit, number, row, first_rows):
            run.fault(number, column, refusal)
        if row.registry_no is not None:
            households.setdefault(row.registry_no, []).append((number, row))
    for members in households.values():
        _check_household(run, members)
    _compare(unit, run, households)


def _refusals(unit: Unit, number: int, row: AsRead, first_rows: dict[str, int]) -> Iterator[tuple[str, Refusal]]:
    if row.registered_on is not None:
        try:
            unit.not_future(row.registered_on, "registered_on")
        except RuleViolation as refusal:
            yield "registered_on", refusal
    if row.id_card is not None and (first := first_rows.setdefault(row.id_card.number, number)) != number:
        yield "id_card", RowTwice(limit=first, found=mask_id_card(row.id_card.number))


def _check_household(run: Run, members: Members) -> None:
    """Add faults where the rows of a household differ, and where the household has not exactly one head."""
    first_number, first = members[0]
    for number, row in members[1:]:
        for column in _OF_HOUSEHOLD:
            in_row, in_first = getattr(row, column), getattr(first, column)
            if in_row != in_first and in_row is not None and in_first is not None:
                run.fault(number, column, HouseholdRowsDiffer(limit=first_number))
    heads = sum(row.relation in HEADS for _, row in members)
    if heads != 1 and all(row.relation is not None for _, row in members):
        run.fault(first_number, "relation", HeadsNotOne(rule="2.1", limit=1, found=heads))


def _compare(unit: Unit, run: Run, households: dict[str, Members]) -> None:
    """Compare households with the registered households of the same numbers; find members of other households."""
    recorded = _recorded(unit, households)
    cards = {row.id_card.number for members in households.values() for _, row in members if row.id_card is not None}
    registered_in = _households_of(unit, cards)
    for registry_no, members in households.items():
        for number, row in members:
            if row.id_card is not None and registered_in.get(row.id_card.number, registry_no) != registry_no:
                card = mask_id_card(row.id_card.number)
                run.fault(number, "id_card", IdCardTaken(rule="2.1", limit=1, found=card))
        if any(number in run.broken for number, _ in members):
            continue
        if registry_no not in recorded:
            run.ready.append(members)
        elif (refusal := _differing(members, recorded[registry_no])) is not None:
            run.fault(members[0][0], "registry_no", refusal)
        else:
            run.unchanged += len(members)


def _differing(members: Members, recorded: dict[str, Any]) -> RowDiffers | None:
    first = members[0][1]
    in_sheet = {column: getattr(first, column) for column in _OF_HOUSEHOLD}
    in_sheet["members"] = {(row.name, row.id_card.number, row.relation) for _, row in members}
    return differing(in_sheet, recorded)


def _recorded(unit: Unit, registry_nos: dict[str, Members]) -> dict[str, dict[str, Any]]:
    """Return the registered households by registry number, each with the set of its members."""
    h, m = _HOUSEHOLDS.c, _MEMBERS.c
    number = stored_form(h.registry_no)
    query = (
        select(number, *(h[name] for name in _OF_HOUSEHOLD), m.name, m.id_card, m.relation)
        .join(_MEMBERS, m.household_id == h.id)
        .where(among(unit.connection, number, registry_nos))
    )
    recorded: dict[str, dict[str, Any]] = {}
    for registry_no, county, town, village, category, registered_on, *member in unit.connection.execute(query):
        columns = zip(_OF_HOUSEHOLD, (county, town, village, category, registered_on), strict=True)
        household = recorded.setdefault(registry_no, dict(columns) | {"members": set()})
        household["members"].add(tuple(member))
    return recorded


def _households_of(unit: Unit, cards: set[str]) -> dict[str, str]:
    """Return the registry numbers of the households of registered persons, keyed by identity-card number."""
    h, m = _HOUSEHOLDS.c, _MEMBERS.c
    query = select(m.id_card, stored_form(h.registry_no)).join(_HOUSEHOLDS, h.id == m.household_id)
    return dict(unit.connection.execute(query.where(among(unit.connection, m.id_card, cards))).all())


def chunks(ready: Sequence[Members], most: int) -> Iterator[Sequence[Members]]:
    """Yield chunks of at most `most` rows; the members of a household are never split over chunks."""
    chunk: list[Members] = []
    rows = 0
    for members in ready:
        if chunk and rows + len(members) > most:
            yield chunk
            chunk, rows = [], 0
        chunk.append(members)
        rows += len(members)
    if chunk:
        yield chunk


def book(unit: Unit, run: Run, chunk: Sequence[Members]) -> Booked:
    """Register the households of a chunk with their members."""
    ids = new_ids(len(chunk))
    members: list[tuple[int, HouseholdRow]] = [
        (household_id, row) for household_id, rows in zip(ids, chunk, strict=True) for _, row in rows
    ]
    households = [
        StoredHousehold(
            id=household_id,
            registry_no=row.registry_no,
            county=row.county,
            town=row.town,
            village=row.village,
            category=row.category,
            registered_on=row.registered_on,
            import_id=run.import_id,
        )
        for household_id, [(_, row), *_] in zip(ids, chunk, strict=True)
    ]
    persons = [
        StoredMember(
            id=member_id,
            household_id=household_id,
            name=row.name,
            id_card=row.id_card.number,
            born_on=row.id_card.born_on,
            relation=row.relation,
            is_head=row.relation in HEADS,
        )
        for member_id, (household_id, row) in zip(new_ids(len(members)), members, strict=True)
    ]
    write_rows(unit.connection, {_HOUSEHOLDS: households, _MEMBERS: persons})
    return Booked(len(members))
