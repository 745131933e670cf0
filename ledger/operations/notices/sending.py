"""Sending notices by e-mail and SMS (scheme 7): a message is sent again only if the provider surely did not accept it.

The row of a sending attempt is committed before the message is sent, and the outcome is stored after the sending. A
crash while the message is being sent leaves an attempt of unknown outcome, which is shown until a person records
whether the message arrived. A sent notice does not count as delivered, because the delivery is recorded separately.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from ledger import balances
from ledger.channels.channel import Message
from ledger.errors import NotFound, WrongStatus
from ledger.ids import new_id
from ledger.money import plain
from ledger.operations.notices.issue import OPEN
from ledger.policy.notices import number_of
from ledger.queries.exposure import open_principal
from ledger.tables.loans import Loan
from ledger.tables.notices import Contact, Notice, NoticeDelivery, NoticeSending
from ledger.tables.reference import Bank
from ledger.unit_of_work import Unit

SENDING_STATUSES = ("claimed", "sent", "failed", "refused", "unknown", "not_sent")
CHANNELS = ("email", "sms")

BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))
"""The waiting time after each failed attempt; no attempt follows the attempt made after the last waiting time."""

CLAIM_HELD = timedelta(minutes=10)
"""The time after which an attempt without an outcome counts as abandoned; longer than any channel waits for an
answer.
"""

_SECOND = 1_000_000
# The statuses of a last attempt after which the notice is not sent again.
_SETTLED = ("claimed", "sent", "refused", "unknown")


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt to send a notice that this process has claimed, and the message to send."""

    sending_id: int
    message: Message


def waiting(session: Session, channel: str, now: int, today: date, limit: int) -> Sequence[int]:
    """Return the ids of notices to be sent now by a channel, the nearest due date first."""
    query = select(Notice.id).join(Loan, Loan.id == Notice.loan_id).join(Contact, _of_borrower())
    query = query.where(*_sendable(channel, now, today)).order_by(Notice.due_on, Notice.id).limit(limit)
    return session.execute(query).scalars().all()


def claim(unit: Unit, notice_id: int, channel: str) -> Claimed | None:
    """Claim an attempt to send a notice; return None where the notice must not be sent or is claimed already."""
    loan_id = unit.session.execute(select(Notice.loan_id).where(Notice.id == notice_id)).scalar_one()
    unit.session.execute(select(Loan.id).where(Loan.id == loan_id).with_for_update())
    query = (
        select(Notice, Loan, Contact, Bank.name)
        .join(Loan, Loan.id == Notice.loan_id)
        .join(Contact, _of_borrower())
        .join(Bank, Bank.code == Notice.bank)
        .where(Notice.id == notice_id, *_sendable(channel, unit.recorded_at, unit.today))
    )
    row = unit.session.execute(query).first()
    if row is None:
        return None
    notice, loan, contact, bank = row
    address = (contact.email if channel == "email" else contact.phone) or ""
    sending = NoticeSending(
        id=new_id(),
        notice_id=notice_id,
        channel=channel,
        attempt=_attempts(unit, notice_id, channel) + 1,
        address=address,
        status="claimed",
        reason="",
        claimed_at=unit.recorded_at,
    )
    unit.session.add(sending)
    unit.session.flush()
    return Claimed(sending.id, _message(unit, notice, loan, channel, address, bank))


def went_through(unit: Unit, sending_id: int) -> None:
    """Mark an attempt `sent`: the provider has accepted the message."""
    _end(unit, sending_id, "sent", "")


def not_taken(unit: Unit, sending_id: int, reason: str, *, again: bool) -> None:
    """Record that the provider did not accept a message, as `failed` (to be sent again) or `refused` (final).

    With `again`, the message is sent again after the waiting time that BACK_OFF gives for the attempt's number.
    """
    attempt = unit.session.execute(select(NoticeSending.attempt).where(NoticeSending.id == sending_id)).scalar_one()
    if again and attempt <= len(BACK_OFF):
        next_at = unit.recorded_at + int(BACK_OFF[attempt - 1].total_seconds()) * _SECOND
        _end(unit, sending_id, "failed", reason, next_at=next_at)
    else:
        _end(unit, sending_id, "refused", reason)


def unknown(unit: Unit, sending_id: int, reason: str) -> None:
    """Mark an attempt `unknown`, because the message was handed to the provider and the provider did not answer.

    A person must find out whether the message of an `unknown` attempt arrived.
    """
    _end(unit, sending_id, "unknown", reason)


def give_up_stale(unit: Unit) -> int:
    """Mark abandoned attempts `unknown`, and return how many attempts were marked."""
    before = unit.recorded_at - int(CLAIM_HELD.total_seconds()) * _SECOND
    stale = update(NoticeSending).where(NoticeSending.status == "claimed", NoticeSending.claimed_at < before)
    values = {"status": "unknown", "reason": "the sending process ended", "ended_at": unit.recorded_at}
    return int(unit.connection.execute(stale.values(**values)).rowcount)


def unsent(session: Session) -> dict[str, int]:
    """Return by status the number of notices whose last attempt failed, was refused, or has an unknown outcome."""
    s = NoticeSending
    later = aliased(s)
    newer = exists().where(later.notice_id == s.notice_id, later.channel == s.channel, later.attempt > s.attempt)
    last = select(s.status, func.count()).where(s.status.in_(("failed", "refused", "unknown")), ~newer)
    return dict(session.execute(last.group_by(s.status).order_by(s.status)).all())


def resolve(unit: Unit, sending_id: int, *, sent: bool) -> NoticeSending:
    """Record a person's finding whether the message of an unknown or refused attempt arrived.

    A message that did not arrive is sent in a new attempt. Raise NotFound, WrongStatus.
    """
    row = unit.session.get(NoticeSending, sending_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="sending", id=str(sending_id))
    if row.status not in ("unknown", "refused"):
        raise WrongStatus(status=row.status, allowed="unknown, refused", step="resolution")
    row.status, row.resolved_by, row.ended_at = "sent" if sent else "not_sent", unit.user, unit.recorded_at
    unit.session.flush()
    return row


def _end(unit: Unit, sending_id: int, status: str, reason: str, next_at: int | None = None) -> None:
    """Record the outcome of an attempt as its sender reports it, even where the attempt has been marked `unknown`."""
    open_attempt = update(NoticeSending).where(
        NoticeSending.id == sending_id, NoticeSending.status.in_(("claimed", "unknown"))
    )
    values = {"status": status, "reason": reason, "ended_at": unit.recorded_at, "next_at": next_at}
    unit.connection.execute(open_attempt.values(**values))


def _sendable(channel: str, now: int, today: date) -> list[ColumnElement[bool]]:
    """Return the conditions for sending a notice: the notice is needed and undelivered, and its due date is not past.

    A notice is not sent if a later notice of the loan is needed, or if an earlier attempt is open, was successful, or
    is waiting to be repeated.
    """
    n, later, s = Notice, aliased(Notice), aliased(NoticeSending)
    delivered = exists().where(NoticeDelivery.notice_id == n.id, NoticeDelivery.live.is_(True))
    nearer = exists().where(
        later.loan_id == n.loan_id,
        later.due_on == n.due_on,
        later.created_on > n.created_on,
        later.created_on <= today,
        later.cancelled_on.is_(None),
    )
    of_notice = and_(s.notice_id == n.id, s.channel == channel)
    in_the_way = exists().where(of_notice, or_(s.status.in_(_SETTLED), and_(s.status == "failed", s.next_at > now)))
    address = Contact.email if channel == "email" else Contact.phone
    return [
        address.is_not(None),
        n.created_on <= today,
        n.due_on >= today,
        n.cancelled_on.is_(None),
        Loan.status.in_(OPEN),
        ~delivered,
        ~nearer,
        ~in_the_way,
    ]


def _of_borrower() -> ColumnElement[bool]:
    return or_(Contact.household_id == Loan.household_id, Contact.organisation_id == Loan.organisation_id)


def _attempts(unit: Unit, notice_id: int, channel: str) -> int:
    s = NoticeSending
    query = select(s.attempt).where(s.notice_id == notice_id, s.channel == channel).order_by(s.attempt.desc()).limit(1)
    return unit.session.execute(query).scalar() or 0


def _message(unit: Unit, notice: Notice, loan: Loan, channel: str, address: str, bank: str) -> Message:
    """Return a short message about a notice, without personal data, because a stranger may read the message."""
    number = number_of(loan.contract_no, notice.due_on, notice.kind)
    open_now = open_principal(balances.loan_balance(unit.connection, loan.id))
    text = (
        f"【{bank}】还款提醒：合同 {loan.contract_no} 项下贷款本金余额 {plain(open_now)} 元，"
        f"将于 {notice.due_on:%Y年%m月%d日} 到期，请按时归还本息。通知书编号 {number}。"
    )
    return Message(f"notice-{notice.id}-{channel}", address, f"还款催收通知书 {number}", text)
