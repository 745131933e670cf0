"""Reports of a notice with its history: deliveries (including withdrawn ones), receipts and steps."""

from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from ledger.errors import NotFound
from ledger.reports.notices import notices
from ledger.reports.notices.notices import Notice
from ledger.tables.notices import Notice as NoticeRow
from ledger.tables.notices import NoticeChange, NoticeDelivery, NoticeReceipt


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A signed receipt (回执) of a delivery, without the bytes of its file."""

    id: int
    file_name: str
    media_type: str
    size: int
    sha256: str
    recorded_by: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """A recorded delivery of a notice (送达)."""

    id: int
    delivered_on: date
    channel: str
    receiver: str
    relation: str
    note: str
    withdrawn: bool
    recorded_by: str
    recorded_on: date
    recorded_at: int
    receipts: tuple[ReceiptShown, ...]


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step recorded on a notice after the notice was issued."""

    step: str
    on: date
    by: str
    reason: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class NoticeHistory(Notice):
    """A notice (催收通知书) and its history."""

    made_by: str
    deliveries: tuple[DeliveryShown, ...]
    steps: tuple[StepShown, ...]


def history(session: Session, notice_id: int, on: date) -> NoticeHistory:
    """Return a notice as of a day with its history; raise NotFound for an unknown id."""
    shown = notices.notices(session, on=on, ids=[notice_id])
    if not shown:
        raise NotFound(what="notice", id=str(notice_id))
    made_by = session.execute(select(NoticeRow.made_by).where(NoticeRow.id == notice_id)).scalar_one()
    own = {each.name: getattr(shown[0], each.name) for each in fields(shown[0])}
    deliveries, steps = _deliveries(session, notice_id), _steps(session, notice_id)
    return NoticeHistory(**own, made_by=made_by, deliveries=deliveries, steps=steps)


def receipt(session: Session, notice_id: int, receipt_id: int) -> NoticeReceipt:
    """Return a receipt with the bytes of its file; raise NotFound if the receipt does not belong to the notice."""
    query = select(NoticeReceipt).join(NoticeDelivery, NoticeDelivery.id == NoticeReceipt.delivery_id)
    query = query.where(NoticeReceipt.id == receipt_id, NoticeDelivery.notice_id == notice_id)
    row = session.execute(query).scalar()
    if row is None:
        raise NotFound(what="receipt", id=str(receipt_id))
    return row


def _deliveries(session: Session, notice_id: int) -> tuple[DeliveryShown, ...]:
    d, r = NoticeDelivery, NoticeReceipt
    query = select(r).join(d, d.id == r.delivery_id).where(d.notice_id == notice_id).order_by(r.id)
    receipts: dict[int, list[ReceiptShown]] = {}
    for row in session.execute(query.options(defer(r.content))).scalars():
        receipts.setdefault(row.delivery_id, []).append(
            ReceiptShown(
                row.id,
                row.file_name,
                row.media_type,
                row.size,
                row.sha256,
                row.recorded_by,
                row.recorded_at,
            )
        )
    rows = session.execute(select(d).where(d.notice_id == notice_id).order_by(d.recorded_at, d.id)).scalars()
    return tuple(
        DeliveryShown(
            row.id,
            row.delivered_on,
            row.channel,
            row.receiver,
            row.relation,
            row.note,
            row.live is None,
            row.recorded_by,
            row.recorded_on,
            row.recorded_at,
            tuple(receipts.get(row.id, ())),
        )
        for row in rows
    )


def _steps(session: Session, notice_id: int) -> tuple[StepShown, ...]:
    c = NoticeChange
    rows = session.execute(select(c).where(c.notice_id == notice_id).order_by(c.recorded_at, c.id)).scalars()
    return tuple(StepShown(row.step, row.on, row.by, row.reason, row.recorded_at) for row in rows)
