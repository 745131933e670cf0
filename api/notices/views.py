"""The views that list notices before maturity, and record deliveries and signed receipts of notices."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import date
from typing import Any

import marshmallow as ma
from flask import Response
from flask_smorest.fields import Upload
from marshmallow.fields import List, Nested, String
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from api.core import edge
from api.core.errors import Malformed
from api.core.fields import Choice, Code, Day, Id, Moment, Text, Truth, Whole
from api.core.idempotency import Reply
from api.core.paging import Listing
from api.core.routes import Blueprint, replied, to_json
from api.core.schemas import Answer, Body, Query
from ledger.labels import Said
from ledger.operations.notices import delivery as operations
from ledger.operations.notices.delivery import Delivered, Scan
from ledger.policy.notices import KINDS
from ledger.reports.notices import histories, notices
from ledger.reports.notices.histories import NoticeHistory
from ledger.reports.notices.notices import NOTICE_STATUSES
from ledger.tables.notices import Notice
from ledger.unit_of_work import Unit

blueprint = Blueprint("notices", "/notices", "催收: notices 30 and 7 days before the due date, and their delivery")


class NoticeQuery(Query):
    """The query of notices; `status` is the status on the day `on`."""

    bank = Code()
    county = Code()
    loan = Id(attribute="loan_id")
    kind = Choice(*KINDS)
    status = Choice(*NOTICE_STATUSES)
    created_from = Day()
    created_to = Day()
    due_from = Day()
    due_to = Day()
    on = Day(load_default=edge.today)


class NoticeAnswer(Answer):
    """催收通知书; `late` tells that the notice was neither delivered nor cancelled by the day `deliver_by`."""

    id = Id(required=True)
    number = String(required=True)
    kind = Choice(*KINDS, required=True)
    loan_id = Id(required=True)
    contract_no = String(required=True)
    bank = Code(required=True)
    county = Code(required=True)
    due_on = Day(required=True)
    created_on = Day(required=True)
    made_on = Day(required=True)
    deliver_by = Day(required=True)
    delivered_on = Day(required=True, allow_none=True)
    channel = String(required=True, allow_none=True)
    receiver = String(required=True, allow_none=True)
    relation = String(required=True, allow_none=True)
    note = String(required=True, allow_none=True)
    cancelled_on = Day(required=True, allow_none=True)
    cancel_reason = String(required=True, allow_none=True)
    status = Choice(*NOTICE_STATUSES, required=True)
    late = Truth(required=True)


class NoticeReceiptAnswer(Answer):
    """回执"""

    id = Id(required=True)
    file_name = String(required=True)
    media_type = String(required=True)
    size = Whole(least=0, most=2**31, required=True)
    sha256 = String(required=True)
    recorded_by = String(required=True)
    recorded_at = Moment(required=True)


class NoticeDeliveryAnswer(Answer):
    """送达登记; withdrawn deliveries are included."""

    id = Id(required=True)
    delivered_on = Day(required=True)
    channel = String(required=True)
    receiver = String(required=True)
    relation = String(required=True)
    note = String(required=True)
    withdrawn = Truth(required=True)
    recorded_by = String(required=True)
    recorded_on = Day(required=True)
    recorded_at = Moment(required=True)
    receipts = List(Nested(NoticeReceiptAnswer), required=True)


class NoticeStepAnswer(Answer):
    """A change of a notice after it was made."""

    step = String(required=True)
    on = Day(required=True)
    by = String(required=True)
    reason = String(required=True)
    recorded_at = Moment(required=True)


class NoticeWhole(NoticeAnswer):
    """催收通知书 with its history."""

    made_by = String(required=True)
    deliveries = List(Nested(NoticeDeliveryAnswer), required=True)
    steps = List(Nested(NoticeStepAnswer), required=True)


class NoticeAttachmentBody(Body):
    """回执扫描件: a PDF, JPEG or PNG file of at most 4 MiB, in base64."""

    file_name = Text(most=255, required=True)
    content = String(required=True, validate=ma.validate.Length(max=operations.RECEIPT_BYTES_MAX * 4 // 3 + 4))


class NoticeDeliveryBody(Body):
    """送达登记: the way of delivery, the receiver and the day; `on` is another name for `delivered_on`."""

    delivered_on = Day()
    on = Day()
    channel = Text(most=20, required=True)
    receiver = Text(most=60, required=True)
    relation = Text(most=20, least=0, load_default="")
    note = Text(most=500, least=0, load_default="")
    attachment = Nested(NoticeAttachmentBody, load_default=None, allow_none=True)

    @ma.post_load
    def _one_day(self, sent: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        on = sent.pop("on", None)
        if on is not None and sent.setdefault("delivered_on", on) != on:
            told = Said("on and delivered_on are one day.", "业务日期与送达日期须为同一天")
            raise ma.ValidationError({"on": [told]})
        sent.setdefault("delivered_on", edge.today())
        return sent


class WithdrawalBody(Body):
    """撤回送达登记"""

    reason = Text(most=500, required=True)


class ReceiptFiles(Body):
    """回执扫描件"""

    file = Upload(required=True)


class NotBase64Content(Malformed):
    code = "malformed"
    zh = "附件内容不是有效的 base64"
    en = "the attachment's content is not base64"


@blueprint.listing("", row=NoticeAnswer, asks=NoticeQuery)
def listed(session: Session, on: date, **filters: Any) -> Listing:
    """Notices in the asker's scope, in the order in which they were made."""
    within = edge.within(session, bank=filters.get("bank"), county=filters.get("county"))
    if "county" in filters and within.counties is not None:
        filters["county"] = within.counties[0]

    def show(_session: Session, rows: Sequence[Any]) -> list[Any]:
        return [notices.shown(row[0], row[1], row[2], on) for row in rows]

    return Listing(notices.chosen(on=on, **filters), key=(Notice.id,), show=show)


@blueprint.get("/<id:notice_id>", answer=NoticeWhole)
def show(session: Session, notice_id: int) -> NoticeHistory:
    """A notice with its deliveries, receipts, and what was done to it."""
    edge.find(session, Notice, notice_id)
    return histories.history(session, notice_id, edge.today())


@blueprint.post("/<id:notice_id>/delivery", body=NoticeDeliveryBody, answer=NoticeWhole, status=201)
def deliver(unit: Unit, notice_id: int, attachment: dict[str, str] | None, **told: Any) -> NoticeHistory:
    """送达登记: a notice was handed over; its signed receipt with it, or later."""
    edge.find(unit, Notice, notice_id)
    scan = None if attachment is None else Scan(attachment["file_name"], _decoded(attachment["content"]))
    operations.deliver(unit, notice_id, Delivered(**told), scan)
    return histories.history(unit.session, notice_id, unit.today)


@blueprint.post("/<id:notice_id>/delivery/withdrawal", body=WithdrawalBody, answer=NoticeWhole)
def withdraw(unit: Unit, notice_id: int, reason: str) -> NoticeHistory:
    """撤回送达登记: a delivery was recorded wrongly; it stays in the history."""
    edge.find(unit, Notice, notice_id)
    operations.withdraw(unit, notice_id, reason)
    return histories.history(unit.session, notice_id, unit.today)


@blueprint.raw(
    "POST",
    "/<id:notice_id>/receipts",
    files=ReceiptFiles,
    keyed=True,
    answers={201: NoticeWhole},
)
def add_receipt(notice_id: int, file: FileStorage) -> Response:
    """回执: a signed receipt, PDF, JPEG or PNG of at most 4 MiB, kept with the delivery that stands."""
    scan = Scan(file.filename or "", file.read())
    # The position in the file is set back to 0, since the hash for the idempotency key reads the file again.
    file.seek(0)

    def act(unit: Unit) -> Reply:
        edge.find(unit, Notice, notice_id)
        operations.add_receipt(unit, notice_id, scan)
        told = histories.history(unit.session, notice_id, unit.today)
        return Reply(201, to_json(NoticeWhole().dump(told)))

    return replied(edge.recorded(act, keyed=True))


@blueprint.raw("GET", "/<id:notice_id>/receipts/<id:receipt_id>", answers={200: "application/octet-stream"})
def receipt(notice_id: int, receipt_id: int) -> Response:
    """A receipt as it was sent in; its hash is its ETag."""
    with edge.reading() as session:
        edge.find(session, Notice, notice_id)
        found = histories.receipt(session, notice_id, receipt_id)
        headers = {
            "Content-Disposition": f'attachment; filename="receipt-{receipt_id}.{found.media_type.split("/")[1]}"',
            "ETag": f'"{found.sha256}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(found.content, mimetype=found.media_type, headers=headers)


def _decoded(content: str) -> bytes:
    try:
        return b64decode(content, validate=True)
    except (NotBase64, ValueError):
        raise NotBase64Content from None
