"""What settlement lines earn: principal day by day, the cap borrowers share, rates, organisations' links."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from ledger import chart
from ledger.database import among
from ledger.dates import DAY, Span
from ledger.money import Fen
from ledger.operations import eligible, holding
from ledger.operations.subsidy_facts import Billed
from ledger.policy import limits, subsidy
from ledger.policy.accrual import Steps
from ledger.policy.limits import Link
from ledger.policy.subsidy import Period
from ledger.tables import parties
from ledger.tables.journal import postings
from ledger.tables.loans import Loan
from ledger.unit import Unit

_LOANS: Any = Loan.__table__
_PRINCIPAL = (chart.LOAN_PRINCIPAL.code, chart.OVERDUE_PRINCIPAL.code)


class Due(NamedTuple):
    """A settlement line with what it earns: subsidised days, and exact eligible interest in parts."""

    billed: Billed
    days: int
    parts: int


def earn(unit: Unit, billed: Sequence[Billed]) -> list[Due]:
    """What each line earns, as its loan's terms and its borrower's other loans allow (4.2, 4.6)."""
    loans = {each.loan.id: each for each in billed}
    caps, linked = _Caps(unit, loans), _Linked(unit, loans)
    owed = principal(unit, {loan: (each.loan.disbursed_on, each.loan.principal_fen) for loan, each in loans.items()})
    spans = {loan: _span(each) for loan, each in loans.items()}
    steps = _rates(unit, loans)
    found = []
    for each in billed:
        loan = each.loan
        if each.terms.household or linked.within(each):
            days, parts = subsidy.earned(
                Span(each.start, each.end), spans[loan.id], owed[loan.id], steps[loan.id], loan.benchmark,
                each.contract, caps.of(each),
            )  # fmt: skip
            found.append(Due(each, days, parts))
    return found


def _span(each: Billed) -> Span:
    loan = each.loan
    return subsidy.subsidised_span(
        each.terms.scheme, disbursed_on=loan.disbursed_on, first_disbursed_on=loan.first_disbursed_on,
        original_due_on=loan.original_due_on, due_on=loan.due_on, misused_on=loan.misused_on,
    )  # fmt: skip


def _rates(unit: Unit, loans: Mapping[int, Billed]) -> dict[int, Sequence[tuple[date, int]]]:
    """Each loan's contract rate from the day it changes; asked of the tables only where it can change."""
    moving = [
        loan for loan, each in loans.items()
        if each.terms.scheme.repricing != "fixed" or each.terms.scheme.extension_subsidised
    ]
    through = max((each.end for each in loans.values()), default=date.min)
    found = holding.rates_of(unit, moving, through) if moving else {}
    return {loan: found.get(loan) or ((date.min, each.loan.rate),) for loan, each in loans.items()}


def principal(unit: Unit, loans: Mapping[int, tuple[date, int]]) -> dict[int, Steps]:
    """What each loan owed from each day on, whoever paid; given with the day and amount paid out.

    Few loans repay principal before they end: the steps are read of those only.
    """
    p = postings.c
    debit, credit = p.debit.in_(_PRINCIPAL), p.credit.in_(_PRINCIPAL)
    signed = cast(func.sum(case((debit, p.fen), else_=-p.fen)), BigInteger).label("fen")
    moves = (among(unit.connection, p.loan_id, loans), debit != credit)
    moved = select(p.loan_id).where(*moves).group_by(p.loan_id).having(func.count() > 1)
    query = (
        select(p.loan_id, p.effective_on, signed)
        .where(*moves, p.loan_id.in_(moved))
        .group_by(p.loan_id, p.effective_on)
        .order_by(p.loan_id, p.effective_on)
    )
    found: dict[int, Steps] = {}
    for loan_id, rows in groupby(unit.connection.execute(query), key=lambda row: row[0]):
        steps, stands = found.setdefault(loan_id, Steps()), 0
        for row in rows:
            stands += row.fen
            steps.set(row.effective_on, Fen(stands))
    return {loan: found.get(loan) or Steps([(on, Fen(fen))]) for loan, (on, fen) in loans.items()}


class _Caps:
    """What of the borrowers' caps is left for loans: all of it, unless others were disbursed earlier."""

    def __init__(self, unit: Unit, loans: Mapping[int, Billed]) -> None:
        self._whole: dict[Fen, Steps] = {}
        earlier = _earlier(unit, [loan for loan, each in loans.items() if each.terms.cap is not None])
        owed = principal(unit, {row.id: (row.disbursed_on, row.principal_fen) for row in earlier})
        self._left: dict[int, Steps] = {}
        for loan, rows in groupby(earlier, key=lambda row: row[0]):
            cap = loans[loan].terms.cap
            assert cap is not None
            self._left[loan] = subsidy.cap_left(cap, [owed[row.id] for row in rows])

    def of(self, each: Billed) -> Sequence[tuple[date, Fen]]:
        cap = each.terms.cap
        if cap is None:
            return ()
        left = self._left.get(each.loan.id) or self._whole.get(cap)
        if left is None:
            left = self._whole[cap] = subsidy.cap_left(cap, ())
        return left


def _earlier(unit: Unit, loan_ids: Sequence[int]) -> Sequence[Any]:
    """The loans, over all banks, that their borrowers took before these ones (4.6)."""
    own, other = aliased(_LOANS, name="own"), aliased(_LOANS, name="other")
    before = or_(
        other.c.disbursed_on < own.c.disbursed_on,
        and_(other.c.disbursed_on == own.c.disbursed_on, other.c.id < own.c.id),
    )
    same = or_(other.c.household_id == own.c.household_id, other.c.organisation_id == own.c.organisation_id)
    query = select(own.c.id.label("loan"), other.c.id, other.c.disbursed_on, other.c.principal_fen)
    chosen = among(unit.connection, own.c.id, loan_ids)
    return unit.connection.execute(query.join(other, and_(same, before)).where(chosen).order_by(own.c.id)).all()


class _Linked:
    """Whether organisations have a valid link on some day of a period (4.1)."""

    def __init__(self, unit: Unit, loans: Mapping[int, Billed]) -> None:
        found = {each.loan.organisation_id for each in loans.values() if not each.terms.household}
        self._links: dict[int, list[Link]] = {}
        chosen = among(unit.connection, parties.Link.__table__.c.organisation_id, found)
        if found:
            for row in unit.session.execute(select(parties.Link).where(chosen)).scalars():
                self._links.setdefault(row.organisation_id, []).append(eligible.link_of(row))
        self._known: dict[tuple[int, str, Period], bool] = {}

    def within(self, each: Billed) -> bool:
        scheme, days = each.terms.scheme, each.own.days
        if not scheme.organisation_link_required:
            return True
        key = (each.loan.organisation_id, scheme.content_hash, each.own)
        if key not in self._known:
            links = self._links.get(each.loan.organisation_id, ())
            self._known[key] = limits.has_link_within(scheme, links, days.start, days.end - DAY)
        return self._known[key]
