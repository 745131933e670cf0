"""Reports of loans at present: the contract, the amounts in the books, and pending requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from ledger import balances, chart
from ledger.chart import Account
from ledger.database import among, table_of
from ledger.dates import next_settlement
from ledger.money import NIL, Fen
from ledger.policy import grading
from ledger.policy.identity import mask_id_card
from ledger.policy.schemes import Scheme
from ledger.policy.subsidy import BY_THE_BORROWER
from ledger.queries import claims_owed, reference
from ledger.queries.exposure import open_principal
from ledger.statuses import LoanStatus, RequestStatus
from ledger.tables.borrowers import Member, Organisation
from ledger.tables.loans import Approval, Loan, allocations, interest_bills

OVERDUE = (LoanStatus.ACTIVE, LoanStatus.OVERDUE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request about a loan that waits for a second person's decision."""

    id: int
    kind: str
    made_by: str
    made_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class LoanShown:
    """A loan (贷款) with its amounts in whole fen; `id_card` is masked."""

    id: int
    contract_no: str
    scheme: str
    scheme_version: int
    bank: str
    county: str
    household_id: int | None
    organisation_id: int | None
    borrower: str
    id_card: str | None
    principal: Fen
    annual_rate: Decimal
    benchmark_rate: Decimal
    term_months: int
    signed_on: date
    purpose: str
    security: str
    policy_no: str | None
    endorsements: tuple[str, ...]
    status: str
    recorded_by: str
    recorded_on: date
    approved_by: str | None
    approved_on: date | None
    return_reason: str | None
    disbursed_by: str | None
    disbursed_on: date | None
    original_due_on: date | None
    due_on: date | None
    rolled_on: date | None
    due_provisional: bool
    extended_months: int
    extended_rate: Decimal | None
    misused_on: date | None
    renews_id: int | None
    first_disbursed_on: date | None
    import_id: int | None
    principal_open: Fen
    interest_open: Fen
    penalty_open: Fen
    credit: Fen
    paid_interest: Fen
    subsidised_total: Fen
    recourse_open: Fen
    queued: Fen
    recovered_unremitted: Fen
    written_off: Fen
    next_settlement_on: date | None
    days_overdue: int
    grade: str | None
    pending: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class LoanFilters:
    """Filters of a list of loans; `overdue` selects loans with principal open after the rolled due date."""

    bank: str | None = None
    county: str | None = None
    status: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool | None = None
    household: int | None = None
    organisation: int | None = None
    contract_no: str | None = None


def chosen(filters: LoanFilters, today: date) -> Select[Loan]:
    """Return an unsorted query for loans by filters, as an ORM select to which a session can add its user's scope."""
    query = select(Loan)
    for column, value in (
        (Loan.bank, filters.bank),
        (Loan.county, filters.county),
        (Loan.status, filters.status),
        (Loan.household_id, filters.household),
        (Loan.organisation_id, filters.organisation),
        (Loan.contract_no, filters.contract_no),
    ):
        if value is not None:
            query = query.where(column == value)
    if filters.due_from is not None:
        query = query.where(Loan.due_on >= filters.due_from)
    if filters.due_to is not None:
        query = query.where(Loan.due_on <= filters.due_to)
    if filters.overdue is not None:
        late = Loan.status.in_(OVERDUE) & Loan.rolled_on.is_not(None) & (Loan.rolled_on < today)
        query = query.where(late if filters.overdue else or_(~late, Loan.rolled_on.is_(None)))
    return query


def shown(session: Session, loans: Sequence[Loan], today: date) -> list[LoanShown]:
    """Return loans with their current figures; the number of queries does not grow with the number of loans."""
    connection = session.connection()
    ids = [loan.id for loan in loans]
    figures = balances.loan_balances(connection, ids)
    paid, oldest = _interest_paid(session, ids), _oldest_unpaid(session, ids)
    queued = claims_owed.queued_by_loan(session, ids)
    names, waiting = _borrowers(session, loans), _waiting(session, ids)
    calendar, schemes = reference.work_calendar(session), _schemes(session, loans)
    return [
        LoanShown(
            **_contract(loan, names),
            **_figures(figures.get(loan.id, {})),
            **_by_dates(loan, schemes, figures.get(loan.id, {}), oldest.get(loan.id), today),
            due_provisional=loan.due_on is not None and calendar.is_provisional(loan.due_on),
            paid_interest=paid.get(loan.id, NIL),
            queued=queued.get(loan.id, NIL),
            pending=tuple(waiting.get(loan.id, ())),
        )
        for loan in loans
    ]


def _contract(loan: Loan, names: Mapping[int, tuple[str, str | None]]) -> dict[str, Any]:
    own = {field.name: getattr(loan, field.name) for field in fields(LoanShown) if hasattr(loan, field.name)}
    borrower, id_card = names[loan.id]
    return own | {
        "principal": Fen(loan.principal_fen),
        "borrower": borrower,
        "id_card": id_card,
        "endorsements": tuple(name for name in loan.endorsements.split(",") if name),
    }


def _figures(found: Mapping[Account, Fen]) -> dict[str, Any]:
    """Return a loan's figures from its account balances, in fen; paid subsidies are approved less payable subsidies."""
    subsidised = found.get(chart.SUBSIDY_HOUSEHOLDS, 0) + found.get(chart.SUBSIDY_ORGANISATIONS, 0)
    return {
        "principal_open": open_principal(found),
        "interest_open": found.get(chart.INTEREST_RECEIVABLE, NIL),
        "penalty_open": found.get(chart.PENALTY_RECEIVABLE, NIL),
        "credit": found.get(chart.BORROWER_CREDIT, NIL),
        "subsidised_total": Fen(subsidised - found.get(chart.SUBSIDY_PAYABLE, 0)),
        "recourse_open": found.get(chart.RECOURSE, NIL),
        "recovered_unremitted": found.get(chart.RECOVERIES_TO_REMIT, NIL),
        "written_off": found.get(chart.LOAN_LOSSES, NIL),
    }


def _schemes(session: Session, loans: Sequence[Loan]) -> dict[tuple[str, int], Scheme]:
    named = {(loan.scheme, loan.scheme_version) for loan in loans}
    return {each: reference.scheme_of(session, *each) for each in named}


def _by_dates(
    loan: Loan,
    schemes: Mapping[tuple[str, int], Scheme],
    found: Mapping[Account, Fen],
    oldest: date | None,
    today: date,
) -> dict[str, Any]:
    """Return a loan's next settlement day, days overdue and grade, as of today (3.4, 3.7, 3.12)."""
    overdue, grade = 0, None
    if loan.rolled_on is not None and open_principal(found):
        overdue = grading.days_overdue(loan.rolled_on, today)
    if loan.disbursed_on is not None and loan.status in OVERDUE:
        scheme = schemes[loan.scheme, loan.scheme_version]
        grade = grading.grade(scheme, overdue, grading.days_unpaid(oldest, today)).value
    return {"next_settlement_on": next_settlement_on(loan), "days_overdue": overdue, "grade": grade}


def next_settlement_on(loan: Loan) -> date | None:
    """Return the day on which a loan's open period will be billed; None if nothing more will fall due on the loan."""
    if loan.next_step_on is None or loan.billed_to is None or loan.rolled_on is None:
        return None
    coming = next_settlement(loan.billed_to)
    return min(coming, loan.rolled_on) if loan.billed_to < loan.rolled_on else coming


def _interest_paid(session: Session, ids: Sequence[int]) -> dict[int, Fen]:
    """Return by loan id the contract interest, in fen, paid by or for the borrower."""
    a = allocations.c
    query = (
        select(a.loan_id, cast(func.sum(a.contract), BigInteger))
        .where(among(session.connection(), a.loan_id, ids), a.payer.in_(sorted(BY_THE_BORROWER)))
        .group_by(a.loan_id)
    )
    return {loan_id: Fen(fen) for loan_id, fen in session.connection().execute(query)}


def _oldest_unpaid(session: Session, ids: Sequence[int]) -> dict[int, date]:
    """Return the day of each loan's oldest bill with unpaid contract interest; loans without such a bill are absent."""
    a, ln = allocations.c, interest_bills.c
    paid = (
        select(a.loan_id, a.period_start, cast(func.sum(a.contract), BigInteger).label("fen"))
        .where(among(session.connection(), a.loan_id, ids))
        .group_by(a.loan_id, a.period_start)
        .subquery()
    )
    joined = interest_bills.outerjoin(paid, (paid.c.loan_id == ln.loan_id) & (paid.c.period_start == ln.period_start))
    query = (
        select(ln.loan_id, func.min(ln.period_end).label("posted_on"))
        .select_from(joined)
        .where(among(session.connection(), ln.loan_id, ids), ln.live, ln.contract > func.coalesce(paid.c.fen, 0))
        .group_by(ln.loan_id)
    )
    return {row.loan_id: row.posted_on for row in session.connection().execute(query)}


def _borrowers(session: Session, loans: Sequence[Loan]) -> dict[int, tuple[str, str | None]]:
    """Return each loan's borrower name by loan id, with a person's id card masked."""
    connection = session.connection()
    members = _by_id(session, Member, {loan.member_id for loan in loans if loan.member_id is not None})
    organisations = connection.execute(
        select(table_of(Organisation).c.id, table_of(Organisation).c.name).where(
            among(connection, table_of(Organisation).c.id, {loan.organisation_id for loan in loans} - {None})
        )
    )
    companies = {row.id: row.name for row in organisations}
    return {
        loan.id: (members[loan.member_id].name, mask_id_card(members[loan.member_id].id_card))
        if loan.member_id is not None
        else (companies[loan.organisation_id], None)
        for loan in loans
    }


def _by_id(session: Session, kind: type[Member], ids: Iterable[int]) -> dict[int, Member]:
    column = table_of(kind).c.id
    found = session.execute(select(kind).where(among(session.connection(), column, ids))).scalars()
    return {row.id: row for row in found}


def _waiting(session: Session, ids: Sequence[int]) -> dict[int, list[Waiting]]:
    query = select(Approval).where(
        among(session.connection(), table_of(Approval).c.loan_id, ids), Approval.status == RequestStatus.PENDING
    )
    by_loan: dict[int, list[Waiting]] = {}
    for row in session.execute(query.order_by(Approval.id)).scalars():
        assert row.loan_id is not None
        by_loan.setdefault(row.loan_id, []).append(Waiting(row.id, row.kind, row.made_by, row.made_on, row.reason))
    return by_loan
