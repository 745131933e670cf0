"""The register of households (建档立卡贫困户名册): a row a member, registered whole or not at all."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import select

from ledger.database import among, write_rows
from ledger.errors import Refusal, RuleViolation
from ledger.ids import new_ids
from ledger.operations.registry.borrowers import HeadsNotOne, IdCardTaken
from ledger.operations.sheets.import_run import (
    Booked,
    RowDiffers,
    RowTwice,
    Run,
    Told,
    check_county,
    county_ids,
    differing,
)
from ledger.policy.identity import IdCard, mask_id_card
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

_HOUSEHOLDS: Any = t.Household.__table__
_MEMBERS: Any = t.Member.__table__
_OF_HOUSEHOLD = ("county", "town", "village", "category", "registered_on")

HEADS = frozenset({"户主", "本人", "本人或户主", "户主本人", "head"})
"""与户主关系 of the head of a household."""


class HouseholdRowsDiffer(RuleViolation):
    code = "household_rows_differ"
    zh = "与第 {limit} 行同一户，但内容不同"
    en = "the row says other than row {limit} of the same household"


class HouseholdRow(NamedTuple):
    """A row of the sheet, in the order of its columns; what could not be read is None."""

    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: date
    name: str
    id_card: IdCard
    relation: str


Members = list[tuple[int, Told]]


def check(unit: Unit, run: Run, places: range) -> None:
    """Gather the rows by household, and ask each what the desk asks (2.1); all rows at once."""
    table = run.table
    known = county_ids(unit.session)
    homes: dict[str, Members] = {}
    cards: dict[str, int] = {}
    for place in places:
        number, row = table.numbers[place], cast(Told, HouseholdRow._make(table.rows[place]))
        row = row._replace(county=check_county(run, number, row.county, known))
        for column, refusal in _refusals(unit, number, row, cards):
            table.fault(number, column, refusal)
        if row.registry_no is not None:
            homes.setdefault(row.registry_no, []).append((number, row))
    for members in homes.values():
        _check_household(run, members)
    _compare(unit, run, homes)


def _refusals(unit: Unit, number: int, row: Told, cards: dict[str, int]) -> Iterator[tuple[str, Refusal]]:
    if row.registered_on is not None:
        try:
            unit.not_future(row.registered_on, "registered_on")
        except RuleViolation as refusal:
            yield "registered_on", refusal
    if row.id_card is not None and (first := cards.setdefault(row.id_card.number, number)) != number:
        yield "id_card", RowTwice(limit=first, found=mask_id_card(row.id_card.number))


def _check_household(run: Run, members: Members) -> None:
    first, head = members[0]
    for number, row in members[1:]:
        for column in _OF_HOUSEHOLD:
            told, before = getattr(row, column), getattr(head, column)
            if told != before and told is not None and before is not None:
                run.table.fault(number, column, HouseholdRowsDiffer(limit=first))
    heads = sum(row.relation in HEADS for _, row in members)
    if heads != 1 and all(row.relation is not None for _, row in members):
        run.table.fault(first, "relation", HeadsNotOne(rule="2.1", limit=1, found=heads))


def _compare(unit: Unit, run: Run, homes: dict[str, Members]) -> None:
    """With what is registered under the same numbers, and where the persons are registered already."""
    recorded = _recorded(unit, homes)
    cards = {row.id_card.number for members in homes.values() for _, row in members if row.id_card is not None}
    taken = _taken(unit, cards)
    for registry_no, members in homes.items():
        for number, row in members:
            if row.id_card is not None and taken.get(row.id_card.number, registry_no) != registry_no:
                found = mask_id_card(row.id_card.number)
                run.table.fault(number, "id_card", IdCardTaken(rule="2.1", limit=1, found=found))
        if any(number in run.table.broken for number, _ in members):
            continue
        if registry_no not in recorded:
            run.ready.append(members)
        elif (refusal := _differing(members, recorded[registry_no])) is not None:
            run.table.fault(members[0][0], "registry_no", refusal)
        else:
            run.unchanged += len(members)


def _differing(members: Members, recorded: dict[str, Any]) -> RowDiffers | None:
    row = members[0][1]
    told = {column: getattr(row, column) for column in _OF_HOUSEHOLD}
    told["members"] = {(row.name, row.id_card.number, row.relation) for _, row in members}
    return differing(told, recorded)


def _recorded(unit: Unit, homes: dict[str, Members]) -> dict[str, dict[str, Any]]:
    h, m = _HOUSEHOLDS.c, _MEMBERS.c
    query = (
        select(h.registry_no, *(h[name] for name in _OF_HOUSEHOLD), m.name, m.id_card, m.relation)
        .join(_MEMBERS, m.household_id == h.id)
        .where(among(unit.connection, h.registry_no, homes))
    )
    found: dict[str, dict[str, Any]] = {}
    for registry_no, county, town, village, category, registered_on, *member in unit.connection.execute(query):
        of_household = (county, town, village, category, registered_on)
        home = found.setdefault(registry_no, dict(zip(_OF_HOUSEHOLD, of_household, strict=True)) | {"members": set()})
        home["members"].add(tuple(member))
    return found


def _taken(unit: Unit, cards: set[str]) -> dict[str, str]:
    """In which household those are registered who are."""
    h, m = _HOUSEHOLDS.c, _MEMBERS.c
    query = select(m.id_card, h.registry_no).join(_HOUSEHOLDS, h.id == m.household_id)
    return dict(unit.connection.execute(query.where(among(unit.connection, m.id_card, cards))).all())


def parts(run: Run, most: int) -> Iterator[Sequence[Members]]:
    """Whole households."""
    part: list[Members] = []
    rows = 0
    for members in run.ready:
        if part and rows + len(members) > most:
            yield part
            part, rows = [], 0
        part.append(members)
        rows += len(members)
    if part:
        yield part


def book(unit: Unit, run: Run, chunk: Sequence[Members]) -> Booked:
    """Register a chunk's households with their members."""
    ids = new_ids(len(chunk))
    rows = [(household, row) for household, members in zip(ids, chunk, strict=True) for _, row in members]
    write_rows(
        unit.connection,
        {
            _HOUSEHOLDS: [
                (
                    household,
                    row.registry_no,
                    row.county,
                    row.town,
                    row.village,
                    row.category,
                    row.registered_on,
                    run.import_id,
                )
                for household, [(_, row), *_] in zip(ids, chunk, strict=True)
            ],
            _MEMBERS: [
                (
                    member,
                    household,
                    row.name,
                    row.id_card.number,
                    row.id_card.born_on,
                    row.relation,
                    row.relation in HEADS,
                )
                for member, (household, row) in zip(new_ids(len(rows)), rows, strict=True)
            ],
        },
    )
    return Booked(len(rows))
