"""Where borrowers are reached (联系方式): a phone number and an e-mail address each, as last told."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.errors import NotFound, RuleViolation
from ledger.ids import new_id
from ledger.tables.notices import Contact
from ledger.tables.parties import Household, Organisation
from ledger.unit import Unit

_PHONE = re.compile(r"\+?[0-9]{5,19}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_SEPARATORS = re.compile(r"[ ()-]")


class PhoneUnfit(RuleViolation):
    code = "phone_unfit"
    zh = "电话号码须为 5 至 19 位数字，可带“+”，收到 {length} 个字符"
    en = "a phone number is 5 to 19 digits, perhaps behind a plus; {length} characters were sent"


class EmailUnfit(RuleViolation):
    code = "email_unfit"
    zh = "电子邮箱须形如 name@example.com，收到 {length} 个字符"
    en = "an e-mail address looks like name@example.com; {length} characters were sent"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a borrower is reached; None where nowhere."""

    phone: str | None
    email: str | None


def set_contact(
    unit: Unit, *, household_id: int | None = None, organisation_id: int | None = None,
    phone: str | None = None, email: str | None = None,
) -> Reached:  # fmt: skip
    """Keep where a household or an organisation is reached, in place of what was told before.

    Raises NotFound, PhoneUnfit, EmailUnfit (which do not repeat what was sent: it is private).
    """
    assert (household_id is None) != (organisation_id is None)
    told = Reached(_phone(phone), _email(email))
    kind: type[Household | Organisation] = Organisation if household_id is None else Household
    borrower = organisation_id if household_id is None else household_id
    if unit.session.get(kind, borrower, with_for_update=True) is None:
        raise NotFound(what=kind.__name__.lower(), id=str(borrower))
    own = Contact.organisation_id == borrower if household_id is None else Contact.household_id == borrower
    contact = unit.session.execute(select(Contact).where(own)).scalar()
    if contact is None:
        contact = Contact(id=new_id(), household_id=household_id, organisation_id=organisation_id)
        unit.session.add(contact)
    contact.phone, contact.email = told.phone, told.email
    contact.recorded_by, contact.recorded_at = unit.user, unit.recorded_at
    unit.session.flush()
    return told


def _phone(text: str | None) -> str | None:
    if not text:
        return None
    number = _SEPARATORS.sub("", text)
    if not _PHONE.fullmatch(number):
        raise PhoneUnfit(rule="contacts", length=len(text))
    return number


def _email(text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise EmailUnfit(rule="contacts", length=len(text))
    return text


def contact(
    session: Session, *, household_id: int | None = None, organisation_id: int | None = None
) -> Reached:  # fmt: skip
    """Where a household or an organisation is reached, as last told."""
    own = Contact.organisation_id == organisation_id if household_id is None else Contact.household_id == household_id
    found = session.execute(select(Contact).where(own)).scalar()
    return Reached(None, None) if found is None else Reached(found.phone, found.email)
