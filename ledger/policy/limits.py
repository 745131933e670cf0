"""Limits on lending: household caps, limits of organisations, head-room and shares of household loans (2.2 to 2.8)."""

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
    """The warning or refusal, as the scheme decides, of a loan that exceeds the head-room (2.8)."""

    code = "over_head_room"
    zh = "本次贷款 {found} 元超过剩余可贷额度 {limit} 元（放大 {multiple} 倍）"
    en = "the loan of {found} exceeds the head-room {limit} ({multiple} times the contributions)"


class HouseholdShareLow(RuleViolation):
    """A warning that a bank has too small a share of household loans, shown in a report and never raised (2.7)."""

    code = "household_share_low"
    zh = "贫困户贷款占比 {found} 低于 {limit}（{measure}，{scope:grouping}）"
    en = "household loans are {found} of the bank's, below {limit} ({measure}, {scope:grouping})"


@dataclass(frozen=True, slots=True)
class Exposure:
    """The amounts that a borrower owes to all banks, and the loans promised to the borrower (2.2), in whole fen.

    `open` is open principal, including principal that was written off, or compensated and not recovered. `pending` is
    the principal of loans submitted or approved but not paid out. A loan being renewed is left out of `open` and of
    `pending` (3.11).
    """

    open: Fen
    pending: Fen


@dataclass(frozen=True, slots=True)
class Link:
    """A link (带动关系) of an organisation to a household; `ends_on` is its last day, included, or None."""

    kind: LinkKind
    amount: Fen | None
    household_id: int
    starts_on: date
    ends_on: date | None


def check_household_cap(scheme: Scheme, exposure: Exposure, new: Fen) -> None:
    """Raise OverHouseholdCap where a household's loans, with the new loan, exceed the cap (2.2).

    The refusal shows total amounts, and never shows the contracts of another bank.
    """
    whole = exposure.open + exposure.pending + new
    if whole > scheme.household_cap:
        raise OverHouseholdCap(**_facts("2.2", scheme.household_cap, whole, exposure, new))


def is_valid_link(scheme: Scheme, link: Link, day: date) -> bool:
    """Return whether a link is valid on a day (2.3): it is substantial and began on or after the scheme's `links_from`.

    An investment is substantial if its amount is above zero. A link of another kind is substantial if it has no last
    day or lasts at least the scheme's `link_months_min`. The last day of a link is included, so a link of one year runs
    from 2016-05-01 to 2017-04-30.
    """
    if not (link.starts_on <= day and (link.ends_on is None or day <= link.ends_on)):
        return False
    if scheme.links_from is not None and link.starts_on < scheme.links_from:
        return False
    if link.kind == "investment":
        return bool(link.amount and link.amount > 0)
    return link.ends_on is None or link.ends_on + DAY >= add_months(link.starts_on, scheme.link_months_min)


def valid_links(scheme: Scheme, links: Iterable[Link], day: date) -> tuple[Link, ...]:
    """Return the links that are valid on a day (2.3)."""
    return tuple(link for link in links if is_valid_link(scheme, link, day))


def has_link_within(scheme: Scheme, links: Iterable[Link], first: date, last: date) -> bool:
    """Return whether a link is valid on some day from `first` to `last`, both included (4.1)."""
    return any(is_valid_link(scheme, link, max(first, link.starts_on)) and link.starts_on <= last for link in links)


def organisation_limit(scheme: Scheme, links: Sequence[Link], day: date, linked_loans: Fen = NIL) -> Fen:
    """Return the limit on all loans of an organisation, in fen, by the organisation's valid links on a day (2.4, 2.5).

    Each kind of link gives a limit on an organisation's loans, and the largest limit applies. `linked_loans` is the
    principal lent to the linked households, in fen. `linked_loans` matters only if the scheme bases the limit on the
    loans of linked households.
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
    """Check that an organisation may borrow a further amount, in fen, on a day (2.3 to 2.5).

    Raise OrganisationsExcluded, NoValidLink or OverOrganisationLimit.
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
    """Return the head-room in fen: contributions to the fund times the scheme's multiple, less all loans
    issued (2.8).
    """
    return Fen(portion(contributed, scheme.fund_multiple) - issued)


def check_head_room(scheme: Scheme, contributed: Fen, issued: Fen, new: Fen) -> OverHeadRoom | None:
    """Return a warning for a loan beyond the head-room, or None; raise the warning where the scheme refuses the loan
    (2.8).
    """
    limit = head_room(scheme, contributed, issued)
    if new <= limit:
        return None
    warning = OverHeadRoom(rule="2.8", limit=plain(limit), found=plain(new), multiple=scheme.fund_multiple)
    if scheme.leverage_action == "refuse":
        raise warning
    return warning


def low_household_share(
    scheme: Scheme, households: Fen, whole: Fen, measure: Measure, scope: str
) -> HouseholdShareLow | None:
    """Return a warning for a bank with too few household loans, in a county or city-wide, else None (2.7)."""
    if households >= scheme.household_share_min * whole:
        return None
    share = Decimal(households * 10_000 // whole).scaleb(-4)
    return HouseholdShareLow(rule="2.7", limit=scheme.household_share_min, found=share, measure=measure, scope=scope)
