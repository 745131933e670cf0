"""The tables of the risk-buffer fund (风险缓释基金): targets, issuance reports, plans, reconciliations, returns."""

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class FundTarget(Base):
    """The amount in fen that a bank is to lend in a year (指导任务); the fund advances money on this basis."""

    __tablename__ = "fund_targets"

    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fen: Mapped[int] = mapped_column(BigInteger)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class IssuanceReport(Base):
    """A bank's issuance report for a county and quarter (放款情况汇总表).

    The figures of an issuance report do not change after submission, and earlier versions stay stored.
    """

    __tablename__ = "issuance_reports"
    __table_args__ = (
        UniqueConstraint("bank", "county", "quarter", "version"),
        Index("ix_issuance_reports_due", "quarter", "status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    quarter: Mapped[str] = mapped_column(String(6))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(10))  # The status of a report: draft or submitted.
    households: Mapped[int]
    households_fen: Mapped[int] = mapped_column(BigInteger)
    organisations: Mapped[int]
    organisations_fen: Mapped[int] = mapped_column(BigInteger)
    cumulative_fen: Mapped[int] = mapped_column(BigInteger)
    due_by: Mapped[date] = mapped_column(Date)
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    submitted_by: Mapped[str | None] = mapped_column(String(64))
    submitted_on: Mapped[date | None] = mapped_column(Date)
    submitted_recorded_on: Mapped[date | None] = mapped_column(Date)


class FundPlan(Base):
    """A fund plan (缓释金额度计划): a quarter's calls, with a line per bank, county and source, or a single advance."""

    __tablename__ = "fund_plans"
    __table_args__ = (Index("ix_fund_plans_quarter", "quarter", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))  # The kind of a plan: quarter or advance.
    quarter: Mapped[str] = mapped_column(String(6))
    # The status of a plan: draft, approved, appropriated or deposited.
    status: Mapped[str] = mapped_column(String(12))
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    # True for the current plan of a quarter; NULL for a plan that another plan has replaced.
    live: Mapped[bool | None]


class FundPlanLine(Base):
    """A line of a fund plan, with amounts in whole fen.

    `due` is the amount called by the line, as of the plan's last computation.
    """

    __tablename__ = "fund_plan_lines"
    __table_args__ = (
        UniqueConstraint("plan_id", "county", "bank", "source"),
        Index("ix_fund_plan_lines_account", "county", "bank"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("fund_plans.id"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    source: Mapped[str] = mapped_column(String(6))  # The source of the money: city or county.
    issued: Mapped[int] = mapped_column(BigInteger)
    issued_cumulative: Mapped[int] = mapped_column(BigInteger)
    required_cumulative: Mapped[int] = mapped_column(BigInteger)
    contributed_cumulative: Mapped[int] = mapped_column(BigInteger)
    due: Mapped[int] = mapped_column(BigInteger)


class FundPlanStep(Base):
    """A step on a line of a plan: approval 批准, appropriation 拨付 or deposit 缴存; `live` is NULL for a reversed
    step.
    """

    __tablename__ = "fund_plan_steps"
    __table_args__ = (
        Index("ix_fund_plan_steps_line", "line_id", "step"),
        Index("ix_fund_plan_steps_account", "county", "bank", "step"),
        UniqueConstraint("event_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("fund_plan_lines.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("fund_plans.id"))
    county: Mapped[str] = mapped_column(String(6))
    bank: Mapped[str] = mapped_column(String(12))
    source: Mapped[str] = mapped_column(String(6))
    step: Mapped[str] = mapped_column(String(14))
    on: Mapped[date] = mapped_column("on_day", Date)
    fen: Mapped[int] = mapped_column(BigInteger)
    slip_no: Mapped[str] = mapped_column(String(60))
    made_by: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[int] = mapped_column(BigInteger)
    live: Mapped[bool | None] = mapped_column(Boolean)


class Reconciliation(Base):
    """A bank's closing balance of a fund account for a quarter, next to the balance in the books (银行对账), in fen.

    If an account has several reconciliations for a quarter, the latest row counts.
    """

    __tablename__ = "fund_reconciliations"
    __table_args__ = (Index("ix_fund_reconciliations_account", "county", "bank", "quarter", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    quarter: Mapped[str] = mapped_column(String(6))
    bank_fen: Mapped[int] = mapped_column(BigInteger)
    book_fen: Mapped[int] = mapped_column(BigInteger)
    explanation: Mapped[str] = mapped_column(Text)
    slip_no: Mapped[str] = mapped_column(String(60))
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class FundReturn(Base):
    """The money that a fund account returned when the account was wound down (基金清退), by source, in fen.

    No later plan includes a fund account that was wound down.
    """

    __tablename__ = "fund_returns"

    county: Mapped[str] = mapped_column(ForeignKey("counties.id"), primary_key=True)
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"), primary_key=True)
    on: Mapped[date] = mapped_column("on_day", Date)
    city_fen: Mapped[int] = mapped_column(BigInteger)
    county_fen: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(String(64))
    checked_by: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[int] = mapped_column(BigInteger)
