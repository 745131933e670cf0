"""Reports of subsidy batches, with their totals, lines, public lists and histories."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Select, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from ledger.calendar import WorkCalendar
from ledger.database import among, table_of
from ledger.money import Fen
from ledger.policy import subsidy
from ledger.policy.identity import mask_name
from ledger.queries import reference
from ledger.reports.lending.statements import line_id
from ledger.tables.borrowers import Household, Member, Organisation
from ledger.tables.loans import Loan
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange, SubsidyLine, subsidy_claims

_LINES = table_of(SubsidyLine)
_LOANS = table_of(Loan)


@dataclass(frozen=True, slots=True)
class BatchShown:
    """A subsidy batch (贴息批次) with the count and the total amount of its live lines.

    `pay_by` is computed from the calendars published at the time of the report. `submitted_recorded_on` is given only
    if the submission was recorded after its business day.
    """

    id: int
    bank: str
    county: str
    cycle: str
    period: str
    status: str
    cut_off: date
    submit_by: date
    late: bool
    pay_by: date | None
    pay_by_provisional: bool
    drafted_by: str
    drafted_on: date
    refreshed_on: date
    submitted_by: str | None
    submitted_on: date | None
    submitted_recorded_on: date | None
    approved_by: str | None
    approved_on: date | None
    verified_by: str | None
    verified_on: date | None
    paid_by: str | None
    paid_on: date | None
    return_reason: str | None
    line_count: int
    rebilled_count: int
    total: Fen


def batches(session: Session, rows: Sequence[SubsidyBatch], today: date) -> list[BatchShown]:
    """Return batches with the totals of their lines, which one query reads."""
    c = _LINES.c
    query = (
        select(c.batch_id, func.count(), sql_cast(func.sum(c.fen), BigInteger), func.count().filter(c.stale))
        .where(among(session.connection(), c.batch_id, [batch.id for batch in rows]), c.live)
        .group_by(c.batch_id)
    )
    sums = {batch_id: (lines, fen, stale) for batch_id, lines, fen, stale in session.connection().execute(query)}
    calendar = reference.work_calendar(session)
    return [_batch(batch, calendar, today, *sums.get(batch.id, (0, 0, 0))) for batch in rows]


def _batch(batch: SubsidyBatch, calendar: WorkCalendar, today: date, lines: int, total: int, stale: int) -> BatchShown:
    pay_by = None if batch.approved_on is None else subsidy.pay_by(batch.approved_on, batch.pay_days, calendar)
    recorded = batch.submitted_recorded_on
    return BatchShown(
        **{name: getattr(batch, name) for name in _SAME_NAME},
        cut_off=batch.cut_off or batch.submit_by,
        late=(batch.submitted_on or today) > batch.submit_by,
        pay_by=pay_by.on if pay_by else None,
        pay_by_provisional=pay_by is not None and pay_by.provisional,
        drafted_by=batch.maker,
        submitted_recorded_on=None if recorded is None or recorded == batch.submitted_on else recorded,
        line_count=lines,
        rebilled_count=stale,
        total=Fen(total),
    )


_SAME_NAME = (
    "id",
    "bank",
    "county",
    "cycle",
    "period",
    "status",
    "submit_by",
    "drafted_on",
    "refreshed_on",
    "submitted_by",
    "submitted_on",
    "approved_by",
    "approved_on",
    "verified_by",
    "verified_on",
    "paid_by",
    "paid_on",
    "return_reason",
)


@dataclass(frozen=True, slots=True)
class SubsidyLineShown:
    """A line of a batch; `status` is live, rejected or returned, and `reason` explains a rejected or returned line."""

    id: int
    loan_id: int
    contract_no: str
    borrower: str
    line_ids: tuple[str, ...]
    kind: str
    period: str
    period_start: date
    period_end: date
    days: int
    interest: Fen
    eligible: Fen
    share: Decimal
    subsidy: Fen
    of_line_id: int | None
    status: str
    rebilled: bool
    reason: str | None


def chosen_lines(batch_id: int) -> Select[SubsidyLine]:
    """Return a query for the live lines of a batch and for the lines rejected or returned one by one."""
    c = SubsidyLine
    return select(c).where(c.batch_id == batch_id, c.live.is_(True) | c.outcome.in_(("rejected", "returned")))


def lines(session: Session, rows: Sequence[SubsidyLine]) -> list[SubsidyLineShown]:
    """Return lines with the contract number, the borrower and the claimed settlement lines, with two queries."""
    loans = _borrowers(session, {line.loan_id for line in rows})
    claims = _claimed(session, [line.id for line in rows])
    return [
        SubsidyLineShown(
            line.id,
            line.loan_id,
            loans[line.loan_id].contract_no,
            loans[line.loan_id].name,
            tuple(line_id(line.loan_id, start) for start in claims.get(line.id, ())),
            line.kind,
            line.period,
            line.period_start,
            line.period_end,
            line.days,
            Fen(line.interest),
            Fen(line.eligible),
            line.share,
            Fen(line.fen),
            line.of_line_id,
            "live" if line.live else str(line.outcome),
            line.stale,
            line.reason,
        )
        for line in rows
    ]


def _claimed(session: Session, line_ids: Sequence[int]) -> dict[int, list[date]]:
    k = subsidy_claims.c
    query = select(k.line_id, k.period_start).where(among(session.connection(), k.line_id, line_ids))
    starts: dict[int, list[date]] = {}
    for owner, start in session.connection().execute(query.order_by(k.line_id, k.period_start)):
        starts.setdefault(owner, []).append(start)
    return starts


@dataclass(frozen=True, slots=True)
class _Borrower:
    contract_no: str
    name: str
    town: str
    village: str


def _borrowers(session: Session, loan_ids: Iterable[int]) -> dict[int, _Borrower]:
    query = (
        select(Loan.id, Loan.contract_no, Member.name, Organisation.name, Household.town, Household.village)
        .outerjoin(Member, Member.id == Loan.member_id)
        .outerjoin(Organisation, Organisation.id == Loan.organisation_id)
        .outerjoin(Household, Household.id == Loan.household_id)
        .where(among(session.connection(), _LOANS.c.id, loan_ids))
    )
    return {
        loan: _Borrower(contract_no, member or organisation or "", town or "", village or "")
        for loan, contract_no, member, organisation, town, village in session.connection().execute(query)
    }


@dataclass(frozen=True, slots=True)
class PublicLine:
    """A row of the public list (公示), without anything that identifies the person or the bank card."""

    name: str
    town: str
    village: str
    kind: str
    period: str
    period_start: date
    period_end: date
    days: int
    interest: Fen
    subsidy: Fen


def public_lines(session: Session, rows: Sequence[SubsidyLine]) -> list[PublicLine]:
    """Return lines for the public list, with masked names (4.10)."""
    loans = _borrowers(session, {line.loan_id for line in rows})
    return [
        PublicLine(
            mask_name(loans[line.loan_id].name),
            loans[line.loan_id].town,
            loans[line.loan_id].village,
            line.kind,
            line.period,
            line.period_start,
            line.period_end,
            line.days,
            Fen(line.interest),
            Fen(line.fen),
        )
        for line in rows
    ]


def history(session: Session, batch_id: int) -> Sequence[SubsidyChange]:
    """Return every step taken on a batch or on a line of the batch, oldest first."""
    query = select(SubsidyChange).where(SubsidyChange.batch_id == batch_id).order_by(SubsidyChange.id)
    return session.execute(query).scalars().all()
