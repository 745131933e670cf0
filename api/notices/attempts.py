"""The views that show attempts to send notices, and record what a person found out about an unknown outcome."""

from collections.abc import Sequence
from typing import Any

from marshmallow.fields import String
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.core import edge
from api.core.fields import Choice, Code, Id, Moment, Truth, Whole
from api.core.paging import Listing
from api.core.routes import Blueprint
from api.core.schemas import Answer, Body, Query
from ledger.errors import NotFound
from ledger.operations.notices import sending
from ledger.operations.notices.sending import CHANNELS, SENDING_STATUSES
from ledger.tables.notices import Notice, NoticeSending
from ledger.unit_of_work import Unit

blueprint = Blueprint("sendings", "/notices/sendings", "发送: notices by e-mail and SMS")


class SendingQuery(Query):
    """The query of attempts."""

    bank = Code()
    county = Code()
    notice = Id()
    channel = Choice(*CHANNELS)
    status = Choice(*SENDING_STATUSES)


class SendingAnswer(Answer):
    """发送: one attempt; `unknown` waits for a decision, `next_at` is the time of the next try of a failed attempt."""

    id = Id(required=True)
    notice_id = Id(required=True)
    channel = Choice(*CHANNELS, required=True)
    attempt = Whole(least=1, most=100, required=True)
    address = String(required=True)
    status = Choice(*SENDING_STATUSES, required=True)
    reason = String(required=True)
    claimed_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    next_at = Moment(required=True, allow_none=True)
    resolved_by = String(required=True, allow_none=True)


class ResolutionBody(Body):
    """核实结果: whether the message reached the borrower; a message that did not is sent in a new attempt."""

    sent = Truth(required=True)


@blueprint.listing("", row=SendingAnswer, asks=SendingQuery)
def listed(session: Session, **filters: Any) -> Listing:
    """Attempts in the asker's scope, oldest first."""
    within = edge.within(session, bank=filters.get("bank"), county=filters.pop("county", None))
    s = NoticeSending
    query = select(s).join(Notice, Notice.id == s.notice_id)
    if (bank := filters.pop("bank", None)) is not None:
        query = query.where(Notice.bank == bank)
    if within.counties is not None:
        query = query.where(Notice.county.in_(within.counties))
    for column, name in ((s.notice_id, "notice"), (s.channel, "channel"), (s.status, "status")):
        if name in filters:
            query = query.where(column == filters[name])

    def show(_session: Session, rows: Sequence[NoticeSending]) -> list[dict[str, Any]]:
        return [_shown(row) for row in rows]

    return Listing(query, key=(s.id,), show=show)


@blueprint.post("/<id:sending_id>/resolution", body=ResolutionBody, answer=SendingAnswer)
def resolve(unit: Unit, sending_id: int, sent: bool) -> dict[str, Any]:
    """核实: a person found out how an attempt of unknown outcome, or a refused one, ended."""
    attempt = unit.session.get(NoticeSending, sending_id)
    if attempt is None:
        raise NotFound(what="sending", id=str(sending_id))
    edge.find(unit, Notice, attempt.notice_id)
    return _shown(sending.resolve(unit, sending_id, sent=sent))


def _shown(row: NoticeSending) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in SendingAnswer().fields}
    return told | {"address": masked(row.address)}


def masked(address: str) -> str:
    """Return a phone number or e-mail address with the middle masked: 138****5678, l***@example.com."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:3]}****{address[-4:]}" if len(address) > 7 else "****"
