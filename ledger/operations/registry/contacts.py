"""The contact data of borrowers (联系方式): the phone number and the e-mail address that each borrower gave last."""

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
    """A borrower's phone number and e-mail address; a field is None where the borrower has not given a value."""

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
    """Store the phone number and e-mail address of a household or an organisation, and overwrite earlier contact data.

    Raise NotFound, PhoneUnfit, EmailUnfit. PhoneUnfit and EmailUnfit do not repeat the refused text, because contact
    data is private.
    """
    assert (household_id is None) != (organisation_id is None)
    reached = Reached(read_phone(phone), read_email(email))
    kind: type[Household | Organisation] = Organisation if household_id is None else Household
    borrower = organisation_id if household_id is None else household_id
    if unit.session.get(kind, borrower, with_for_update=True) is None:
        raise NotFound(what=kind.__name__.lower(), id=str(borrower))
    own = Contact.organisation_id == borrower if household_id is None else Contact.household_id == borrower
    contact = unit.session.execute(select(Contact).where(own)).scalar()
    if contact is None:
        contact = Contact(id=new_id(), household_id=household_id, organisation_id=organisation_id)
        unit.session.add(contact)
    contact.phone, contact.email = reached.phone, reached.email
    contact.recorded_by, contact.recorded_at = unit.user, unit.recorded_at
    unit.session.flush()
    return reached


def read_phone(text: str | None) -> str | None:
    """Return a phone number without spaces, brackets and dashes; raise PhoneUnfit where the text is no phone number."""
    if not text:
        return None
    number = _SEPARATORS.sub("", text)
    if not _PHONE.fullmatch(number):
        raise PhoneUnfit(rule="contacts", length=len(text))
    return number


def read_email(text: str | None) -> str | None:
    """Return an e-mail address; raise EmailUnfit where the text is no e-mail address."""
    if not text:
        return None
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise EmailUnfit(rule="contacts", length=len(text))
    return text


def set_all(unit: Unit, contacts: Mapping[str, Reached], counties: frozenset[str] = frozenset()) -> set[str]:
    """Store contact data of many borrowers, by registry number or credit code, with a fixed number of queries.

    Return the registry numbers and credit codes that belong to no borrower, or to no borrower in `counties` if
    `counties` is given. Contact data is not stored for the numbers and codes that are returned.
    """
    connection, c = unit.connection, _CONTACTS.c
    households = _ids(unit, table_of(Household), "registry_no", contacts, counties)
    organisations = _ids(unit, table_of(Organisation), "uscc", contacts, counties)
    contact_ids: dict[tuple[int | None, int | None], int] = {}
    for column, ids in ((c.household_id, households), (c.organisation_id, organisations)):
        query = select(c.household_id, c.organisation_id, c.id).where(among(connection, column, ids.values()))
        contact_ids |= {(row[0], row[1]): row[2] for row in connection.execute(query)}
    borrowers: dict[str, tuple[int | None, int | None]] = {
        number: (borrower_id, None) for number, borrower_id in households.items()
    }
    borrowers |= {number: (None, borrower_id) for number, borrower_id in organisations.items()}
    new, changed = [], []
    for (number, borrower), contact_id in zip(borrowers.items(), new_ids(len(borrowers)), strict=True):
        values = (contacts[number].phone, contacts[number].email, unit.user, unit.recorded_at)
        if borrower in contact_ids:
            changed.append((*values, contact_ids[borrower]))
        else:
            new.append((contact_id, *borrower, *values))
    write_rows(connection, {_CONTACTS: new})
    update_rows(connection, _CONTACTS, ("phone", "email", "recorded_by", "recorded_at"), changed)
    return contacts.keys() - borrowers.keys()


def _ids(
    unit: Unit, table: Table, name: str, numbers: Mapping[str, Reached], counties: frozenset[str]
) -> dict[str, int]:
    """Return the ids of borrowers by the value of their column `name`, limited to `counties` where given."""
    query = select(table.c[name], table.c.id).where(among(unit.connection, table.c[name], numbers))
    if counties:
        query = query.where(table.c.county.in_(sorted(counties)))
    return dict(unit.connection.execute(query).all())


def contact(session: Session, *, household_id: int | None = None, organisation_id: int | None = None) -> Reached:
    """Return the contact data of a household or an organisation."""
    own = Contact.organisation_id == organisation_id if household_id is None else Contact.household_id == household_id
    row = session.execute(select(Contact).where(own)).scalar()
    return Reached(None, None) if row is None else Reached(row.phone, row.email)
