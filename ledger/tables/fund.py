"""The risk-buffer fund (风险缓释基金): targets, issuance reports, plans and their steps, reconciliations, accounts."""

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.database import Base


class FundTarget(Base):
    """指导任务: what a bank is to lend in a year; advances are made against it."""

    __tablename__ = "fund_targets"

    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fen: Mapped[int] = mapped_column(BigInteger)
    recorded_by: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[int] = mapped_column(BigInteger)


class IssuanceReport(Base):
    """放款情况汇总表: a bank's report of a county and quarter; its figures are frozen on submission, versions stay."""

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
    status: Mapped[str] = mapped_column(String(10))  # draft, submitted
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
    """缓释金额度计划: the call of a quarter (a line a bank, county and source), or one advance."""

    __tablename__ = "fund_plans"
    __table_args__ = (Index("ix_fund_plans_quarter", "quarter", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))  # quarter, advance
    quarter: Mapped[str] = mapped_column(String(6))
    status: Mapped[str] = mapped_column(String(12))  # draft, approved, appropriated, deposited
    made_by: Mapped[str] = mapped_column(String(64))
    made_on: Mapped[date] = mapped_column(Date)
    live: Mapped[bool | None]  # one live draft a quarter; replaced drafts have NULL


class FundPlanLine(Base):
    """A plan's line; amounts are whole fen. `due` is what the call came to when the plan was last computed."""

    __tablename__ = "fund_plan_lines"
    __table_args__ = (
        UniqueConstraint("plan_id", "county", "bank", "source"),
        Index("ix_fund_plan_lines_account", "county", "bank"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    plan_id: Mapped[int] = mapped_column(ForeignKey("fund_plans.id"))
    county: Mapped[str] = mapped_column(ForeignKey("counties.id"))
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"))
    source: Mapped[str] = mapped_column(String(6))  # city, county
    issued: Mapped[int] = mapped_column(BigInteger)
    issued_cumulative: Mapped[int] = mapped_column(BigInteger)
    required_cumulative: Mapped[int] = mapped_column(BigInteger)
    contributed_cumulative: Mapped[int] = mapped_column(BigInteger)
    due: Mapped[int] = mapped_column(BigInteger)


class FundPlanStep(Base):
    """A step on a line: approval 批准, appropriation 拨付, deposit 缴存; `live` is NULL once reversed."""

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
    """银行对账: the bank's closing balance of an account and quarter beside ours; the last one recorded counts."""

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
    """基金清退: what an account returned, by source, when it was wound down; it gets no call afterwards."""

    __tablename__ = "fund_returns"

    county: Mapped[str] = mapped_column(ForeignKey("counties.id"), primary_key=True)
    bank: Mapped[str] = mapped_column(ForeignKey("banks.code"), primary_key=True)
    on: Mapped[date] = mapped_column("on_day", Date)
    city_fen: Mapped[int] = mapped_column(BigInteger)
    county_fen: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(String(64))
    checked_by: Mapped[str] = mapped_column(String(64))
    event_id: Mapped[int] = mapped_column(BigInteger)
