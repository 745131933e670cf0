"""The register of organisations (市场主体名册) with their links: each row has a link, or an organisation alone."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among, table_of, write_rows
from ledger.errors import Refusal, RuleViolation
from ledger.ids import new_ids
from ledger.imports.cells import CellEmpty
from ledger.imports.columns import AsRead, Numbered, OrganisationRow
from ledger.money import of_fen, plain
from ledger.operations.registry import borrowers
from ledger.operations.registry.borrowers import NewLink
from ledger.operations.sheets.import_run import Booked, RowTwice, Run, check_county, county_ids, differing
from ledger.operations.sheets.recorded import HouseholdUnknown
from ledger.queries.identifiers import stored_form
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

_ORGANISATIONS = table_of(t.Organisation)
_LINKS = table_of(t.Link)
_HOUSEHOLDS = table_of(t.Household)
_OF_LINK = ("link_kind", "amount", "starts_on", "ends_on")
_COLUMN_OF = {"link_amount": "amount", "link_ends_before_it_starts": "ends_on"}
"""The column that shows a refusal, by the refusal's code; every other refusal of a link is shown under link_kind."""


class OrganisationRowsDiffer(RuleViolation):
    code = "organisation_rows_differ"
    zh = "与第 {limit} 行同一主体，但内容不同"
    en = "the row says other than row {limit} of the same organisation"


class LinkWithoutHousehold(RuleViolation):
    code = "link_without_household"
    zh = "填写了带动关系，但未填带动户编号"
    en = "there is a link, but no household"


class CheckedOrganisation(NamedTuple):
    """A sheet row that registers a new organisation, a new link, or both.

    `organisation_id` is None where the row's organisation is new, and `household_id` is None where the row has no link.
    """

    row: OrganisationRow
    organisation_id: int | None
    household_id: int | None


class StoredOrganisation(NamedTuple):
    """A row of the table of organisations, column by column in the table's order."""

    id: int
    uscc: str
    name: str
    kind: str
    county: str
    import_id: int | None


class StoredLink(NamedTuple):
    """A row of the table of links, column by column in the table's order."""

    id: int
    organisation_id: int
    household_id: int | None
    kind: str | None
    fen: int | None
    starts_on: Any
    ends_on: Any


def check(unit: Unit, run: Run, rows: Sequence[Numbered]) -> None:
    """Check the rules of organisations and links (2.3) for every row.

    A row is ready to be registered, unchanged, or has a fault for every rule that the row breaks.
    """
    counties = county_ids(unit.session)
    placed = [(number, row._replace(county=check_county(run, number, row.county, counties))) for number, row in rows]
    households = _households(unit, {row.household for _, row in placed} - {None})
    firsts: dict[str, Numbered] = {}
    first_links: dict[Any, int] = {}
    for number, row in placed:
        for column, refusal in _refusals(unit, row, households):
            run.fault(number, column, refusal)
        _check_same(run, number, row, firsts.setdefault(row.uscc, (number, row)))
        identity = (row.uscc, row.household, row.link_kind, row.starts_on)
        if (first := first_links.setdefault(identity, number)) != number and row.uscc is not None:
            run.fault(number, "uscc", RowTwice(limit=first, found=row.uscc))
    _compare(unit, run, placed, households)


def _check_same(run: Run, number: int, row: AsRead, first: Numbered) -> None:
    """Add a fault for every column in which a row differs from the organisation's first row on the sheet."""
    for column in ("name", "kind", "county"):
        in_row, in_first = getattr(row, column), getattr(first[1], column)
        if row.uscc is not None and in_row != in_first and in_row is not None and in_first is not None:
            run.fault(number, column, OrganisationRowsDiffer(limit=first[0]))


def _refusals(unit: Unit, row: AsRead, households: dict[str, int]) -> Iterator[tuple[str, Refusal]]:
    if row.household is None:
        if any(getattr(row, column) is not None for column in _OF_LINK):
            yield "household", LinkWithoutHousehold(rule="2.3")
        return
    if row.household not in households:
        yield "household", HouseholdUnknown(rule="2.3", found=row.household)
    if row.link_kind is None or row.starts_on is None:
        yield from ((column, CellEmpty()) for column in ("link_kind", "starts_on") if getattr(row, column) is None)
        return
    for refusal in borrowers.link_faults(_link(row)):
        yield _COLUMN_OF.get(refusal.code, "link_kind"), refusal
    try:
        unit.not_future(row.starts_on, "starts_on")
    except RuleViolation as refusal:
        yield "starts_on", refusal


def _link(row: OrganisationRow) -> NewLink:
    """Return a row as the `NewLink` that the rules of links check; the rules do not need the household's id."""
    assert row.link_kind is not None
    assert row.starts_on is not None
    amount = None if row.amount is None else of_fen(row.amount)
    return NewLink(0, row.link_kind, amount, row.starts_on, row.ends_on)


def _households(unit: Unit, registry_nos: set[Any]) -> dict[str, int]:
    """Return the ids of registered households by registry number."""
    h = _HOUSEHOLDS.c
    number = stored_form(h.registry_no)
    query = select(number, h.id).where(among(unit.connection, number, registry_nos))
    return dict(unit.connection.execute(query).all())


def _compare(unit: Unit, run: Run, rows: Sequence[Numbered], households: dict[str, int]) -> None:
    """Compare rows with the registered organisations and links; rows with a new organisation or link become ready."""
    o, ln = _ORGANISATIONS.c, _LINKS.c
    chosen = among(unit.connection, o.uscc, {row.uscc for _, row in rows} - {None})
    organisations = {row.uscc: row for row in unit.connection.execute(select(_ORGANISATIONS).where(chosen))}
    ids = [row.id for row in organisations.values()]
    links = {
        (row.organisation_id, row.household_id, row.kind, row.starts_on): row
        for row in unit.connection.execute(select(_LINKS).where(among(unit.connection, ln.organisation_id, ids)))
    }
    for number, row in rows:
        if number in run.broken:
            continue
        household_id = None if row.household is None else households[row.household]
        recorded = organisations.get(row.uscc)
        if recorded is None:
            run.ready.append(CheckedOrganisation(row, None, household_id))
            continue
        in_row: dict[str, Any] = {"name": row.name, "kind": row.kind, "county": row.county}
        in_register: dict[str, Any] = {name: getattr(recorded, name) for name in in_row}
        link = links.get((recorded.id, household_id, row.link_kind, row.starts_on))
        if link is not None:
            in_row |= {"amount": _yuan(row.amount), "ends_on": row.ends_on}
            in_register |= {"amount": _yuan(link.fen), "ends_on": link.ends_on}
        if (refusal := differing(in_row, in_register)) is not None:
            run.fault(number, "uscc", refusal)
        elif household_id is None or link is not None:
            run.unchanged += 1
        else:
            run.ready.append(CheckedOrganisation(row, recorded.id, household_id))


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else plain(fen)


def book(unit: Unit, run: Run, chunk: Sequence[CheckedOrganisation]) -> Booked:
    """Register the organisations and links of a chunk.

    Organisations registered earlier are locked, because their limits depend on their links (2.4, 2.5).
    """
    registered = sorted({checked.organisation_id for checked in chunk if checked.organisation_id is not None})
    o = _ORGANISATIONS.c
    locked = select(o.id).where(among(unit.connection, o.id, registered)).order_by(o.id).with_for_update()
    unit.connection.execute(locked).all()
    if run.known is None:
        run.known = {}  # The ids of the organisations that this sheet registers, by credit code.
    made: dict[str, int] = run.known
    new = {checked.row.uscc: checked.row for checked in chunk if checked.organisation_id is None}
    new = {uscc: row for uscc, row in new.items() if uscc not in made}
    made.update(zip(new, new_ids(len(new)), strict=True))
    linked = [checked for checked in chunk if checked.household_id is not None]
    organisations = [
        StoredOrganisation(
            id=made[uscc], uscc=uscc, name=row.name, kind=row.kind, county=row.county, import_id=run.import_id
        )
        for uscc, row in new.items()
    ]
    links = [
        StoredLink(
            id=link_id,
            organisation_id=checked.organisation_id or made[checked.row.uscc],
            household_id=checked.household_id,
            kind=checked.row.link_kind,
            fen=checked.row.amount,
            starts_on=checked.row.starts_on,
            ends_on=checked.row.ends_on,
        )
        for link_id, checked in zip(new_ids(len(linked)), linked, strict=True)
    ]
    write_rows(unit.connection, {_ORGANISATIONS: organisations, _LINKS: links})
    return Booked(len(chunk))
