"""The views of borrowers, which are households and organisations; identity card numbers are always masked."""

from datetime import date
from typing import Any

from marshmallow.fields import List, Nested, String
from moneyed import Money
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Code, Day, Id, Identifier, PersonName, Text, Truth, Yuan
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from ledger.operations.registry import borrowers as operations
from ledger.operations.registry.borrowers import (
    CATEGORIES,
    LINK_KINDS,
    ORGANISATION_KINDS,
    NewHousehold,
    NewLink,
    Person,
)
from ledger.reports.registry import borrowers as reports
from ledger.reports.registry.borrowers import HouseholdShown, OrganisationShown
from ledger.tables.borrowers import Household, Organisation
from ledger.unit_of_work import Unit

MEMBERS_MAX = 30

households = Blueprint("households", "/households", "建档立卡贫困户: registered households and their members")
organisations = Blueprint("organisations", "/organisations", "市场主体: organisations and their links to households")


class MemberBody(Body):
    """家庭成员"""

    name = PersonName(most=60, required=True)
    id_card = Identifier(most=18, required=True)
    relation = Text(most=20, required=True)
    is_head = Truth(load_default=False)


class HouseholdBody(Body):
    """贫困户登记"""

    registry_no = Identifier(most=40, required=True)
    county = Code(required=True)
    town = Text(most=60, required=True)
    village = Text(most=60, required=True)
    category = Choice(*CATEGORIES, required=True)
    registered_on = Day(required=True)
    members = List(Nested(MemberBody), required=True, validate=lambda rows: 0 < len(rows) <= MEMBERS_MAX)


class HouseholdQuery(Query):
    """The query of households."""

    county = Code()
    town = Text(most=60)
    village = Text(most=60)
    category = Choice(*CATEGORIES)
    registry_no = Identifier(most=40)


class SearchBody(Body):
    """The searched card or name, sent in a body since an identity card number does not belong in an address."""

    id_card = Identifier(most=18)
    name = PersonName(most=60)
    registry_no = Identifier(most=40)


class MemberAnswer(Answer):
    """家庭成员"""

    id = Id(required=True)
    name = String(required=True)
    id_card = String(required=True)
    relation = String(required=True)
    is_head = Truth(required=True)


class HouseholdAnswer(Answer):
    """建档立卡贫困户"""

    id = Id(required=True)
    registry_no = String(required=True)
    county = Code(required=True)
    town = String(required=True)
    village = String(required=True)
    category = String(required=True)
    registered_on = Day(required=True)
    import_id = Id(required=True, allow_none=True)
    members = List(Nested(MemberAnswer), required=True)


class HouseholdMade(HouseholdAnswer):
    """A household registered by this request, with the codes of warnings."""

    warnings = List(String(), required=True)


class FoundAnswer(Answer):
    """The households that a search found, at most fifty."""

    items = List(Nested(HouseholdAnswer), required=True)


class OrganisationBody(Body):
    """市场主体登记"""

    uscc = Identifier(most=18, required=True)
    name = PersonName(most=120, required=True)
    kind = Choice(*ORGANISATION_KINDS, required=True)
    county = Code(required=True)


class OrganisationQuery(Query):
    """The query of organisations."""

    county = Code()
    kind = Choice(*ORGANISATION_KINDS)
    uscc = Identifier(most=18)


class LinkBody(Body):
    """带动关系登记"""

    household_id = Id(required=True)
    kind = Choice(*LINK_KINDS, required=True)
    amount = Yuan(allow_none=True, load_default=None)
    starts_on = Day(required=True)
    ends_on = Day(allow_none=True, load_default=None)


class LinkAnswer(Answer):
    """带动关系"""

    id = Id(required=True)
    household_id = Id(required=True)
    registry_no = String(required=True)
    kind = String(required=True)
    amount = Yuan(required=True, allow_none=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class OrganisationAnswer(Answer):
    """市场主体"""

    id = Id(required=True)
    uscc = String(required=True)
    name = String(required=True)
    kind = String(required=True)
    county = Code(required=True)
    import_id = Id(required=True, allow_none=True)
    links = List(Nested(LinkAnswer), required=True)


@households.post("", body=HouseholdBody, answer=HouseholdMade, status=201)
def register_household(unit: Unit, county: str, members: list[dict[str, Any]], **sent: Any) -> dict[str, Any]:
    """贫困户登记: a household with its members, one of them the head."""
    people = tuple(Person(**member) for member in members)
    made = operations.register_household(unit, NewHousehold(county=edge.county(unit, county), members=people, **sent))
    row = unit.session.get_one(Household, made.id)
    shown = reports.households_shown(unit.session, [row])[0]
    return {name: getattr(shown, name) for name in shown.__slots__} | {"warnings": list(made.warnings)}


@households.listing("", row=HouseholdAnswer, asks=HouseholdQuery)
def list_households(session: Session, **filters: Any) -> Listing:
    """Households in the asker's scope."""
    if "county" in filters:
        filters["county"] = edge.county(session, filters["county"])
    query = reports.chosen_households(**filters)
    return Listing(query, key=(Household.id,), show=reports.households_shown)


@households.get("/<id:household_id>", answer=HouseholdAnswer)
def show_household(session: Session, household_id: int) -> HouseholdShown:
    """A household with its members."""
    return reports.households_shown(session, [edge.find(session, Household, household_id)])[0]


@households.search("/search", body=SearchBody, answer=FoundAnswer)
def search(session: Session, **sent: Any) -> dict[str, Any]:
    """Households by a member's card or name, or by registry number."""
    return {"items": reports.search_households(session, **sent) if sent else []}


@organisations.post("", body=OrganisationBody, answer=OrganisationAnswer, status=201)
def register_organisation(unit: Unit, county: str, **sent: Any) -> OrganisationShown:
    """市场主体登记: an enterprise, a family farm or a cooperative."""
    made = operations.register_organisation(unit, county=edge.county(unit, county), **sent)
    return _organisation(unit.session, unit.session.get_one(Organisation, made.id))


@organisations.listing("", row=OrganisationAnswer, asks=OrganisationQuery)
def list_organisations(session: Session, **filters: Any) -> Listing:
    """Organisations in the asker's scope."""
    if "county" in filters:
        filters["county"] = edge.county(session, filters["county"])
    query = reports.chosen_organisations(**filters)
    return Listing(query, key=(Organisation.id,), show=reports.organisations_shown)


@organisations.get("/<id:organisation_id>", answer=OrganisationAnswer)
def show_organisation(session: Session, organisation_id: int) -> OrganisationShown:
    """An organisation with its links."""
    return _organisation(session, edge.find(session, Organisation, organisation_id))


@organisations.post("/<id:organisation_id>/links", body=LinkBody, answer=OrganisationAnswer, status=201)
def add_link(
    unit: Unit,
    organisation_id: int,
    household_id: int,
    kind: str,
    amount: Money | None,
    starts_on: date,
    ends_on: date | None,
) -> OrganisationShown:
    """带动关系登记: a dated link to a household; answers the organisation with all of them."""
    organisation = edge.find(unit, Organisation, organisation_id)
    edge.find(unit, Household, household_id)
    operations.add_link(unit, organisation_id, NewLink(household_id, kind, amount, starts_on, ends_on))
    return _organisation(unit.session, organisation)


def _organisation(session: Session, row: Organisation) -> OrganisationShown:
    return reports.organisations_shown(session, [row])[0]
