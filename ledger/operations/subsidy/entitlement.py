"""What settlement lines earn: principal day by day, the cap borrowers share, rates, organisations' links."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from ledger.database import among
from ledger.dates import DAY, Span
from ledger.money import Fen
from ledger.operations.lending.checks import link_of
from ledger.operations.subsidy.sources import Billed
from ledger.policy import limits, subsidy
from ledger.policy.accrual import Steps
from ledger.policy.limits import Link
from ledger.policy.subsidy import Period
from ledger.queries.contract_rates import rates_of
from ledger.queries.principal import principal_steps
from ledger.tables import borrowers as t
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_HOUSEHOLD, _ORGANISATION = attrgetter("household_id"), attrgetter("organisation_id")


class Due(NamedTuple):
    """A settlement line with what it earns: subsidised days, and eligible interest, exact in parts and as shown."""

    billed: Billed
    days: int
    parts: int
    eligible: Fen


def earn(unit: Unit, billed: Sequence[Billed]) -> list[Due]:
    """What each line earns, as its loan's terms and its borrower's other loans allow (4.2, 4.6).

    Principal is read day by day only of the loans of which it matters.
    """
    linked, sharing = _Linked(unit, billed), _sharing(unit, billed)
    whole = [each.principal <= each.conditions.whole_up_to and each.loan not in sharing for each in billed]
    days = _Days(unit, [each for each, all_of_it in zip(billed, whole, strict=True) if not all_of_it], sharing)
    return [
        Due(each, each.conditions.days, each.contract * subsidy.WHOLE, each.contract) if all_of_it else days.due(each)
        for each, all_of_it in zip(billed, whole, strict=True)
        if linked.within(each)
    ]


class _Days:
    """What lines earn day by day: their loans' principal, rates, and what others leave of the cap."""

    def __init__(self, unit: Unit, billed: Sequence[Billed], sharing: Collection[int]) -> None:
        loans = {each.loan: each for each in billed}
        self._owed = principal_steps(unit.connection, loans)
        self._caps = _Caps(unit, {loan: each for loan, each in loans.items() if loan in sharing})
        moving = [loan for loan, each in loans.items() if not each.conditions.terms.steady]
        through = max((each.conditions.end for each in billed), default=date.min)
        self._rates = rates_of(unit, moving, through) if moving else {}

    def due(self, each: Billed) -> Due:
        of = each.conditions
        days, parts = subsidy.earned(
            Span(of.start, of.end),
            of.span,
            self._owed.get(each.loan) or ((of.disbursed_on, each.principal),),
            self._rates.get(each.loan) or ((date.min, of.rate),),
            of.benchmark,
            each.contract,
            self._caps.of(each),
        )
        return Due(each, days, parts, subsidy.shown(parts))


class _Caps:
    """What of the borrowers' caps is left for loans: all of it, unless others were disbursed earlier."""

    def __init__(self, unit: Unit, sharing: Mapping[int, Billed]) -> None:
        self._whole: dict[Fen, Steps] = {}
        self._left: dict[int, Steps] = {}
        earlier = _earlier(unit, [loan for loan, each in sharing.items() if each.conditions.terms.cap is not None])
        owed = principal_steps(unit.connection, {row.id for row in earlier})
        for loan, rows in groupby(earlier, key=lambda row: row[0]):
            cap = sharing[loan].conditions.terms.cap
            assert cap is not None
            others = [owed.get(row.id) or ((row.disbursed_on, row.principal_fen),) for row in rows]
            self._left[loan] = subsidy.cap_left(cap, others)

    def of(self, each: Billed) -> Sequence[tuple[date, Fen]]:
        cap = each.conditions.terms.cap
        if cap is None:
            return ()
        left = self._left.get(each.loan) or self._whole.get(cap)
        if left is None:
            left = self._whole[cap] = subsidy.cap_left(cap, ())
        return left


def _sharing(unit: Unit, billed: Sequence[Billed]) -> set[int]:
    """The loans whose borrowers have, or had, others."""
    found: set[int] = set()
    for column, of in ((_LOANS.c.household_id, _HOUSEHOLD), (_LOANS.c.organisation_id, _ORGANISATION)):
        borrowers = set(map(of, billed)) - {None}
        if borrowers:
            query = select(column).where(among(unit.connection, column, borrowers)).group_by(column)
            several = set(unit.connection.execute(query.having(func.count() > 1)).scalars())
            found.update(each.loan for each in billed if of(each) in several)
    return found


_OWN, _OTHER = aliased(_LOANS, name="own"), aliased(_LOANS, name="other")


def _earlier(unit: Unit, loan_ids: Sequence[int]) -> Sequence[Any]:
    """The loans, over all banks, that their borrowers took before these ones (4.6)."""
    if not loan_ids:
        return ()
    own, other = _OWN.c, _OTHER.c
    before = or_(other.disbursed_on < own.disbursed_on, and_(other.disbursed_on == own.disbursed_on, other.id < own.id))
    same = or_(other.household_id == own.household_id, other.organisation_id == own.organisation_id)
    query = select(own.id.label("loan"), other.id, other.disbursed_on, other.principal_fen)
    chosen = among(unit.connection, own.id, loan_ids)
    return unit.connection.execute(query.join(_OTHER, and_(same, before)).where(chosen).order_by(own.id)).all()


class _Linked:
    """Whether borrowers may have a subsidy in a period: organisations need a valid link on some day of it (4.1)."""

    def __init__(self, unit: Unit, billed: Sequence[Billed]) -> None:
        self._links: dict[int, list[Link]] = {}
        if found := set(map(_ORGANISATION, billed)) - {None}:
            chosen = among(unit.connection, t.Link.__table__.c.organisation_id, found)
            for row in unit.session.execute(select(t.Link).where(chosen)).scalars():
                self._links.setdefault(row.organisation_id, []).append(link_of(row))
        self._known: dict[tuple[int, str, Period], bool] = {}

    def within(self, each: Billed) -> bool:
        if (organisation := each.organisation_id) is None:
            return True
        scheme, own = each.conditions.terms.scheme, each.conditions.own
        if not scheme.organisation_link_required:
            return True
        key = (organisation, scheme.content_hash, own)
        if key not in self._known:
            days = own.days
            links = self._links.get(organisation, ())
            self._known[key] = limits.has_link_within(scheme, links, days.start, days.end - DAY)
        return self._known[key]
