"""The tables of notices before maturity (催收通知书): deliveries, receipts, sendings, and contact data of borrowers."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class Notice(Base):
    """A notice before maturity (催收通知书): at most one notice exists per loan, due date and kind (D30, D7).

    `created_on` is the first day on which the scheme requires the notice. `made_on` is the business date of the job
    that stored the notice. `cancelled_on` is set if the loan ended, or got another due date, before the notice was
    delivered.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("loan_id", "due_on", "kind"),
        CheckConstraint("created_on <= due_on AND cancelled_on >= created_on", name="days_in_order"),
        Index("ix_notices_office", "county", "bank", "created_on"),
        Index("ix_notices_made", "county", "bank", "made_on"),
        Index("ix_notices_deliver_by", "deliver_by"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    due_on: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(3))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    created_on: Mapped[date] = mapped_column(Date)
    deliver_by: Mapped[date] = mapped_column(Date)
    made_on: Mapped[date] = mapped_column(Date)
    made_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)
    cancelled_on: Mapped[date | None] = mapped_column(Date)
    # The reason of the cancellation: closed, compensated, written_off, extended or undone.
    cancel_reason: Mapped[str | None] = mapped_column(String(12))


class NoticeChange(Base):
    """A change of a notice (cancelled, revived, delivered or withdrawn): the user, the day and the reason.

    Rows of notice changes are only added, never changed.
    """

    __tablename__ = "notice_changes"
    __table_args__ = (Index("ix_notice_changes_notice", "notice_id", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    # The kind of change: cancelled, revived, delivered or withdrawn.
    step: Mapped[str] = mapped_column(String(12))
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class NoticeDelivery(Base):
    """A delivery of a notice (送达): the way, the day and the receiver; `live` is NULL after it was withdrawn."""

    __tablename__ = "notice_deliveries"
    __table_args__ = (UniqueConstraint("notice_id", "live"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    delivered_on: Mapped[date] = mapped_column(Date)
    channel: Mapped[str] = mapped_column(String(20))
    receiver: Mapped[str] = mapped_column(String(60))
    relation: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text)
    live: Mapped[bool | None]
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class NoticeReceipt(Base):
    """A signed receipt of a delivery (回执), as a picture or PDF, with the hash of the file's bytes.

    Rows of receipts are only added, never changed.
    """

    __tablename__ = "notice_receipts"
    __table_args__ = (Index("ix_notice_receipts_delivery", "delivery_id", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("notice_deliveries.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column("byte_count")
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class NoticeSending(Base):
    """An attempt to send a notice by e-mail or SMS (发送), stored before the message is sent.

    The status of an attempt to send is `claimed` until the outcome is known, and `unknown` if no outcome was reported.
    A person then sets an `unknown` status to `sent` or `not_sent`.
    """

    __tablename__ = "notice_sendings"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel", "attempt"),
        Index("ix_notice_sendings_status", "status", "next_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    channel: Mapped[str] = mapped_column(String(12))
    attempt: Mapped[int]
    address: Mapped[str] = mapped_column(String(254))
    # The status of a sending: claimed, sent, failed, refused, unknown or not_sent.
    status: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    claimed_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    # The moment from which a failed attempt to send may be repeated, in microseconds since 1970.
    next_at: Mapped[int | None] = mapped_column(BigInteger)
    resolved_by: Mapped[str | None] = mapped_column(String(64))


class Contact(Base):
    """The contact data of a household or an organisation (联系方式), as most recently recorded."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("household_id"),
        UniqueConstraint("organisation_id"),
        CheckConstraint("(household_id IS NULL) <> (organisation_id IS NULL)", name="of_one_borrower"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    household_id: Mapped[int | None] = mapped_column(ForeignKey("households.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)
