"""Queries of the data for printed notices: contract, borrower, and the loan's amounts on the due date."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import func, select

from ledger.balances import Clocks
from ledger.calendar import WorkCalendar
from ledger.database import among, rate_of, table_of
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
from ledger.tables.borrowers import Household, Member, Organisation
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice
from ledger.tables.reference import Bank, County
from ledger.unit_of_work import Unit


def papers(unit: Unit, notice_ids: Collection[int]) -> list[NoticePaper]:
    """Return the printed contents of notices, sorted for delivery by county, town, village and contract.

    The printed amounts are as of the end of the day on which the notice was made, from all events recorded so far. If a
    notice was made on or after the due date, its amounts are as of the day before the due date. Notices that do not
    exist, and notices of loans whose payout was reversed, are left out.
    """
    rows = _asked(unit, notice_ids)
    figures: dict[int, _Figures] = {}
    for as_of, of_day in groupby(sorted(rows, key=_as_of), key=_as_of):
        figures |= _figures(unit, list(of_day), as_of)
    calendar = reference.work_calendar(unit.session)
    shown = (row for row in rows if row.notice in figures)
    return [_paper(row, _scheme(unit, row), figures[row.notice], calendar) for row in shown]


class _Asked(NamedTuple):
    """A notice with its contract and its borrower: a person with a household, or an organisation."""

    notice: int
    kind: str
    due_on: date
    made_on: date
    cancelled_on: date | None
    loan_id: int
    contract_no: str
    scheme: str
    scheme_version: int
    principal_fen: int
    signed_on: date
    original_due_on: date
    bank: str
    county: str
    town: str
    village: str | None
    person: str | None
    id_card: str | None
    organisation: str | None
    uscc: str | None


def _asked(unit: Unit, notice_ids: Collection[int]) -> list[_Asked]:
    """Return the notices, with one query, in the order in which the printed notices are delivered."""
    n, loan, member, household, organisation = (
        table_of(each).c for each in (Notice, Loan, Member, Household, Organisation)
    )
    town = func.coalesce(household.town, "")
    query = (
        select(
            n.id,
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
            Bank.name,
            County.name,
            town,
            household.village,
            member.name,
            member.id_card,
            organisation.name,
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
    ordered = query.order_by(n.county, town, household.village, loan.contract_no, n.due_on, n.kind, n.id)
    return [_Asked._make(row) for row in unit.connection.execute(ordered)]


def _as_of(row: _Asked) -> date:
    """Return the day at whose end the amounts on a notice are computed."""
    return min(row.made_on, row.due_on - DAY)


def _scheme(unit: Unit, row: _Asked) -> Scheme:
    return reference.scheme_of(unit.session, row.scheme, row.scheme_version)


@dataclass(frozen=True, slots=True)
class _Figures:
    """A loan's amounts as of a day, and its interest and charges on the due date; rates are in units of 1e-8."""

    as_of: date
    rate: int
    balance: Fen
    unpaid: Fen
    interest: Fen
    charges: Fen
    credit: Fen


def _figures(unit: Unit, rows: Sequence[_Asked], as_of: date) -> dict[int, _Figures]:
    """Return the amounts on each notice, from the loan's state as of a day, advanced to the due date (3.3-3.9)."""
    through = max(row.due_on for row in rows)
    loaded = loan_state.load(unit, {row.loan_id for row in rows}, through, clocks=Clocks(as_of))
    calendar = reference.work_calendar(unit.session)
    figures = {}
    for row in rows:
        if row.loan_id not in loaded:  # The loan's payout was reversed after the notice was made.
            continue
        state = loaded[row.loan_id].state.copy()
        rolled_on = terms.rolled(row.due_on, calendar, _scheme(unit, row).due_date_roll)
        if rolled_on != state.terms.rolled_on:  # The notice is for a due date before or after an extension.
            state.terms = state.terms._replace(rolled_on=rolled_on)
            servicing.resume(state, state.billed_to)
        figures[row.notice] = _to_due_date(state, row.due_on, as_of)
    return figures


def _to_due_date(state: LoanState, due_on: date, as_of: date) -> _Figures:
    """Return a loan's amounts on its due date, assuming no payment before the due date except from credit."""
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


def _paper(row: _Asked, scheme: Scheme, found: _Figures, calendar: WorkCalendar) -> NoticePaper:
    household = row.organisation is None
    name, number = (row.person, row.id_card) if household else (row.organisation, row.uscc)
    assert name is not None, "a loan has a borrower"
    assert number is not None, "a borrower has a number"
    extended = row.due_on != row.original_due_on
    share = scheme.household_subsidy_share if household else scheme.organisation_subsidy_share
    payable_on = terms.rolled(row.due_on, calendar, scheme.due_date_roll)
    rate = rate_of(found.rate)
    return NoticePaper(
        number=number_of(row.contract_no, row.due_on, row.kind),
        kind=row.kind,
        programme=scheme.name,
        bank=row.bank,
        borrower=name,
        identity=mask_id_card(number) if household else number,
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
