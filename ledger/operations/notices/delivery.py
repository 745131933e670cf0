"""A notice's delivery (送达): recorded apart from its making, with its signed receipt; taken back with a reason."""

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

# What a receipt may be, by how its bytes begin; what somebody calls a file says nothing.
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
    """A delivery as told: on which day, by what way, to whom, that person's relation to the borrower."""

    delivered_on: date
    channel: str
    receiver: str
    relation: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """A signed receipt (回执) as it was scanned."""

    file_name: str
    content: bytes


def deliver(unit: Unit, notice_id: int, told: Delivered, receipt: Scan | None = None) -> None:
    """Record that a notice was handed over (scheme 7).

    A slip may come in after the loan was paid off: what was delivered before the notice was cancelled is recorded.
    Raises NotFound, NoticeDelivered, NoticeCancelled, FutureDate, DeliveredBeforeMade, and what `add_receipt` raises.
    """
    notice = _held(unit, notice_id)
    on = told.delivered_on
    if (standing := _standing(unit, notice_id)) is not None:
        raise NoticeDelivered(rule="7", limit=1, found=standing.delivered_on)
    if notice.cancelled_on is not None and on >= notice.cancelled_on:
        raise NoticeCancelled(rule="7", limit=notice.cancelled_on, found=on, reason=notice.cancel_reason)
    unit.not_future(on, "delivered_on")
    if on < notice.created_on:
        raise DeliveredBeforeMade(rule="7", limit=notice.created_on, found=on)
    delivery = NoticeDelivery(
        id=new_id(),
        notice_id=notice_id,
        delivered_on=on,
        channel=told.channel,
        receiver=told.receiver,
        relation=told.relation,
        note=told.note,
        live=True,
        recorded_by=unit.user,
        recorded_on=unit.today,
        recorded_at=unit.recorded_at,
    )
    unit.session.add(delivery)
    notice.cancelled_on = notice.cancel_reason = None
    _keep(unit, notice_id, "delivered", on, told.channel)
    unit.session.flush()
    if receipt is not None:
        _add(unit, delivery, receipt)


def withdraw(unit: Unit, notice_id: int, reason: str) -> None:
    """Take back a delivery that was recorded wrongly; the notice waits again, or is cancelled as its loan stands.

    Raises NotFound, NotDelivered.
    """
    _held(unit, notice_id)
    delivery = _delivery(unit, notice_id)
    delivery.live = None
    _keep(unit, notice_id, "withdrawn", delivery.delivered_on, reason)
    unit.session.flush()
    issue.bring_in_step(unit, [unit.session.get_one(Notice, notice_id).loan_id], None)
    unit.session.expire_all()


def add_receipt(unit: Unit, notice_id: int, receipt: Scan) -> int:
    """Keep a signed receipt of a delivery, by the hash of its bytes; the same again is the one that is there.

    Raises NotFound, NotDelivered, ReceiptTooLarge, ReceiptUnfit, TooManyReceipts.
    """
    _held(unit, notice_id)
    return _add(unit, _delivery(unit, notice_id), receipt)


def _add(unit: Unit, delivery: NoticeDelivery, receipt: Scan) -> int:
    media, digest = _media(receipt), sha256(receipt.content).hexdigest()
    query = select(NoticeReceipt.id, NoticeReceipt.sha256).where(NoticeReceipt.delivery_id == delivery.id)
    there = {row.sha256: row.id for row in unit.session.execute(query)}
    if digest in there:
        return int(there[digest])
    if len(there) >= RECEIPTS_MAX:
        raise TooManyReceipts(rule="7", limit=RECEIPTS_MAX, found=len(there))
    kept = NoticeReceipt(
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
    unit.session.add(kept)
    unit.session.flush()
    return kept.id


def _media(receipt: Scan) -> str:
    if not 0 < len(receipt.content) <= RECEIPT_BYTES_MAX:
        raise ReceiptTooLarge(rule="7", limit=RECEIPT_BYTES_MAX, found=len(receipt.content))
    for head, media in _MEDIA.items():
        if receipt.content.startswith(head):
            return media
    raise ReceiptUnfit(rule="7", limit=", ".join(_MEDIA.values()), found=receipt.file_name)


def _held(unit: Unit, notice_id: int) -> Notice:
    """The notice, its loan locked first as every change of its notices does."""
    query = select(Notice.loan_id).where(Notice.id == notice_id)
    loan_id = unit.session.execute(query).scalar()
    if loan_id is None:
        raise NotFound(what="notice", id=str(notice_id))
    unit.session.execute(select(Loan.id).where(Loan.id == loan_id).with_for_update())
    return unit.session.get_one(Notice, notice_id, populate_existing=True)


def _standing(unit: Unit, notice_id: int) -> NoticeDelivery | None:
    live = select(NoticeDelivery).where(NoticeDelivery.notice_id == notice_id, NoticeDelivery.live.is_(True))
    return unit.session.execute(live).scalar()


def _delivery(unit: Unit, notice_id: int) -> NoticeDelivery:
    if (found := _standing(unit, notice_id)) is None:
        raise NotDelivered(rule="7")
    return found


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
