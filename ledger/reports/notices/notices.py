"""Lists of notices with their status on a day: pending, late, delivered or cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from ledger.policy.notices import number_of
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice as NoticeRow
from ledger.tables.notices import NoticeDelivery

NoticeStatus = Literal["pending", "late", "delivered", "cancelled"]
NOTICE_STATUSES: tuple[NoticeStatus, ...] = get_args(NoticeStatus)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice before maturity (催收通知书) of kind D30 or D7.

    `number` is the number printed on the notice on paper. `status` is `late` if the notice is pending after the day
    `deliver_by`. `late` is true if the notice, now pending, delivered or cancelled, was still pending after the day
    `deliver_by`.
    """

    id: int
    number: str
    kind: str
    loan_id: int
    contract_no: str
    bank: str
    county: str
    due_on: date
    created_on: date
    made_on: date
    deliver_by: date
    delivered_on: date | None
    channel: str | None
    receiver: str | None
    relation: str | None
    note: str | None
    cancelled_on: date | None
    cancel_reason: str | None
    status: NoticeStatus
    late: bool


def chosen(
    *,
    on: date,
    ids: Sequence[int] | None = None,
    bank: str | None = None,
    county: str | None = None,
    loan_id: int | None = None,
    kind: str | None = None,
    status: NoticeStatus | None = None,
    created_from: date | None = None,
    created_to: date | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
    of_day: date | None = None,
) -> Select[NoticeRow, NoticeDelivery | None, str]:
    """Return an unsorted query for notices by filters; `status` is the status on the day `on`.

    `of_day` selects the notices due on a day, and the notices that were issued on that day because earlier runs were
    missed.
    """
    n = NoticeRow
    delivered = and_(NoticeDelivery.notice_id == n.id, NoticeDelivery.live.is_(True))
    query = select(n, NoticeDelivery, Loan.contract_no).join(Loan, Loan.id == n.loan_id)
    query = query.outerjoin(NoticeDelivery, delivered)
    for column, value in ((n.bank, bank), (n.county, county), (n.loan_id, loan_id), (n.kind, kind)):
        if value is not None:
            query = query.where(column == value)
    if ids is not None:
        query = query.where(n.id.in_(ids))
    for day, first, last in ((n.created_on, created_from, created_to), (n.due_on, due_from, due_to)):
        if first is not None:
            query = query.where(day >= first)
        if last is not None:
            query = query.where(day <= last)
    if of_day is not None:
        query = query.where(or_(n.created_on == of_day, n.made_on == of_day), n.created_on <= of_day)
    return query if status is None else query.where(*_WITH_STATUS[status](on))


_WITH_STATUS: dict[NoticeStatus, Callable[[date], list[ColumnElement[bool]]]] = {
    "pending": lambda on: [*_waits(), NoticeRow.deliver_by >= on],
    "late": lambda on: [*_waits(), NoticeRow.deliver_by < on],
    "delivered": lambda on: [NoticeDelivery.id.is_not(None)],
    "cancelled": lambda on: [NoticeRow.cancelled_on.is_not(None), NoticeDelivery.id.is_(None)],
}


def _waits() -> list[ColumnElement[bool]]:
    return [NoticeRow.cancelled_on.is_(None), NoticeDelivery.id.is_(None)]


def notices(session: Session, *, on: date, **filters: Any) -> list[Notice]:
    """Return notices as of a day that match `chosen`, sorted by bank, county, day, due date, contract and kind."""
    n = NoticeRow
    query = chosen(on=on, **filters).order_by(n.bank, n.county, n.created_on, n.due_on, Loan.contract_no, n.kind, n.id)
    return [shown(row, delivery, contract_no, on) for row, delivery, contract_no in session.execute(query)]


def shown(row: NoticeRow, delivery: NoticeDelivery | None, contract_no: str, on: date) -> Notice:
    """Return a notice made from its rows, with its status on a day."""
    ended = row.cancelled_on if delivery is None else delivery.delivered_on
    status: NoticeStatus = "pending"
    if delivery is not None:
        status = "delivered"
    elif row.cancelled_on is not None:
        status = "cancelled"
    elif row.deliver_by < on:
        status = "late"
    return Notice(
        id=row.id,
        number=number_of(contract_no, row.due_on, row.kind),
        kind=row.kind,
        loan_id=row.loan_id,
        contract_no=contract_no,
        bank=row.bank,
        county=row.county,
        due_on=row.due_on,
        created_on=row.created_on,
        made_on=row.made_on,
        deliver_by=row.deliver_by,
        delivered_on=None if delivery is None else delivery.delivered_on,
        channel=None if delivery is None else delivery.channel,
        receiver=None if delivery is None else delivery.receiver,
        relation=None if delivery is None else delivery.relation,
        note=None if delivery is None else delivery.note,
        cancelled_on=row.cancelled_on,
        cancel_reason=row.cancel_reason,
        status=status,
        late=(ended or on) > row.deliver_by,
    )
