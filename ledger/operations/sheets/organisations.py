"""The register of organisations (市场主体名册) with their links: a row a link, or the organisation alone."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import select

from ledger.database import among, write_rows
from ledger.errors import Refusal, RuleViolation
from ledger.ids import new_ids
from ledger.imports.cells import CellEmpty
from ledger.money import Fen, of_fen, plain
from ledger.operations.registry import borrowers
from ledger.operations.registry.borrowers import NewLink
from ledger.operations.sheets.borrowers import HouseholdUnknown
from ledger.operations.sheets.import_run import Booked, RowTwice, Run, Told, check_county, county_ids, differing
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

_ORGANISATIONS: Any = t.Organisation.__table__
_LINKS: Any = t.Link.__table__
_HOUSEHOLDS: Any = t.Household.__table__
_OF_LINK = ("link_kind", "amount", "starts_on", "ends_on")
_COLUMN_OF = {"link_amount": "amount", "link_ends_before_it_starts": "ends_on"}


class OrganisationRowsDiffer(RuleViolation):
    code = "organisation_rows_differ"
    zh = "与第 {limit} 行同一主体，但内容不同"
    en = "the row says other than row {limit} of the same organisation"


class LinkWithoutHousehold(RuleViolation):
    code = "link_without_household"
    zh = "填写了带动关系，但未填带动户编号"
    en = "there is a link, but no household"


class OrganisationRow(NamedTuple):
    """A row of the sheet, in the order of its columns; what could not be read is None."""

    uscc: str
    name: str
    kind: str
    county: str
    household: str | None
    link_kind: str | None
    amount: Fen | None
    starts_on: date | None
    ends_on: date | None


class Ready(NamedTuple):
    """A row that brings an organisation, a link, or both; `organisation_id` where it is registered already."""

    row: OrganisationRow
    organisation_id: int | None
    household_id: int | None


def check(unit: Unit, run: Run, places: range) -> None:
    """Ask each row what the desk asks (2.3); all rows at once."""
    table = run.table
    known = county_ids(unit.session)
    rows: list[tuple[int, Told]] = []
    for place in places:
        number, row = table.numbers[place], cast(Told, OrganisationRow._make(table.rows[place]))
        rows.append((number, row._replace(county=check_county(run, number, row.county, known))))
    households = _households(unit, {row.household for _, row in rows} - {None})
    firsts: dict[str, tuple[int, Told]] = {}
    seen: dict[Any, int] = {}
    for number, row in rows:
        for column, refusal in _refusals(unit, row, households):
            table.fault(number, column, refusal)
        _check_rows(run, number, row, firsts.setdefault(row.uscc, (number, row)))
        identity = (row.uscc, row.household, row.link_kind, row.starts_on)
        if (first := seen.setdefault(identity, number)) != number and row.uscc is not None:
            table.fault(number, "uscc", RowTwice(limit=first, found=row.uscc))
    _compare(unit, run, rows, households)


def _check_rows(run: Run, number: int, row: Told, first: tuple[int, Told]) -> None:
    for column in ("name", "kind", "county"):
        told, before = getattr(row, column), getattr(first[1], column)
        if row.uscc is not None and told != before and told is not None and before is not None:
            run.table.fault(number, column, OrganisationRowsDiffer(limit=first[0]))


def _refusals(unit: Unit, row: Told, households: dict[str, int]) -> Iterator[tuple[str, Refusal]]:
    if row.household is None:
        if any(getattr(row, column) is not None for column in _OF_LINK):
            yield "household", LinkWithoutHousehold(rule="2.3")
        return
    if row.household not in households:
        yield "household", HouseholdUnknown(rule="2.3", found=row.household)
    if row.link_kind is None or row.starts_on is None:
        yield from ((column, CellEmpty()) for column in ("link_kind", "starts_on") if getattr(row, column) is None)
        return
    for refusal in borrowers.link_faults(_link(row, 0)):
        yield _COLUMN_OF.get(refusal.code, "link_kind"), refusal
    try:
        unit.not_future(row.starts_on, "starts_on")
    except RuleViolation as refusal:
        yield "starts_on", refusal


def _link(row: OrganisationRow, household_id: int) -> NewLink:
    assert row.link_kind is not None
    assert row.starts_on is not None
    amount = None if row.amount is None else of_fen(row.amount)
    return NewLink(household_id, row.link_kind, amount, row.starts_on, row.ends_on)


def _households(unit: Unit, registry_nos: set[Any]) -> dict[str, int]:
    h = _HOUSEHOLDS.c
    query = select(h.registry_no, h.id).where(among(unit.connection, h.registry_no, registry_nos))
    return dict(unit.connection.execute(query).all())


def _compare(unit: Unit, run: Run, rows: Sequence[tuple[int, Told]], households: dict[str, int]) -> None:
    """With the organisations and links that are registered already: the same is left, the new made ready."""
    o, ln = _ORGANISATIONS.c, _LINKS.c
    chosen = among(unit.connection, o.uscc, {row.uscc for _, row in rows} - {None})
    organisations = {row.uscc: row for row in unit.connection.execute(select(_ORGANISATIONS).where(chosen))}
    ids = [row.id for row in organisations.values()]
    links = {
        (row.organisation_id, row.household_id, row.kind, row.starts_on): row
        for row in unit.connection.execute(select(_LINKS).where(among(unit.connection, ln.organisation_id, ids)))
    }
    for number, row in rows:
        if number in run.table.broken:
            continue
        household = None if row.household is None else households[row.household]
        recorded = organisations.get(row.uscc)
        if recorded is None:
            run.ready.append(Ready(row, None, household))
            continue
        told: dict[str, Any] = {"name": row.name, "kind": row.kind, "county": row.county}
        stands: dict[str, Any] = {name: getattr(recorded, name) for name in told}
        link = links.get((recorded.id, household, row.link_kind, row.starts_on))
        if link is not None:
            told |= {"amount": _yuan(row.amount), "ends_on": row.ends_on}
            stands |= {"amount": _yuan(link.fen), "ends_on": link.ends_on}
        if (refusal := differing(told, stands)) is not None:
            run.table.fault(number, "uscc", refusal)
        elif household is None or link is not None:
            run.unchanged += 1
        else:
            run.ready.append(Ready(row, recorded.id, household))


def _yuan(fen: int | None) -> Any:
    return None if fen is None else plain(fen)


def book(unit: Unit, run: Run, chunk: Sequence[Ready]) -> Booked:
    """Register a chunk's organisations and links; those registered already are held, their limits rest on links."""
    old = sorted({each.organisation_id for each in chunk if each.organisation_id is not None})
    o = _ORGANISATIONS.c
    held = select(o.id).where(among(unit.connection, o.id, old)).order_by(o.id).with_for_update()
    unit.connection.execute(held).all()
    made: dict[str, int] = run.kept.setdefault("made", {})
    new = {each.row.uscc: each.row for each in chunk if each.organisation_id is None and each.row.uscc not in made}
    made.update(zip(new, new_ids(len(new)), strict=True))
    linked = [each for each in chunk if each.household_id is not None]
    write_rows(
        unit.connection,
        {
            _ORGANISATIONS: [
                (made[uscc], uscc, row.name, row.kind, row.county, run.import_id) for uscc, row in new.items()
            ],
            _LINKS: [
                (
                    link,
                    each.organisation_id or made[each.row.uscc],
                    each.household_id,
                    each.row.link_kind,
                    each.row.amount,
                    each.row.starts_on,
                    each.row.ends_on,
                )
                for link, each in zip(new_ids(len(linked)), linked, strict=True)
            ],
        },
    )
    return Booked(len(chunk))
