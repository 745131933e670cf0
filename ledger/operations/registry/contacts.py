"""Where borrowers are reached (联系方式): a phone number and an e-mail address each, as last told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from ledger.database import among, table_of, update_rows, write_rows
from ledger.errors import NotFound, RuleViolation
from ledger.ids import new_id, new_ids
from ledger.tables.borrowers import Household, Organisation
from ledger.tables.notices import Contact
from ledger.unit_of_work import Unit

_CONTACTS = table_of(Contact)
_PHONE = re.compile(r"\+?[0-9]{5,19}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_SEPARATORS = re.compile(r"[ ()-]")


class PhoneUnfit(RuleViolation):
    code = "phone_unfit"
    zh = "电话号码须为 5 至 19 位数字，可带“+”，收到 {length} 个字符"
    en = "a phone number is 5 to 19 digits, perhaps behind a plus; {length} characters were sent"


class EmailUnfit(RuleViolation):
    code = "email_unfit"
    zh = "电子邮箱须写作“用户名@域名”，收到 {length} 个字符"
    en = "an e-mail address looks like name@example.com; {length} characters were sent"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a borrower is reached; None where nowhere."""

    phone: str | None
    email: str | None


def set_contact(
    unit: Unit,
    *,
    household_id: int | None = None,
    organisation_id: int | None = None,
    phone: str | None = None,
    email: str | None = None,
) -> Reached:
    """Keep where a household or an organisation is reached, in place of what was told before.

    Raises NotFound, PhoneUnfit, EmailUnfit (which do not repeat what was sent: it is private).
    """
    assert (household_id is None) != (organisation_id is None)
    told = Reached(read_phone(phone), read_email(email))
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


def read_phone(text: str | None) -> str | None:
    """A phone number as it is kept; raises PhoneUnfit."""
    if not text:
        return None
    number = _SEPARATORS.sub("", text)
    if not _PHONE.fullmatch(number):
        raise PhoneUnfit(rule="contacts", length=len(text))
    return number


def read_email(text: str | None) -> str | None:
    """An e-mail address as it is kept; raises EmailUnfit."""
    if not text:
        return None
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise EmailUnfit(rule="contacts", length=len(text))
    return text


def set_all(unit: Unit, told: Mapping[str, Reached], counties: frozenset[str] = frozenset()) -> set[str]:
    """Keep where many borrowers are reached, by registry number or social credit code, with a handful of queries.

    Answers the numbers that nobody has, in these counties where some are named; nothing is kept of them.
    """
    connection, c = unit.connection, _CONTACTS.c
    households = _ids(unit, table_of(Household), "registry_no", told, counties)
    organisations = _ids(unit, table_of(Organisation), "uscc", told, counties)
    there: dict[tuple[int | None, int | None], int] = {}
    for column, ids in ((c.household_id, households), (c.organisation_id, organisations)):
        query = select(c.household_id, c.organisation_id, c.id).where(among(connection, column, ids.values()))
        there |= {(row[0], row[1]): row[2] for row in connection.execute(query)}
    who: dict[str, tuple[int | None, int | None]] = {number: (found, None) for number, found in households.items()}
    who |= {number: (None, found) for number, found in organisations.items()}
    new, changed = [], []
    for (number, borrower), contact_id in zip(who.items(), new_ids(len(who)), strict=True):
        values = (told[number].phone, told[number].email, unit.user, unit.recorded_at)
        if borrower in there:
            changed.append((*values, there[borrower]))
        else:
            new.append((contact_id, *borrower, *values))
    write_rows(connection, {_CONTACTS: new})
    update_rows(connection, _CONTACTS, ("phone", "email", "recorded_by", "recorded_at"), changed)
    return told.keys() - who.keys()


def _ids(unit: Unit, table: Table, name: str, told: Mapping[str, Reached], counties: frozenset[str]) -> dict[str, int]:
    """Return the ids of borrowers by the number in the column `name`, in these counties where some are named."""
    query = select(table.c[name], table.c.id).where(among(unit.connection, table.c[name], told))
    if counties:
        query = query.where(table.c.county.in_(sorted(counties)))
    return dict(unit.connection.execute(query).all())


def contact(session: Session, *, household_id: int | None = None, organisation_id: int | None = None) -> Reached:
    """Where a household or an organisation is reached, as last told."""
    own = Contact.organisation_id == organisation_id if household_id is None else Contact.household_id == household_id
    found = session.execute(select(Contact).where(own)).scalar()
    return Reached(None, None) if found is None else Reached(found.phone, found.email)
