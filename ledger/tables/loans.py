"""The tables of loans: contracts, interest bills (结息单), allocations to bills, repayments, requests of two people."""

from datetime import date
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base, Rate


class Loan(Base):
    """A loan (贷款): its contract, its status, and the days up to which interest and transitions have been posted.

    `due_on` is the contract due date, extensions included; `rolled_on` is the due date moved to a working day (scheme
    3.6). `billed_to` is the first day of the open interest period, which no bill covers yet. `next_step_on` is the next
    day on which a bill or a transition falls due, or NULL if nothing falls due. `generation` counts how often the loan
    was replayed from an earlier day. The balances of a loan are not stored in its row, because they are sums of the
    loan's postings.
    """

    __tablename__ = "loans"
    __table_args__ = (
        UniqueConstraint("bank", "contract_no"),
        ForeignKeyConstraint(["scheme", "scheme_version"], ["schemes.code", "schemes.version"]),
        Index("ix_loans_step", "bank", "county", "next_step_on"),
        Index("ix_loans_household", "household_id"),
        Index("ix_loans_organisation", "organisation_id"),
        Index("ix_loans_county", "county", "bank", "disbursed_on"),
        Index("ix_loans_due", "due_on"),
    )

    # With the type INTEGER, SQLite uses the id as its row number, which is the fastest way to look up a loan.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    contract_no: Mapped[str] = mapped_column(String(60))
    scheme: Mapped[str] = mapped_column(String(40))
    scheme_version: Mapped[int]
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("households.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("members.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    principal_fen: Mapped[int] = mapped_column(BigInteger)
    annual_rate: Mapped[Decimal] = mapped_column(Rate)
    benchmark_rate: Mapped[Decimal] = mapped_column(Rate)
    term_months: Mapped[int]
    signed_on: Mapped[date] = mapped_column(Date)
    purpose: Mapped[str] = mapped_column(Text)
    security: Mapped[str] = mapped_column(String(12))
    policy_no: Mapped[str | None] = mapped_column(String(60))
    endorsements: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(12))
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_on: Mapped[date] = mapped_column(Date)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_on: Mapped[date | None] = mapped_column(Date)
    return_reason: Mapped[str | None] = mapped_column(Text)
    disbursed_by: Mapped[str | None] = mapped_column(String(64))
    disbursed_on: Mapped[date | None] = mapped_column(Date)
    original_due_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    rolled_on: Mapped[date | None] = mapped_column(Date)
    extended_months: Mapped[int] = mapped_column(default=0)
    extended_on: Mapped[date | None] = mapped_column(Date)
    extended_rate: Mapped[Decimal | None] = mapped_column(Rate)
    misused_on: Mapped[date | None] = mapped_column(Date)
    renews_id: Mapped[int | None] = mapped_column(BigInteger)
    first_disbursed_on: Mapped[date | None] = mapped_column(Date)
    billed_to: Mapped[date | None] = mapped_column(Date)
    next_step_on: Mapped[date | None] = mapped_column(Date)
    generation: Mapped[int] = mapped_column(default=0)
    import_id: Mapped[int | None] = mapped_column(BigInteger)


class StatusChange(Base):
    """A change of a loan's status: the user, the day, the reason, and the statuses before and after.

    Rows of loan status changes are only added, never changed.
    """

    __tablename__ = "loan_status_changes"
    __table_args__ = (Index("ix_loan_status_changes_loan", "loan_id", "id"), {"sqlite_with_rowid": False})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    from_status: Mapped[str] = mapped_column(String(12))
    to_status: Mapped[str] = mapped_column(String(12))
    on: Mapped[date] = mapped_column("on_day", Date)
    by: Mapped[str] = mapped_column("by_user", String(64))
    reason: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


# The interest bills (结息单) of loans, in all their versions. `live` is true for the current version of a bill; NULL
# for replaced versions.
interest_bills = Table(
    "lines",
    Base.metadata,
    Column("loan_id", BigInteger, ForeignKey("loans.id"), primary_key=True, autoincrement=False),
    Column("period_start", Date, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, ForeignKey("events.id"), nullable=False),
    Column("period_end", Date, nullable=False),  # The first day after the bill's period.
    Column("contract", BigInteger, nullable=False),
    Column("penalty", BigInteger, nullable=False),
    Column("compound", BigInteger, nullable=False),
    Column("live", Boolean),
    UniqueConstraint("loan_id", "period_start", "live"),
    Index("ix_lines_event", "event_id"),
    Index("ix_lines_posted", "period_end"),
)

# Allocations: the amounts in fen that an event paid, waived or wrote off on interest bills; a reversal adds negative
# amounts.
allocations = Table(
    "applications",
    Base.metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("loan_id", BigInteger, primary_key=True, autoincrement=False),
    Column("period_start", Date, primary_key=True),
    Column("effective_on", Date, nullable=False),
    Column("payer", String(12), nullable=False),
    Column("contract", BigInteger, nullable=False),
    Column("compound", BigInteger, nullable=False),
    Column("penalty", BigInteger, nullable=False),
    Index("ix_applications_line", "loan_id", "period_start"),
    sqlite_with_rowid=False,
)


class Repayment(Base):
    """A repayment (还款) as recorded by a person; the event `event_id` says which debts the repayment paid."""

    __tablename__ = "repayments"
    __table_args__ = (
        UniqueConstraint("loan_id", "receipt_no", "live"),
        Index("ix_repayments_import", "import_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    receipt_no: Mapped[str] = mapped_column(String(60))
    fen: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date] = mapped_column(Date)
    received_on: Mapped[date | None] = mapped_column(Date)
    channel: Mapped[str] = mapped_column(String(20))
    surplus: Mapped[str] = mapped_column(String(10))
    payer: Mapped[str] = mapped_column(String(12))
    recorded_by: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[int] = mapped_column(BigInteger)
    live: Mapped[bool | None]
    import_id: Mapped[int | None] = mapped_column(BigInteger)


class Approval(Base):
    """A request of one person that a second person decides on (复核); `payload` is the request's content as JSON."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_waiting", "status", "id"), Index("ix_approvals_loan", "loan_id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(24))
    county: Mapped[str | None] = mapped_column(String(6))
    bank: Mapped[str | None] = mapped_column(String(12))
    loan_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(String(20))  # The role of the person who has to decide on the request.
    payload: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10))  # The status of a request: pending, approved or refused.
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    made_at: Mapped[int] = mapped_column(BigInteger)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_on: Mapped[date | None] = mapped_column(Date)
    decided_at: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[str] = mapped_column(Text, default="")
