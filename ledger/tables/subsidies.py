"""The tables of interest subsidy (贴息): batches, lines, claims on settlement lines, shortfalls, claw-backs, steps."""

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
    """A subsidy batch (贴息批次): the lines of one bank in one county for one period, such as 2016Q2 or the year 2016.

    `cut_off` is the last day on which a payment of interest counts for the batch. The first submission of a batch fixes
    `cut_off` permanently. `maker` is the person or the job that drafted the batch.
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
    pay_days: Mapped[int]  # The number of working days allowed from approval to payment.
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
    """A line of a batch (贴息明细): the subsidy of a household's settlement line or of an organisation's loan.

    `live` is NULL after a line was `rejected` or `returned`, or `superseded` by the return of the whole batch. A line
    becomes `stale`, and cannot be paid, if new bills or payments change its figures. For a supplement, `of_line_id` is
    the id of the paid line to which the supplement adds money.
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
    kind: Mapped[str] = mapped_column(String(10))  # The kind of a subsidy line: normal, catch_up or supplement.
    period: Mapped[str] = mapped_column(String(6))  # The subsidy period in which the settlement lines were posted.
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)  # The first day after the line's period.
    days: Mapped[int]
    interest: Mapped[int] = mapped_column(BigInteger)
    # The eligible interest, rounded for printed lists; `fen` is not computed from this rounded value.
    eligible: Mapped[int] = mapped_column(BigInteger)
    share: Mapped[Decimal] = mapped_column(Rate)
    fen: Mapped[int] = mapped_column(BigInteger)
    of_line_id: Mapped[int | None] = mapped_column(BigInteger)
    stale: Mapped[bool]
    live: Mapped[bool | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(Text)


# The settlement lines for which a normal or catch-up line pays subsidy. All versions of a settlement line together have
# at most one live claim to subsidy.
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

# The amount missing on a paid line after its settlement lines were billed again, and the supplement that will pay it.
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
    """A claw-back (应追回贴息): the amount paid on a line above its entitlement, collected by separate receipts."""

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
    """A receipt of money for a claw-back (追回贴息到账). Rows of claw-back receipts are only added, never changed."""

    __tablename__ = "clawback_receipts"
    __table_args__ = (Index("ix_clawback_receipts_clawback", "clawback_id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    clawback_id: Mapped[int] = mapped_column(ForeignKey("clawbacks.id"))
    fen: Mapped[int] = mapped_column(BigInteger)
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class SubsidyChange(Base):
    """A step of a batch, or the removal of a line from it: the person, the day, the reason and the statuses.

    Rows of batch steps are only added, never changed.
    """

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
