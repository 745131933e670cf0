"""Operations that record deliveries of notices (送达) with signed receipts (回执), and withdraw wrong records."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import select

from ledger.errors import Conflict, NotFound, RuleViolation
from ledger.ids import new_id
from ledger.operations.notices import issue
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice, NoticeChange, NoticeDelivery, NoticeReceipt
from ledger.unit_of_work import Unit

RECEIPT_BYTES_MAX = 4 * 1024 * 1024
RECEIPTS_MAX = 10

# The file types of a receipt, recognised by the first bytes of the file, because a file name does not prove a type.
_MEDIA = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}


class NoticeCancelled(Conflict):
    code = "notice_cancelled"
    zh = "通知书已于 {limit} 作废（{reason:notice_ending}），不能登记 {found} 的送达（{rule}）"
    en = "the notice was cancelled on {limit} ({reason:notice_ending}); a delivery of {found} is not recorded ({rule})"


class NoticeDelivered(Conflict):
    code = "notice_delivered"
    zh = "通知书已于 {found} 登记送达，每份最多送达 {limit} 次；登记有误的先撤回（{rule}）"
    en = "the notice was delivered on {found} already, {limit} time at most; a wrong record is withdrawn first ({rule})"


class NotDelivered(Conflict):
    code = "notice_not_delivered"
    zh = "通知书尚未登记送达（{rule}）"
    en = "no delivery of the notice is recorded ({rule})"


class DeliveredBeforeMade(RuleViolation):
    code = "before_notice"
    zh = "送达日 {found} 早于通知书生成日 {limit}（{rule}）"
    en = "a delivery of {found} lies before the notice's own day, {limit} ({rule})"


class ReceiptTooLarge(RuleViolation):
    code = "receipt_too_large"
    zh = "回执文件须为 1 至 {limit} 字节，实为 {found} 字节"
    en = "a receipt has 1 to {limit} bytes, not {found}"


class ReceiptUnfit(RuleViolation):
    code = "receipt_unfit"
    zh = "回执须为 {limit:media_type} 文件，{found:text} 不是"
    en = "a receipt is one of {limit:media_type}; {found:text} is none of them"


class TooManyReceipts(RuleViolation):
    code = "too_many_receipts"
    zh = "每次送达最多 {limit} 个回执文件，已有 {found} 个"
    en = "a delivery has at most {limit} receipts; it has {found}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The details of a delivery: day, channel, receiver, and the receiver's relation to the borrower."""

    delivered_on: date
    channel: str
    receiver: str
    relation: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """A signed receipt (回执) as a scanned file."""

    file_name: str
    content: bytes


def deliver(unit: Unit, notice_id: int, details: Delivered, receipt: Scan | None = None) -> None:
    """Record that a notice was delivered (scheme 7).

    A cancelled notice counts as delivered where the delivery's day lies before the cancellation. A signed receipt of a
    notice may reach the bank only after the loan of the notice was paid off.

    Raise NotFound, NoticeDelivered, NoticeCancelled, FutureDate, DeliveredBeforeMade, and the errors of `add_receipt`.
    """
    notice = _held(unit, notice_id)
    on = details.delivered_on
    if (earlier := _live_delivery(unit, notice_id)) is not None:
        raise NoticeDelivered(rule="7", limit=1, found=earlier.delivered_on)
    if notice.cancelled_on is not None and on >= notice.cancelled_on:
        raise NoticeCancelled(rule="7", limit=notice.cancelled_on, found=on, reason=notice.cancel_reason)
    unit.not_future(on, "delivered_on")
    if on < notice.created_on:
        raise DeliveredBeforeMade(rule="7", limit=notice.created_on, found=on)
    delivery = NoticeDelivery(
        id=new_id(),
        notice_id=notice_id,
        delivered_on=on,
        channel=details.channel,
        receiver=details.receiver,
        relation=details.relation,
        note=details.note,
        live=True,
        recorded_by=unit.user,
        recorded_on=unit.today,
        recorded_at=unit.recorded_at,
    )
    unit.session.add(delivery)
    notice.cancelled_on = notice.cancel_reason = None
    _keep(unit, notice_id, "delivered", on, details.channel)
    unit.session.flush()
    if receipt is not None:
        _add(unit, delivery, receipt)


def withdraw(unit: Unit, notice_id: int, reason: str) -> None:
    """Withdraw a delivery that was recorded wrongly, with a reason.

    A notice whose delivery is withdrawn is pending again, or cancelled if the loan has ended or has a different due
    date. Raise NotFound, NotDelivered.
    """
    _held(unit, notice_id)
    delivery = _delivery(unit, notice_id)
    delivery.live = None
    _keep(unit, notice_id, "withdrawn", delivery.delivered_on, reason)
    unit.session.flush()
    issue.reconcile(unit, [unit.session.get_one(Notice, notice_id).loan_id], None)
    unit.session.expire_all()


def add_receipt(unit: Unit, notice_id: int, receipt: Scan) -> int:
    """Store a signed receipt of a notice's delivery, and return the receipt's id.

    A receipt file that is added twice is stored once. Raise NotFound, NotDelivered, ReceiptTooLarge, ReceiptUnfit,
    TooManyReceipts.
    """
    _held(unit, notice_id)
    return _add(unit, _delivery(unit, notice_id), receipt)


def _add(unit: Unit, delivery: NoticeDelivery, receipt: Scan) -> int:
    media, digest = _media(receipt), sha256(receipt.content).hexdigest()
    query = select(NoticeReceipt.id, NoticeReceipt.sha256).where(NoticeReceipt.delivery_id == delivery.id)
    ids_by_hash = {row.sha256: row.id for row in unit.session.execute(query)}
    if digest in ids_by_hash:
        return int(ids_by_hash[digest])
    if len(ids_by_hash) >= RECEIPTS_MAX:
        raise TooManyReceipts(rule="7", limit=RECEIPTS_MAX, found=len(ids_by_hash))
    stored = NoticeReceipt(
        id=new_id(),
        delivery_id=delivery.id,
        file_name=receipt.file_name,
        media_type=media,
        size=len(receipt.content),
        sha256=digest,
        content=receipt.content,
        recorded_by=unit.user,
        recorded_at=unit.recorded_at,
    )
    unit.session.add(stored)
    unit.session.flush()
    return stored.id


def _media(receipt: Scan) -> str:
    if not 0 < len(receipt.content) <= RECEIPT_BYTES_MAX:
        raise ReceiptTooLarge(rule="7", limit=RECEIPT_BYTES_MAX, found=len(receipt.content))
    for head, media in _MEDIA.items():
        if receipt.content.startswith(head):
            return media
    raise ReceiptUnfit(rule="7", limit=", ".join(_MEDIA.values()), found=receipt.file_name)


def _held(unit: Unit, notice_id: int) -> Notice:
    """Lock the loan of a notice and all notices of the loan, and return the notice; raise NotFound."""
    query = select(Notice.loan_id).where(Notice.id == notice_id)
    loan_id = unit.session.execute(query).scalar()
    if loan_id is None:
        raise NotFound(what="notice", id=str(notice_id))
    unit.session.execute(select(Loan.id).where(Loan.id == loan_id).with_for_update())
    return unit.session.get_one(Notice, notice_id, populate_existing=True)


def _live_delivery(unit: Unit, notice_id: int) -> NoticeDelivery | None:
    live = select(NoticeDelivery).where(NoticeDelivery.notice_id == notice_id, NoticeDelivery.live.is_(True))
    return unit.session.execute(live).scalar()


def _delivery(unit: Unit, notice_id: int) -> NoticeDelivery:
    if (delivery := _live_delivery(unit, notice_id)) is None:
        raise NotDelivered(rule="7")
    return delivery


def _keep(unit: Unit, notice_id: int, step: str, on: date, reason: str) -> None:
    unit.session.add(
        NoticeChange(
            id=new_id(),
            notice_id=notice_id,
            step=step,
            on=on,
            by=unit.user,
            reason=reason,
            recorded_at=unit.recorded_at,
        )
    )
