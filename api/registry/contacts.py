"""The views of borrowers' contacts: the phone number and e-mail address of a household or an organisation."""

from typing import Any

from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Text
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body
from ledger.operations.registry import contacts
from ledger.operations.registry.contacts import Reached
from ledger.tables.borrowers import Household, Organisation
from ledger.unit_of_work import Unit

households = Blueprint("household_contacts", "/households", "联系方式: where a household is reached")
organisations = Blueprint("organisation_contacts", "/organisations", "联系方式: where an organisation is reached")


class ContactBody(Body):
    """联系方式, which replaces the recorded contact; null or an empty text removes a phone or an e-mail address."""

    phone = Text(most=20, least=0, load_default=None, allow_none=True)
    email = Text(most=254, least=0, load_default=None, allow_none=True)


class ContactAnswer(Answer):
    """联系方式"""

    phone = Text(most=20, required=True, allow_none=True)
    email = Text(most=254, required=True, allow_none=True)


@households.get("/<id:household_id>/contact", answer=ContactAnswer)
def of_household(session: Session, household_id: int) -> Reached:
    """Where a household is reached; for those who register borrowers."""
    edge.find(session, Household, household_id)
    return contacts.contact(session, household_id=household_id)


@households.post("/<id:household_id>/contact", body=ContactBody, answer=ContactAnswer)
def set_of_household(unit: Unit, household_id: int, **told: Any) -> Reached:
    """Keep where a household is reached."""
    edge.find(unit, Household, household_id)
    return contacts.set_contact(unit, household_id=household_id, **told)


@organisations.get("/<id:organisation_id>/contact", answer=ContactAnswer)
def of_organisation(session: Session, organisation_id: int) -> Reached:
    """Where an organisation is reached; for those who register borrowers."""
    edge.find(session, Organisation, organisation_id)
    return contacts.contact(session, organisation_id=organisation_id)


@organisations.post("/<id:organisation_id>/contact", body=ContactBody, answer=ContactAnswer)
def set_of_organisation(unit: Unit, organisation_id: int, **told: Any) -> Reached:
    """Keep where an organisation is reached."""
    edge.find(unit, Organisation, organisation_id)
    return contacts.set_contact(unit, organisation_id=organisation_id, **told)
