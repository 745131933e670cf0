"""Reports of borrowers with masked identity cards: households with members, organisations with links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ledger.database import among, table_of
from ledger.money import Fen
from ledger.policy.identity import mask_id_card
from ledger.tables.borrowers import Household, Link, Member, Organisation


@dataclass(frozen=True, slots=True)
class MemberShown:
    """A member of a household, with a masked identity card."""

    id: int
    name: str
    id_card: str
    relation: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class HouseholdShown:
    """A registered poor household (建档立卡贫困户) with its members."""

    id: int
    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: date
    import_id: int | None
    members: tuple[MemberShown, ...]


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link of an organisation to a household (带动关系)."""

    id: int
    household_id: int
    registry_no: str
    kind: str
    amount: Fen | None
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class OrganisationShown:
    """An organisation (市场主体) with its links."""

    id: int
    uscc: str
    name: str
    kind: str
    county: str
    import_id: int | None
    links: tuple[LinkShown, ...]


def chosen_households(**filters: Any) -> Select[Household]:
    """Return a query for households by county, town, village, category or registry_no; a filter of None is ignored."""
    query = select(Household)
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Household, name) == value)
    return query


def chosen_organisations(**filters: Any) -> Select[Organisation]:
    """Return a query for organisations by county, kind or uscc; a filter of None is ignored."""
    query = select(Organisation)
    for name, value in filters.items():
        if value is not None:
            query = query.where(getattr(Organisation, name) == value)
    return query


def search_households(
    session: Session,
    *,
    id_card: str | None = None,
    name: str | None = None,
    registry_no: str | None = None,
    limit: int = 50,
) -> list[HouseholdShown]:
    """Return the households that match every given value: an identity card, a name or a registry number."""
    query = select(Household).order_by(Household.id).limit(limit)
    if registry_no is not None:
        query = query.where(Household.registry_no == registry_no)
    if id_card is not None or name is not None:
        member = select(Member.id).where(Member.household_id == Household.id)
        if id_card is not None:
            member = member.where(Member.id_card == id_card.upper())
        if name is not None:
            member = member.where(Member.name == name)
        query = query.where(member.exists())
    return households_shown(session, session.execute(query).scalars().all())


def households_shown(session: Session, rows: Sequence[Household]) -> list[HouseholdShown]:
    """Return households with their members, the head first; one query is enough for any number of households."""
    members: dict[int, list[MemberShown]] = {row.id: [] for row in rows}
    column = table_of(Member).c.household_id
    query = select(Member).where(among(session.connection(), column, members))
    for member in session.execute(query.order_by(Member.is_head.desc(), Member.id)).scalars():
        members[member.household_id].append(
            MemberShown(member.id, member.name, mask_id_card(member.id_card), member.relation, member.is_head)
        )
    return [
        HouseholdShown(
            row.id,
            row.registry_no,
            row.county,
            row.town,
            row.village,
            row.category,
            row.registered_on,
            row.import_id,
            tuple(members[row.id]),
        )
        for row in rows
    ]


def organisations_shown(session: Session, rows: Sequence[Organisation]) -> list[OrganisationShown]:
    """Return organisations with their links; one query is enough for any number of organisations."""
    links = links_shown(session, [row.id for row in rows])
    return [
        OrganisationShown(row.id, row.uscc, row.name, row.kind, row.county, row.import_id, tuple(links.get(row.id, ())))
        for row in rows
    ]


def links_shown(session: Session, organisation_ids: Sequence[int]) -> Mapping[int, list[LinkShown]]:
    """Return the links of organisations by organisation id.

    Of a linked household, only the registry number is shown, because the household may be outside the user's county.
    """
    link, household = table_of(Link).c, table_of(Household).c
    query = (
        select(
            link.id,
            link.organisation_id,
            link.household_id,
            household.registry_no,
            link.kind,
            link.fen,
            link.starts_on,
            link.ends_on,
        )
        .join(table_of(Household), household.id == link.household_id)
        .where(among(session.connection(), link.organisation_id, organisation_ids))
        .order_by(link.organisation_id, link.starts_on, link.id)
    )
    links: dict[int, list[LinkShown]] = {}
    for row in session.connection().execute(query):
        amount = None if row.fen is None else Fen(row.fen)
        links.setdefault(row.organisation_id, []).append(
            LinkShown(row.id, row.household_id, row.registry_no, row.kind, amount, row.starts_on, row.ends_on)
        )
    return links
