"""The tables of compensation (代偿): claims on the fund and their steps, recoveries, surplus money in fund accounts."""

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Rate


class Claim(Base):
    """A loan's claim on the fund (代偿申请), in whole fen; `claimed_on` is the day as of which the debt was claimed.

    `principal` and `interest` are the debt open on the day `claimed_on`, and `share` is the fraction of the debt that
    the fund pays. `paid_principal` and `paid_interest` are the principal and the interest that the fund has paid on the
    claim. `received` is the fund's part of the recoveries, and `returned` is the amount of recoveries remitted to the
    fund account. `queued_on` is the first day on which the fund's money did not suffice to pay the claim in full. A
    claim with `queued_on` is still queued while an amount of the claim is open. `live` is NULL for a returned claim
    that another claim has replaced, so a loan has at most one live claim.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("loan_id", "live"),
        CheckConstraint("paid_principal >= 0 AND paid_interest >= 0", name="paid_something"),
        CheckConstraint("returned >= 0 AND returned <= received", name="returned_within"),
        CheckConstraint("received <= paid_principal + paid_interest", name="received_within"),
        Index("ix_claims_account", "county", "bank", "status"),
        Index("ix_claims_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    claimed_on: Mapped[date] = mapped_column(Date)
    cause: Mapped[str] = mapped_column(String(60))
    documents: Mapped[str] = mapped_column(Text)  # The documents of the claim, as a JSON list of texts.
    status: Mapped[str] = mapped_column(String(12))
    live: Mapped[bool | None]
    principal: Mapped[int] = mapped_column(BigInteger)
    interest: Mapped[int] = mapped_column(BigInteger)
    share: Mapped[Decimal] = mapped_column(Rate)
    insurer_paid: Mapped[int] = mapped_column(BigInteger)
    insurer_expected: Mapped[int] = mapped_column(BigInteger)
    paid_principal: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_interest: Mapped[int] = mapped_column(BigInteger, default=0)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    returned: Mapped[int] = mapped_column(BigInteger, default=0)
    drafted_by: Mapped[str] = mapped_column(String(64))
    drafted_on: Mapped[date] = mapped_column(Date)
    submitted_by: Mapped[str | None] = mapped_column(String(64))
    submitted_on: Mapped[date | None] = mapped_column(Date)
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    reviewed_on: Mapped[date | None] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_on: Mapped[date | None] = mapped_column(Date)
    queued_on: Mapped[date | None] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)
    closing_id: Mapped[int | None] = mapped_column(BigInteger)  # The id of the request to close the claim's recourse.
    return_reason: Mapped[str | None] = mapped_column(Text)


class ClaimChange(Base):
    """A step of a claim: the user, the day, the reason, the statuses before and after it, and the paid amount in fen.

    Rows of the table of claim steps are only added, never changed.
    """

    __tablename__ = "claim_changes"
    __table_args__ = (Index("ix_claim_changes_claim", "claim_id", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id"))
    step: Mapped[str] = mapped_column(String(12))
    from_status: Mapped[str] = mapped_column(String(12))
    to_status: Mapped[str] = mapped_column(String(12))
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    reason: Mapped[str] = mapped_column(Text)
    fen: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class Recovery(Base):
    """An amount recovered on a compensated loan (追回款), in whole fen.

    `to_fund` is the fund's part of a recovery, which the bank must remit on or before `remit_by`. The bank keeps the
    part of the recovery that is not due to the fund.
    """

    __tablename__ = "recoveries"
    __table_args__ = (
        CheckConstraint("fen > 0 AND to_fund >= 0 AND to_fund <= fen", name="within"),
        Index("ix_recoveries_loan", "loan_id", "id"),
        Index("ix_recoveries_waiting", "county", "bank", "remitted_on"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    claim_id: Mapped[int] = mapped_column(ForeignKey("claims.id"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    fen: Mapped[int] = mapped_column(BigInteger)
    to_fund: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date] = mapped_column(Date)
    receipt_no: Mapped[str] = mapped_column(String(60))
    recorded_by: Mapped[str] = mapped_column(String(64))
    remit_by: Mapped[date] = mapped_column(Date)
    remitted_on: Mapped[date | None] = mapped_column(Date)
    remitted_by: Mapped[str | None] = mapped_column(String(64))
    live: Mapped[bool | None]


class Suspense(Base):
    """Surplus money in a fund account (待处理追回款), booked as suspense until the money is released."""

    __tablename__ = "suspense"
    __table_args__ = (
        CheckConstraint("fen > 0 AND released >= 0 AND released <= fen", name="released_within"),
        Index("ix_suspense_loan", "loan_id"),
        Index("ix_suspense_account", "county", "bank"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    loan_id: Mapped[int | None] = mapped_column(ForeignKey("loans.id"))
    fen: Mapped[int] = mapped_column(BigInteger)
    released: Mapped[int] = mapped_column(BigInteger)
    on: Mapped[date] = mapped_column("on_day", Date)
    slip_no: Mapped[str] = mapped_column(String(60))
    recorded_by: Mapped[str] = mapped_column(String(64))
