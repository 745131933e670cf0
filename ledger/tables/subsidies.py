"""Interest subsidy (贴息): batches, their lines, what settlement lines they claim, claw-backs."""

from datetime import date
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Rate


class SubsidyBatch(Base):
    """贴息批次: one bank's lines in one county for one period (2016Q2 of the quarter cycle, 2016 of the year's).

    `cut_off` is the last day a payment of interest counts, set by the first submission and kept. `maker` is who
    drafted it, a person or the job.
    """

    __tablename__ = "subsidy_batches"
    __table_args__ = (
        UniqueConstraint("bank", "county", "cycle", "period"),
        Index("ix_subsidy_batches_status", "status", "id"),
        Index("ix_subsidy_batches_county", "county", "period"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    cycle: Mapped[str] = mapped_column(String(8))
    period: Mapped[str] = mapped_column(String(6))
    status: Mapped[str] = mapped_column(String(10))
    submit_by: Mapped[date] = mapped_column(Date)
    pay_days: Mapped[int]  # working days from approval to payment
    cut_off: Mapped[date | None] = mapped_column(Date)
    maker: Mapped[str] = mapped_column(String(64))
    drafted_on: Mapped[date] = mapped_column(Date)
    refreshed_on: Mapped[date] = mapped_column(Date)
    submitted_by: Mapped[str | None] = mapped_column(String(64))
    submitted_on: Mapped[date | None] = mapped_column(Date)
    submitted_recorded_on: Mapped[date | None] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_on: Mapped[date | None] = mapped_column(Date)
    verified_by: Mapped[str | None] = mapped_column(String(64))
    verified_on: Mapped[date | None] = mapped_column(Date)
    paid_by: Mapped[str | None] = mapped_column(String(64))
    paid_on: Mapped[date | None] = mapped_column(Date)
    return_reason: Mapped[str | None] = mapped_column(Text)


class SubsidyLine(Base):
    """贴息明细: one amount of a batch. A household's is for one settlement line, an organisation's for its loan's year.

    `live` is NULL once it is `rejected`, `returned` or `superseded` (its batch went back whole). `stale`: its
    settlement line was billed or paid anew since, to another figure; it is not paid like that. A supplement
    refers by `of_line_id` to the paid line it completes.
    """

    __tablename__ = "subsidy_lines"
    __table_args__ = (
        CheckConstraint("fen > 0", name="above_zero"),
        Index("ix_subsidy_lines_batch", "batch_id"),
        Index("ix_subsidy_lines_loan", "loan_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(ForeignKey("subsidy_batches.id"))
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    kind: Mapped[str] = mapped_column(String(10))  # normal, catch_up, supplement
    period: Mapped[str] = mapped_column(String(6))  # the one its settlement lines were posted in
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)  # not counted
    days: Mapped[int]
    interest: Mapped[int] = mapped_column(BigInteger)
    eligible: Mapped[int] = mapped_column(BigInteger)  # rounded to be shown; the amount is not computed from it
    share: Mapped[Decimal] = mapped_column(Rate)
    fen: Mapped[int] = mapped_column(BigInteger)
    of_line_id: Mapped[int | None] = mapped_column(BigInteger)
    stale: Mapped[bool]
    live: Mapped[bool | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)


# Which settlement lines a normal or catch-up line is for: each by one live claim at most, whatever its version.
subsidy_claims = Table(
    "subsidy_claims",
    Base.metadata,
    Column("line_id", BigInteger, ForeignKey("subsidy_lines.id"), primary_key=True, autoincrement=False),
    Column("period_start", Date, primary_key=True),
    Column("loan_id", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("eligible", BigInteger, nullable=False),
    Column("live", Boolean),
    ForeignKeyConstraint(
        ["loan_id", "period_start", "version"], ["lines.loan_id", "lines.period_start", "lines.version"]
    ),
    UniqueConstraint("loan_id", "period_start", "live"),
)

# What a paid line is short of since its settlement lines were billed anew, and the supplement that carries it.
subsidy_shortfalls = Table(
    "subsidy_shortfalls",
    Base.metadata,
    Column("line_id", BigInteger, ForeignKey("subsidy_lines.id"), primary_key=True, autoincrement=False),
    Column("fen", BigInteger, nullable=False),
    Column("supplement_id", BigInteger),
    UniqueConstraint("supplement_id"),
    CheckConstraint("fen > 0", name="above_zero"),
)


class Clawback(Base):
    """应追回贴息: what was paid on a line beyond what it is entitled to; collected by receipts of its own."""

    __tablename__ = "clawbacks"
    __table_args__ = (
        CheckConstraint("fen > 0 AND received >= 0 AND received <= fen", name="received_within"),
        Index("ix_clawbacks_line", "line_id"),
        Index("ix_clawbacks_loan", "loan_id"),
        Index("ix_clawbacks_county", "county", "bank"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("subsidy_lines.id"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("subsidy_batches.id"))
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    fen: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    raised_on: Mapped[date] = mapped_column(Date)
    raised_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)


class ClawbackReceipt(Base):
    """追回贴息到账. Added only."""

    __tablename__ = "clawback_receipts"
    __table_args__ = (Index("ix_clawback_receipts_clawback", "clawback_id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    clawback_id: Mapped[int] = mapped_column(ForeignKey("clawbacks.id"))
    fen: Mapped[int] = mapped_column(BigInteger)
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class SubsidyChange(Base):
    """Who took a batch, or a line out of it, from where to where, when, why. Added only."""

    __tablename__ = "subsidy_changes"
    __table_args__ = (Index("ix_subsidy_changes_batch", "batch_id", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(ForeignKey("subsidy_batches.id"))
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(String(12))
    from_status: Mapped[str] = mapped_column(String(10))
    to_status: Mapped[str] = mapped_column(String(10))
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[int] = mapped_column(BigInteger)
