"""Registration of borrowers: households with their members, organisations with their links to households."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from moneyed import Money
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ledger.database import among, table_of
from ledger.errors import NotFound, RuleViolation
from ledger.ids import new_id, new_ids
from ledger.money import ZERO, to_fen
from ledger.policy.identifiers import identifier
from ledger.policy.identity import check_id_card, check_uscc, mask_id_card
from ledger.queries import reference
from ledger.queries.identifiers import stored_form
from ledger.tables import borrowers as t
from ledger.unit_of_work import Unit

CATEGORIES = ("general", "working_subsistence", "subsistence", "five_guarantees")
"""The categories of a household: 一般贫困户、扶贫低保户、低保户、五保户."""

ORGANISATION_KINDS = ("enterprise", "family_farm", "cooperative")
"""The kinds of an organisation: 企业、家庭农场、合作组织."""

LINK_KINDS = ("investment", "employment", "agreement")
"""The kinds of a link between an organisation and a household: 投入、就业、协议."""


class RegistryNoTaken(RuleViolation):
    code = "registry_no_taken"
    zh = "建档立卡编号 {found:text} 已登记"
    en = "the registry number {found:text} is registered already"


class IdCardTaken(RuleViolation):
    code = "id_card_taken"
    zh = "身份证号 {found:text} 已登记在某一户，一人只属于一户"
    en = "the identity card {found:text} is registered in a household already; a person belongs to one"


class HeadsNotOne(RuleViolation):
    code = "heads_not_one"
    zh = "每户须有且仅有 {limit} 名户主，填报 {found} 名"
    en = "a household has {limit} head, {found} are given"


class UnknownKind(RuleViolation):
    code = "unknown_kind"
    zh = "{field} 不能为 {found:text}，须为：{limit:one_of}"
    en = "{field} cannot be {found:text}; it is one of: {limit:one_of}"


class UsccTaken(RuleViolation):
    code = "uscc_taken"
    zh = "统一社会信用代码 {found:text} 已登记"
    en = "the social credit code {found:text} is registered already"


class LinkTaken(RuleViolation):
    code = "link_taken"
    zh = "该带动关系（{kind:link_kind}，自 {found} 起）已登记"
    en = "this link ({kind:link_kind}, from {found}) is recorded already"


class LinkAmount(RuleViolation):
    code = "link_amount"
    zh = "投入类带动关系须填大于零的金额，其他类不填：{found}"
    en = "a link by investment has an amount above zero, others have none: {found}"


class LinkEnds(RuleViolation):
    code = "link_ends_before_it_starts"
    zh = "带动关系截止日 {found} 早于起始日 {limit}"
    en = "the link ends on {found}, before it starts on {limit}"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a household as given by a user; the identity card is not checked yet."""

    name: str
    id_card: str
    relation: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household (建档立卡贫困户) to be registered; `county` is a present or a retired county code."""

    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: date
    members: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """The id of a registered borrower or link, and the codes of warnings."""

    id: int
    warnings: tuple[str, ...] = ()


def household_faults(new: NewHousehold) -> Iterator[RuleViolation]:
    """Return every fault of a household that can be found without the database."""
    if new.category not in CATEGORIES:
        yield UnknownKind(rule="2.1", field="category", limit=", ".join(CATEGORIES), found=new.category)
    heads = sum(member.is_head for member in new.members)
    if heads != 1:
        yield HeadsNotOne(rule="2.1", limit=1, found=heads)
    for member in new.members:
        try:
            check_id_card(member.id_card)
        except RuleViolation as fault:
            yield fault
    for card, times in Counter(member.id_card.upper() for member in new.members).items():
        if times > 1:
            yield IdCardTaken(rule="2.1", limit=1, found=mask_id_card(card))


def register_household(unit: Unit, new: NewHousehold) -> Registered:
    """Register a household with its members (2.1).

    Raise the first fault that `household_faults` finds, FutureDate, NotFound for the county, RegistryNoTaken,
    IdCardTaken.
    """
    for fault in household_faults(new):
        raise fault
    unit.not_future(new.registered_on, "registered_on")
    county = reference.county_of(unit.session, new.county)
    cards = [check_id_card(member.id_card) for member in new.members]
    _refuse_known(unit, new.registry_no, [card.number for card in cards])
    household = t.Household(
        id=new_id(),
        registry_no=new.registry_no,
        county=county,
        town=new.town,
        village=new.village,
        category=new.category,
        registered_on=new.registered_on,
    )
    unit.session.add(household)
    try:
        unit.session.flush()
        unit.session.add_all(
            t.Member(
                id=member_id,
                household_id=household.id,
                name=member.name,
                id_card=card.number,
                born_on=card.born_on,
                relation=member.relation,
                is_head=member.is_head,
            )
            for member_id, member, card in zip(new_ids(len(cards)), new.members, cards, strict=True)
        )
        unit.session.flush()
    except IntegrityError as race:
        # A concurrent transaction registered the same registry number or identity card after the check for duplicates.
        if "id_card" in str(race.orig):
            raise IdCardTaken(rule="2.1", limit=1, found=mask_id_card(cards[0].number)) from None
        raise RegistryNoTaken(rule="2.1", found=new.registry_no) from None
    return Registered(household.id, tuple(sorted({code for card in cards for code in card.warnings})))


def _refuse_known(unit: Unit, registry_no: str, cards: list[str]) -> None:
    session = unit.session
    if session.execute(
        select(t.Household.id).where(stored_form(t.Household.registry_no) == identifier(registry_no))
    ).first():
        raise RegistryNoTaken(rule="2.1", found=registry_no)
    card_column = table_of(t.Member).c.id_card
    taken = session.execute(select(card_column).where(among(unit.connection, card_column, cards))).scalar()
    if taken is not None:
        raise IdCardTaken(rule="2.1", limit=1, found=mask_id_card(taken))


def register_organisation(unit: Unit, uscc: str, name: str, kind: str, county: str) -> Registered:
    """Register an organisation (市场主体).

    Raise UnknownKind, NotFound for the county, UsccTaken, and the errors of `check_uscc`.
    """
    code = check_uscc(uscc)
    if kind not in ORGANISATION_KINDS:
        raise UnknownKind(rule="2.3", field="kind", limit=", ".join(ORGANISATION_KINDS), found=kind)
    organisation = t.Organisation(
        id=new_id(), uscc=code, name=name, kind=kind, county=reference.county_of(unit.session, county)
    )
    if unit.session.execute(select(t.Organisation.id).where(t.Organisation.uscc == code)).first():
        raise UsccTaken(rule="2.3", found=code)
    unit.session.add(organisation)
    try:
        unit.session.flush()
    except IntegrityError:
        raise UsccTaken(rule="2.3", found=code) from None
    return Registered(organisation.id)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link (带动关系) of an organisation to a household; `ends_on` is None where the link has no end."""

    household_id: int
    kind: str
    amount: Money | None
    starts_on: date
    ends_on: date | None


def link_faults(new: NewLink) -> Iterator[RuleViolation]:
    """Return every fault of a link that can be found without the database (2.3)."""
    if new.kind not in LINK_KINDS:
        yield UnknownKind(rule="2.3", field="kind", limit=", ".join(LINK_KINDS), found=new.kind)
    elif (new.kind == "investment") != (new.amount is not None and new.amount > ZERO):
        yield LinkAmount(rule="2.3", found=new.amount)
    if new.ends_on is not None and new.ends_on < new.starts_on:
        yield LinkEnds(rule="2.3", limit=new.starts_on, found=new.ends_on)


def add_link(unit: Unit, organisation_id: int, new: NewLink) -> Registered:
    """Record a link of an organisation to a household, and lock the organisation.

    The organisation is locked because its lending limit depends on its links (2.4, 2.5). Raise the first fault that
    `link_faults` finds, FutureDate, NotFound, LinkTaken.
    """
    for fault in link_faults(new):
        raise fault
    unit.not_future(new.starts_on, "starts_on")
    if unit.session.get(t.Organisation, organisation_id, with_for_update=True) is None:
        raise NotFound(what="organisation", id=str(organisation_id))
    if unit.session.get(t.Household, new.household_id) is None:
        raise NotFound(what="household", id=str(new.household_id))
    same = select(t.Link.id).where(
        t.Link.organisation_id == organisation_id,
        t.Link.household_id == new.household_id,
        t.Link.kind == new.kind,
        t.Link.starts_on == new.starts_on,
    )
    if unit.session.execute(same).first():
        raise LinkTaken(rule="2.3", kind=new.kind, found=new.starts_on)
    link = t.Link(
        id=new_id(),
        organisation_id=organisation_id,
        household_id=new.household_id,
        kind=new.kind,
        fen=None if new.amount is None else to_fen(new.amount),
        starts_on=new.starts_on,
        ends_on=new.ends_on,
    )
    unit.session.add(link)
    unit.session.flush()
    return Registered(link.id)
