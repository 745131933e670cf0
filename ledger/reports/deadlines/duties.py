"""The duties with deadlines; each kind of duty has a function with one or two queries for any number of duties."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import and_, case, exists, extract, func, or_, select
from sqlalchemy.orm import Session

from ledger import dates
from ledger.balances import Clocks
from ledger.calendar import WorkCalendar
from ledger.dates import Quarter, business_day, month_last, month_of
from ledger.policy import risk_fund, subsidy
from ledger.queries import reference
from ledger.statuses import BatchStatus, ReportStatus, SheetStatus
from ledger.tables.claims import Recovery
from ledger.tables.fund import IssuanceReport
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice, NoticeDelivery
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange, SubsidyLine
from ledger.tables.work import Import

What = Literal[
    "issuance_report",
    "subsidy_list",
    "subsidy_payment",
    "recovery_remittance",
    "import_confirmation",
    "notice_delivery",
]
WHATS: tuple[What, ...] = get_args(What)
Office = Literal["bank", "finance"]
OFFICES: tuple[Office, ...] = get_args(Office)


@dataclass(frozen=True, slots=True)
class Owed:
    """A duty of an office: its kind, bank, county, subject and last day; `rule` is the clause of the scheme.

    `done_on` is the day on which the last of the `items` was done, or None while an item is open; `done` counts the
    items done. `provisional` is true if the last day depends on a year whose calendar is not published. The duty to
    confirm an imported sheet has no county.
    """

    what: What
    rule: str
    office: Office
    bank: str
    county: str | None
    subject: str
    subject_id: int | None
    due_on: date
    done_on: date | None
    provisional: bool = False
    items: int = 1
    done: int = 0

    @property
    def open(self) -> int:
        """Return the number of items of the duty that are not done."""
        return self.items - self.done if self.done_on is None else 0


class Question(NamedTuple):
    """What a query of duties asks: the day, the moment, the calendar, and whether to include done duties.

    `known_at` is compared with the exact moment of recording for batches, imports and notices, and with the business
    day of recording for issuance reports. Payouts and remittances count from the day on which they were made. With
    `outstanding`, a function may leave out duties already done.
    """

    session: Session
    clocks: Clocks
    calendar: WorkCalendar
    outstanding: bool

    def known(self, recorded_at: Any) -> Any:
        """Return the SQL condition that a row was recorded at or before the requested moment."""
        known_at = self.clocks.known_at
        return recorded_at <= (dates.micros(known_at) if known_at is not None else _EVER)


_EVER = 2**63 - 1


def issuance_reports(asked: Question) -> Iterator[Owed]:
    """Return the issuance reports (放款情况汇总表) owed for quarters in which a bank lent in a county.

    An issuance report is due on or before the 10th day of the month after the quarter (scheme 5.5).
    """
    r, clocks = IssuanceReport, asked.clocks
    query = select(r.county, r.bank, r.quarter, func.min(r.submitted_on)).where(
        r.status == ReportStatus.SUBMITTED, r.submitted_on <= clocks.as_of
    )
    if clocks.known_at is not None:
        query = query.where(r.submitted_recorded_on <= business_day(clocks.known_at))
    rows = asked.session.execute(query.group_by(r.county, r.bank, r.quarter)).all()
    submitted = {(county, bank, Quarter.parse(quarter)): on for county, bank, quarter, on in rows}
    scheme = reference.latest_scheme(asked.session, reference.MAIN_SCHEME)
    for key in _lent_in(asked):
        county, bank, quarter = key
        if quarter.calendar.end <= clocks.as_of:
            yield Owed(
                "issuance_report",
                "5.5",
                "bank",
                bank,
                county,
                str(quarter),
                None,
                risk_fund.report_due_by(scheme, quarter),
                submitted.get(key),
            )


def _lent_in(asked: Question) -> set[tuple[str, str, Quarter]]:
    """Return each county, bank and quarter with loans paid out on or before the day, except renewals (5.2)."""
    parts = (Loan.county, Loan.bank, extract("year", Loan.disbursed_on), extract("month", Loan.disbursed_on))
    query = select(*parts).where(Loan.disbursed_on <= asked.clocks.as_of, Loan.renews_id.is_(None))
    rows = asked.session.execute(query.group_by(*parts))
    return {(county, bank, Quarter(int(year), (int(month) + 2) // 3)) for county, bank, year, month in rows}


def subsidy_batches(asked: Question) -> Iterator[Owed]:
    """Return the duties for subsidy lists (贴息名单).

    The bank submits a subsidy list on or before the 26th (scheme 4.4); the finance bureau pays the list within a number
    of working days after approval (4.5).
    """
    b, c = SubsidyBatch, SubsidyChange
    whole = and_(c.batch_id == b.id, c.line_id.is_(None), c.on <= asked.clocks.as_of, asked.known(c.recorded_at))
    lines = exists().where(SubsidyLine.batch_id == b.id, SubsidyLine.live.is_(True))
    listed = or_(
        b.status.not_in((BatchStatus.DRAFT, BatchStatus.RETURNED)), lines
    )  # A draft batch without lines need not be submitted.
    rows = asked.session.execute(
        select(b.id, b.bank, b.county, b.period, b.submit_by, b.pay_days, c.step, c.on)
        .outerjoin(c, whole)
        .where(b.drafted_on <= asked.clocks.as_of, listed)
        .order_by(b.id, c.id)
    ).all()
    for _, changes in groupby(rows, key=lambda row: row.id):
        yield from _batch(asked, list(changes))


def _batch(asked: Question, changes: list[Any]) -> Iterator[Owed]:
    """Return the duties for a subsidy batch from its changes of status; a returned batch must be submitted again."""
    row = changes[0]
    days: dict[str, date] = {}
    for change in changes:
        if change.step == "return":
            days.clear()
        elif change.step is not None:
            days[change.step] = change.on
    about = (row.bank, row.county, row.period, row.id)
    submitted_on, approved_on, paid_on = (days.get(step) for step in ("submit", "approve", "pay"))
    yield Owed("subsidy_list", "4.4", "bank", *about, row.submit_by, submitted_on)
    if approved_on is not None:
        by = subsidy.pay_by(approved_on, row.pay_days, asked.calendar)
        yield Owed("subsidy_payment", "4.5", "finance", *about, by.on, paid_on, by.provisional)


def recoveries(asked: Question) -> Iterator[Owed]:
    """Return the duties to remit the fund's part of recoveries (追回款) in time after the receipt (scheme 6.6)."""
    r, as_of = Recovery, asked.clocks.as_of
    query = select(
        r.id, r.bank, r.county, r.received_on, r.remitted_on, Loan.contract_no, Loan.scheme, Loan.scheme_version
    ).join(Loan, Loan.id == r.loan_id)
    for row in asked.session.execute(query.where(r.live.is_(True), r.to_fund > 0, r.received_on <= as_of)):
        scheme = reference.scheme_of(asked.session, row.scheme, row.scheme_version)
        due_on = asked.calendar.add_working_days(row.received_on, scheme.remittance_working_days)
        done_on = row.remitted_on if row.remitted_on is not None and row.remitted_on <= as_of else None
        yield Owed(
            "recovery_remittance",
            "6.6",
            "bank",
            row.bank,
            row.county,
            row.contract_no,
            row.id,
            due_on,
            done_on,
            asked.calendar.is_provisional(due_on) or asked.calendar.is_provisional(row.received_on),
        )


def imports(asked: Question) -> Iterator[Owed]:
    """Return the duties to confirm or reject imported sheets (导入) of loans and repayments (scheme 1).

    A sheet must be confirmed or rejected on or before the last day of its month, because an undecided sheet blocks
    closing the month.
    """
    i, as_of = Import, asked.clocks.as_of
    decided = and_(i.decided_on <= as_of, asked.known(i.decided_at))
    query = select(i.id, i.bank, i.file_name, i.made_on, case((decided, i.decided_on)).label("done_on")).where(
        i.kind.in_(("loans", "repayments")),
        i.status.in_((SheetStatus.BOOKED, SheetStatus.APPROVED, SheetStatus.REJECTED)),
        i.made_on <= as_of,
        asked.known(i.made_at),
    )
    for row in asked.session.execute(query):
        due_on = month_last(month_of(row.made_on))
        yield Owed("import_confirmation", "1", "bank", row.bank, None, row.file_name, row.id, due_on, row.done_on)


def notices(asked: Question) -> Iterator[Owed]:
    """Return the duties to deliver notices (催收通知书) on or before the notices' last day (scheme 7).

    The notices of one bank, county, kind and last day make a single duty.
    """
    n, d, as_of = Notice, NoticeDelivery, asked.clocks.as_of
    delivery = and_(d.notice_id == n.id, d.live.is_(True), d.delivered_on <= as_of, asked.known(d.recorded_at))
    counted = or_(d.id.is_not(None), n.cancelled_on.is_(None), n.cancelled_on > as_of)
    about = (n.bank, n.county, n.kind, n.deliver_by)
    query = (
        select(*about, func.count(), func.count(d.id), func.max(d.delivered_on))
        .outerjoin(d, delivery)
        .where(n.made_on <= as_of, asked.known(n.recorded_at), counted)
        .group_by(*about)
    )
    if asked.outstanding:
        query = query.having(func.count(d.id) < func.count())
    for bank, county, kind, deliver_by, items, done, last in asked.session.execute(query):
        done_on = last if done == items else None
        yield Owed("notice_delivery", "7", "bank", bank, county, kind, None, deliver_by, done_on, False, items, done)


SOURCES: tuple[Callable[[Question], Iterator[Owed]], ...] = (
    issuance_reports,
    subsidy_batches,
    recoveries,
    imports,
    notices,
)
