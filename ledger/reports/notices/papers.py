"""What the papers of notices say: contract, borrower, and the loan's figures to its due date, many at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from ledger.balances import Clocks
from ledger.calendar import WorkCalendar
from ledger.database import among, rate_of
from ledger.dates import DAY
from ledger.events import CreditApplied
from ledger.exports.notice_pdf import NoticePaper
from ledger.money import Fen
from ledger.policy import servicing, terms
from ledger.policy.identity import mask_id_card
from ledger.policy.notices import number_of
from ledger.policy.scheme import Scheme
from ledger.policy.servicing import LoanState
from ledger.queries import loan_state, reference
from ledger.queries.contract_rates import scheme_and_uplifts
from ledger.tables.borrowers import Household, Member, Organisation
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice
from ledger.tables.reference import Bank, County
from ledger.unit_of_work import Unit


def papers(unit: Unit, notice_ids: Collection[int]) -> list[NoticePaper]:
    """The papers of notices, by county, town, village and contract: as they are carried round.

    Figures are those of the end of the day the notice was made (of the eve of the due date, if it was made later),
    by all that is recorded now. A notice not found has no paper, nor has one of a loan that is not paid out any more.
    """
    rows = unit.connection.execute(_asked(unit, notice_ids)).all()
    figures: dict[int, _Figures] = {}
    for as_of, of_day in groupby(sorted(rows, key=_as_of), key=_as_of):
        figures |= _figures(unit, list(of_day), as_of)
    calendar = reference.work_calendar(unit.session)
    shown = (row for row in rows if row.notice in figures)
    return [_paper(row, _scheme(unit, row), figures[row.notice], calendar) for row in shown]


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
            loan.original_due_on,
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
    return scheme_and_uplifts(unit, row.scheme, row.scheme_version)[0]


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
    """Return every notice's figures as of a day: each loan's state then, run to the notice's due date (3.3-3.9)."""
    through = max(row.due_on for row in rows)
    loaded = loan_state.load(unit, {row.loan_id for row in rows}, through, clocks=Clocks(as_of))
    calendar = reference.work_calendar(unit.session)
    found = {}
    for row in rows:
        if row.loan_id not in loaded:  # returned since, as if it had never been paid out
            continue
        state = loaded[row.loan_id].state.copy()
        rolled_on = terms.rolled(row.due_on, calendar, _scheme(unit, row).due_date_roll)
        if rolled_on != state.terms.rolled_on:  # the notice of another due date, before or after an extension
            state.terms = state.terms._replace(rolled_on=rolled_on)
            servicing.resume(state, state.billed_to)
        found[row.notice] = _to_due_date(state, row.due_on, as_of)
    return found


def _to_due_date(state: LoanState, due_on: date, as_of: date) -> _Figures:
    """Return what a loan will have come to on its due date if nothing is paid until then but from its own credit."""
    balance, credit, unpaid = state.open_principal, state.credit, state.open_contract
    eve = due_on - DAY
    applied = [event for event in servicing.run_to(state, eve) if isinstance(event, CreditApplied)]
    then = servicing.payoff(state, due_on)
    return _Figures(
        as_of=as_of,
        rate=[rate for since, rate in state.terms.rates if since <= eve][-1],
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
