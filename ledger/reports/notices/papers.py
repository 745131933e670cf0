"""What the papers of notices say: contract, borrower, and the loan's figures to its due date, many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, and_, cast, func, select

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.calendar import WorkCalendar
from ledger.chart import Account
from ledger.database import among, rate_of
from ledger.dates import DAY, settlements
from ledger.events import CreditApplied
from ledger.exports.notice_pdf import NoticePaper
from ledger.money import NIL, Fen
from ledger.policy import servicing, terms
from ledger.policy.accrual import Steps, Terms, Uplifts
from ledger.policy.identity import mask_id_card
from ledger.policy.notices import number_of
from ledger.policy.scheme import Scheme
from ledger.policy.servicing import Life, Line
from ledger.queries import reference
from ledger.queries.contract_rates import rates_of
from ledger.queries.exposure import open_principal
from ledger.queries.principal import principal_steps
from ledger.statuses import LoanStatus
from ledger.tables.borrowers import Household, Member, Organisation
from ledger.tables.loans import Loan, applications, lines
from ledger.tables.notices import Notice
from ledger.tables.reference import Bank, County
from ledger.unit_of_work import Unit

_PARTS = ("contract", "compound", "penalty")


def papers(unit: Unit, notice_ids: Collection[int]) -> list[NoticePaper]:
    """The papers of notices, by county, town, village and contract: as they are carried round.

    Figures are those of the end of the day the notice was made (of the eve of the due date, if it was made later),
    by all that is recorded now. A notice not found has no paper.
    """
    rows = unit.connection.execute(_asked(unit, notice_ids)).all()
    figures: dict[int, _Figures] = {}
    for as_of, of_day in groupby(sorted(rows, key=_as_of), key=_as_of):
        figures |= _figures(unit, list(of_day), as_of)
    calendar = reference.work_calendar(unit.session)
    return [_paper(row, _scheme(unit, row), figures[row.notice], calendar) for row in rows]


def _asked(unit: Unit, notice_ids: Collection[int]) -> Any:
    n, loan, member, household, organisation = (
        each.__table__.c for each in (Notice, Loan, Member, Household, Organisation)
    )
    town = func.coalesce(household.town, "")
    query = (
        select(
            n.id.label("notice"),
            n.kind,
            n.due_on,
            n.made_on,
            n.cancelled_on,
            n.loan_id,
            loan.contract_no,
            loan.scheme,
            loan.scheme_version,
            loan.principal_fen,
            loan.signed_on,
            loan.disbursed_on,
            loan.original_due_on,
            loan.extended_on,
            loan.misused_on,
            loan.billed_to,
            Bank.name.label("bank"),
            County.name.label("county"),
            town.label("town"),
            household.village,
            member.name.label("person"),
            member.id_card,
            organisation.name.label("organisation"),
            organisation.uscc,
        )
        .join(Loan, loan.id == n.loan_id)
        .join(Bank, Bank.code == n.bank)
        .join(County, County.id == n.county)
        .outerjoin(Member, member.id == loan.member_id)
        .outerjoin(Household, household.id == loan.household_id)
        .outerjoin(Organisation, organisation.id == loan.organisation_id)
        .where(among(unit.connection, n.id, notice_ids))
    )
    return query.order_by(n.county, town, household.village, loan.contract_no, n.due_on, n.kind, n.id)


def _as_of(row: Any) -> date:
    """The day whose end the figures are of."""
    day: date = min(row.made_on, row.due_on - DAY)
    return day


def _scheme(unit: Unit, row: Any) -> Scheme:
    return reference.scheme_of(unit.session, row.scheme, row.scheme_version)


@dataclass(frozen=True, slots=True)
class _Figures:
    """A loan as of a day, and what it will have come to on its due date; rates in whole 1e-8."""

    as_of: date
    rate: int
    balance: Fen
    unpaid: Fen
    interest: Fen
    charges: Fen
    credit: Fen


def _figures(unit: Unit, rows: Sequence[Any], as_of: date) -> dict[int, _Figures]:
    """Every notice's figures as of a day: each loan's life as it stood then, walked to its due date (3.3-3.9)."""
    loans = {row.loan_id for row in rows}
    through = max(row.due_on for row in rows)
    stood = balances.loan_balances(unit.connection, loans, Clocks(as_of))
    rates = rates_of(unit, loans, through)
    moved = principal_steps(unit.connection, loans)
    billed = _billed(unit, loans, as_of)
    calendar = reference.work_calendar(unit.session)
    found = {}
    for row in rows:
        scheme = _scheme(unit, row)
        rolled_on = terms.rolled(row.due_on, calendar, scheme.due_date_roll)
        misused_on = row.misused_on if row.misused_on is not None and row.misused_on <= as_of else None
        of_loan = Terms(row.disbursed_on, rolled_on, rates[row.loan_id], misused_on, Uplifts.of(scheme))
        steps = moved.get(row.loan_id) or Steps([(row.disbursed_on, Fen(row.principal_fen))])
        life = _life(row, of_loan, stood.get(row.loan_id, {}), billed.get(row.loan_id, ()), steps, as_of)
        found[row.notice] = _to_due_date(life, row.due_on, as_of)
    return found


def _billed(unit: Unit, loan_ids: Collection[int], as_of: date) -> dict[int, list[Any]]:
    """The lines of loans posted by a day, with what was paid of each on its days up to it; oldest first."""
    ln, a = lines.c, applications.c
    each_day = (ln.loan_id, ln.period_start, ln.version, a.effective_on)
    query = (
        select(
            ln.loan_id,
            ln.period_start,
            ln.period_end,
            ln.contract,
            ln.compound,
            ln.penalty,
            a.effective_on,
            *(cast(func.sum(a[name]), BigInteger).label(f"{name}_paid") for name in _PARTS),
        )
        .outerjoin(
            applications,
            and_(a.loan_id == ln.loan_id, a.period_start == ln.period_start, a.effective_on <= as_of),
        )
        .where(among(unit.connection, ln.loan_id, loan_ids), ln.live, ln.period_end <= as_of)
        .group_by(*each_day)
        .order_by(*each_day)
    )
    rows = unit.connection.execute(query).all()
    return {loan_id: list(of_loan) for loan_id, of_loan in groupby(rows, key=lambda row: row[0])}


def _life(
    row: Any, of_loan: Terms, stood: Mapping[Account, Fen], billed: Sequence[Any], steps: Steps, as_of: date
) -> Life:
    """A loan's life as it stood at the end of a day."""
    ends = [line.period_end for line in billed]
    known = min(as_of, row.billed_to)  # behind its time, it is billed no further than it was
    billed_to = max([row.disbursed_on, *ends, *settlements(row.disbursed_on, known)])
    life = Life(row.loan_id, "", "", of_loan, LoanStatus.ACTIVE, billed_to, None)
    life.principal, life.credit = open_principal(stood), stood.get(chart.BORROWER_CREDIT, NIL)
    before = [fen for on, fen in steps if on <= billed_to]
    life.owed = Steps([(billed_to, before[-1] if before else NIL)])
    for on, fen in steps:
        if billed_to < on <= as_of:
            life.owed.set(on, fen)
    life.lines = _lines(billed, billed_to)
    servicing.resume(life, billed_to)
    return life


def _lines(billed: Sequence[Any], billed_to: date) -> list[Line]:
    """The lines still open, or paid within the open period, with what stood unpaid of them in it."""
    found = []
    for _, days in groupby(billed, key=lambda row: row.period_start):
        rows = list(days)
        first = rows[0]
        line = Line(first.period_start, first.period_end, first.contract, first.compound, first.penalty)
        line.unpaid.set(billed_to, line.contract)
        for row in rows:
            if row.effective_on is not None:
                line.contract = Fen(line.contract - row.contract_paid)
                line.compound = Fen(line.compound - row.compound_paid)
                line.penalty = Fen(line.penalty - row.penalty_paid)
                line.unpaid.set(max(row.effective_on, billed_to), line.contract)
        if line.open or len(line.unpaid) > 1:
            found.append(line)
    return found


def _to_due_date(life: Life, due_on: date, as_of: date) -> _Figures:
    """What a life will have come to on its due date if nothing is paid until then but from its own credit."""
    balance, credit = life.open_principal, life.credit
    unpaid = Fen(sum(line.contract for line in life.lines))
    eve = due_on - DAY
    applied = [event for event in servicing.carry(life, eve) if isinstance(event, CreditApplied)]
    then = servicing.payoff(life, due_on)
    return _Figures(
        as_of=as_of,
        rate=[rate for since, rate in life.terms.rates if since <= eve][-1],
        balance=balance,
        unpaid=unpaid,
        interest=Fen(then.contract + sum(event.interest for event in applied)),
        charges=Fen(then.penalty + then.compound + sum(event.charges for event in applied)),
        credit=credit,
    )


def _paper(row: Any, scheme: Scheme, found: _Figures, calendar: WorkCalendar) -> NoticePaper:
    household = row.organisation is None
    extended = row.due_on != row.original_due_on
    share = scheme.household_subsidy_share if household else scheme.organisation_subsidy_share
    payable_on = terms.rolled(row.due_on, calendar, scheme.due_date_roll)
    rate = rate_of(found.rate)
    return NoticePaper(
        number=number_of(row.contract_no, row.due_on, row.kind),
        kind=row.kind,
        programme=scheme.name,
        bank=row.bank,
        borrower=row.person if household else row.organisation,
        identity=mask_id_card(row.id_card) if household else row.uscc,
        is_organisation=not household,
        address=f"{row.county}{row.town}{row.village or ''}",
        contract_no=row.contract_no,
        signed_on=row.signed_on,
        made_on=row.made_on,
        as_of=found.as_of,
        due_on=row.due_on,
        payable_on=payable_on,
        provisional=scheme.due_date_roll != "none" and any(map(calendar.is_provisional, (row.due_on, payable_on))),
        extended=extended,
        may_extend=scheme.extensions_max > 0 and not extended,
        subsidised=share > 0 and (scheme.extension_subsidised or not extended),
        annual_rate=rate,
        overdue_rate=rate * (1 + scheme.overdue_uplift),
        compounds=scheme.compound_interest,
        principal=Fen(row.principal_fen),
        balance=found.balance,
        unpaid=found.unpaid,
        coming=Fen(found.interest - found.unpaid),
        charges=found.charges,
        credit=found.credit,
        cancelled_on=row.cancelled_on,
    )
