"""How much may be lent: the household's cap, the organisation's limit, head-room and shares (2.2 to 2.8)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from ledger.dates import DAY, add_months
from ledger.errors import RuleViolation
from ledger.money import NIL, Fen, plain, portion
from ledger.policy.schemes import Scheme

LinkKind = Literal["investment", "employment", "agreement"]
Measure = Literal["cumulative", "open"]


class OverHouseholdCap(RuleViolation):
    code = "over_household_cap"
    zh = "该户贷款合计 {found} 元，超过上限 {limit} 元：余额 {open}，在途 {pending}，本次 {new}"
    en = "the household's loans come to {found}, above {limit} ({open} open, {pending} pending, {new} new)"


class OverOrganisationLimit(RuleViolation):
    code = "over_organisation_limit"
    zh = "市场主体贷款合计 {found} 元，超过上限 {limit} 元：余额 {open}，在途 {pending}，本次 {new}"
    en = "the organisation's loans come to {found}, above {limit} ({open} open, {pending} pending, {new} new)"


class OrganisationsExcluded(RuleViolation):
    code = "organisations_excluded"
    zh = "方案 {scheme} 不向市场主体发放贷款"
    en = "scheme {scheme} lends to no organisation"


class NoValidLink(RuleViolation):
    code = "no_valid_link"
    zh = "{day} 没有有效的带动关系（登记 {found} 条，须自 {links_from} 起、合同或协议满 {months} 个月）"
    en = "no valid link on {day}: {found} recorded; since {links_from}, contracts of {months} months or more"


class OverHeadRoom(RuleViolation):
    """Given as a warning or raised, as the scheme says (2.8)."""

    code = "over_head_room"
    zh = "本次贷款 {found} 元超过剩余可贷额度 {limit} 元（放大 {multiple} 倍）"
    en = "the loan of {found} exceeds the head-room {limit} ({multiple} times the contributions)"


class HouseholdShareLow(RuleViolation):
    """A warning and a report line: given as a value, never raised (2.7)."""

    code = "household_share_low"
    zh = "贫困户贷款占比 {found} 低于 {limit}（{measure}，{scope:grouping}）"
    en = "household loans are {found} of the bank's, below {limit} ({measure}, {scope:grouping})"


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a borrower owes and is promised over all banks (2.2).

    `open`: open principal, compensated and not returned and written off included; `pending`: submitted and
    approved, not disbursed. A loan that is renewed is in neither (3.11).
    """

    open: Fen
    pending: Fen


@dataclass(frozen=True, slots=True)
class Link:
    """What ties an organisation to a household (带动关系), from a day to a last day, None while it lasts."""

    kind: LinkKind
    amount: Fen | None
    household_id: int
    starts_on: date
    ends_on: date | None


def check_household_cap(scheme: Scheme, exposure: Exposure, new: Fen) -> None:
    """All of a household's loans with the new one stay within the cap (2.2); raises OverHouseholdCap.

    The refusal gives totals, never another bank's contract.
    """
    whole = exposure.open + exposure.pending + new
    if whole > scheme.household_cap:
        raise OverHouseholdCap(**_facts("2.2", scheme.household_cap, whole, exposure, new))


def is_valid_link(scheme: Scheme, link: Link, day: date) -> bool:
    """Whether a link counts on a day (2.3): begun since `links_from`, and long enough or with money in it.

    Its last day counts; one year is 2016-05-01 to 2017-04-30.
    """
    if not (link.starts_on <= day and (link.ends_on is None or day <= link.ends_on)):
        return False
    if scheme.links_from is not None and link.starts_on < scheme.links_from:
        return False
    if link.kind == "investment":
        return bool(link.amount and link.amount > 0)
    return link.ends_on is None or link.ends_on + DAY >= add_months(link.starts_on, scheme.link_months_min)


def valid_links(scheme: Scheme, links: Iterable[Link], day: date) -> tuple[Link, ...]:
    """The links that count on a day (2.3)."""
    return tuple(link for link in links if is_valid_link(scheme, link, day))


def has_link_within(scheme: Scheme, links: Iterable[Link], first: date, last: date) -> bool:
    """Whether some link counts on some day from `first` to `last`, both included (4.1)."""
    return any(is_valid_link(scheme, link, max(first, link.starts_on)) and link.starts_on <= last for link in links)


def organisation_limit(scheme: Scheme, links: Sequence[Link], day: date, linked_loans: Fen = NIL) -> Fen:
    """The most all loans of an organisation may come to, by its valid links on a day (2.4, 2.5).

    Each kind gives a limit and the larger holds. `linked_loans` is the principal lent to the households
    employed or under agreement; asked only where the scheme's basis says so.
    """
    if scheme.organisation_cap is not None:
        return scheme.organisation_cap
    valid = valid_links(scheme, links, day)
    bases: list[int] = [sum(link.amount or 0 for link in valid if link.kind == "investment")]
    for kind in ("employment", "agreement"):
        households = {link.household_id for link in valid if link.kind == kind}
        by_cap = scheme.organisation_limit_basis == "households_x_cap"
        bases.append(len(households) * scheme.household_cap if by_cap else linked_loans if households else 0)
    return portion(max(bases), scheme.organisation_multiple)


def check_organisation(
    scheme: Scheme, links: Sequence[Link], day: date, exposure: Exposure, new: Fen, linked_loans: Fen = NIL
) -> None:
    """An organisation may borrow on a day, and this much more (2.3 to 2.5).

    Raises OrganisationsExcluded, NoValidLink, OverOrganisationLimit.
    """
    if scheme.organisation_lending == "none":
        raise OrganisationsExcluded(rule="2.3", scheme=scheme.code, limit="none", found="organisation")
    if scheme.organisation_link_required and not valid_links(scheme, links, day):
        raise NoValidLink(
            rule="2.3",
            day=day,
            limit=1,
            found=len(links),
            links_from=scheme.links_from,
            months=scheme.link_months_min,
        )
    limit = organisation_limit(scheme, links, day, linked_loans)
    whole = exposure.open + exposure.pending + new
    if whole > limit:
        raise OverOrganisationLimit(**_facts("2.4–2.5", limit, whole, exposure, new))


def _facts(rule: str, limit: int, whole: int, exposure: Exposure, new: Fen) -> dict[str, str]:
    return {
        "rule": rule,
        "limit": plain(limit),
        "found": plain(whole),
        "open": plain(exposure.open),
        "pending": plain(exposure.pending),
        "new": plain(new),
    }


def head_room(scheme: Scheme, contributed: Fen, issued: Fen) -> Fen:
    """What may still be lent on the fund's contributions: multiple x contributions less issued (2.8)."""
    return Fen(portion(contributed, scheme.fund_multiple) - issued)


def check_head_room(scheme: Scheme, contributed: Fen, issued: Fen, new: Fen) -> OverHeadRoom | None:
    """The warning for a loan beyond the head-room; raised where the scheme refuses (2.8)."""
    limit = head_room(scheme, contributed, issued)
    if new <= limit:
        return None
    over = OverHeadRoom(rule="2.8", limit=plain(limit), found=plain(new), multiple=scheme.fund_multiple)
    if scheme.leverage_action == "refuse":
        raise over
    return over


def low_household_share(
    scheme: Scheme, households: Fen, whole: Fen, measure: Measure, scope: str
) -> HouseholdShareLow | None:
    """The warning for a bank with too few household loans, in a county or city-wide (2.7)."""
    if households >= scheme.household_share_min * whole:
        return None
    found = Decimal(households * 10_000 // whole).scaleb(-4)
    return HouseholdShareLow(rule="2.7", limit=scheme.household_share_min, found=found, measure=measure, scope=scope)
