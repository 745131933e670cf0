"""The risk-buffer fund: reports, plans, targets, reconciliations.

Why: public money is called, deposited and reconciled by line.
Undo: drops all of it; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import refuse_once_written

revision = "0002_fund"
down_revision = "0001_spine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fund_plans",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_plans")),
    )
    op.create_index("ix_fund_plans_quarter", "fund_plans", ["quarter", "id"], unique=False)
    op.create_table(
        "fund_plan_lines",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=6), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("issued_cumulative", sa.BigInteger(), nullable=False),
        sa.Column("required_cumulative", sa.BigInteger(), nullable=False),
        sa.Column("contributed_cumulative", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_fund_plan_lines_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_fund_plan_lines_county")),
        sa.ForeignKeyConstraint(["plan_id"], ["fund_plans.id"], name=op.f("fk_fund_plan_lines_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_plan_lines")),
        sa.UniqueConstraint(
            "plan_id", "county", "bank", "source", name=op.f("uq_fund_plan_lines_plan_id_county_bank_source")
        ),
    )
    op.create_index("ix_fund_plan_lines_account", "fund_plan_lines", ["county", "bank"], unique=False)
    op.create_table(
        "fund_reconciliations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("bank_fen", sa.BigInteger(), nullable=False),
        sa.Column("book_fen", sa.BigInteger(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("slip_no", sa.String(length=60), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_fund_reconciliations_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_fund_reconciliations_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_reconciliations")),
    )
    op.create_index(
        "ix_fund_reconciliations_account", "fund_reconciliations", ["county", "bank", "quarter", "id"], unique=False
    )
    op.create_table(
        "fund_returns",
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("city_fen", sa.BigInteger(), nullable=False),
        sa.Column("county_fen", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_fund_returns_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_fund_returns_county")),
        sa.PrimaryKeyConstraint("county", "bank", name=op.f("pk_fund_returns")),
    )
    op.create_table(
        "fund_targets",
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_fund_targets_bank")),
        sa.PrimaryKeyConstraint("bank", "year", name=op.f("pk_fund_targets")),
    )
    op.create_table(
        "issuance_reports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("households_fen", sa.BigInteger(), nullable=False),
        sa.Column("organisations", sa.Integer(), nullable=False),
        sa.Column("organisations_fen", sa.BigInteger(), nullable=False),
        sa.Column("cumulative_fen", sa.BigInteger(), nullable=False),
        sa.Column("due_by", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("submitted_recorded_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_issuance_reports_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_issuance_reports_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuance_reports")),
        sa.UniqueConstraint(
            "bank", "county", "quarter", "version", name=op.f("uq_issuance_reports_bank_county_quarter_version")
        ),
    )
    op.create_index("ix_issuance_reports_due", "issuance_reports", ["quarter", "status"], unique=False)
    op.create_table(
        "fund_plan_steps",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=6), nullable=False),
        sa.Column("step", sa.String(length=14), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("slip_no", sa.String(length=60), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["fund_plan_lines.id"], name=op.f("fk_fund_plan_steps_line_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["fund_plans.id"], name=op.f("fk_fund_plan_steps_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_plan_steps")),
        sa.UniqueConstraint("event_id", name=op.f("uq_fund_plan_steps_event_id")),
    )
    op.create_index("ix_fund_plan_steps_account", "fund_plan_steps", ["county", "bank", "step"], unique=False)
    op.create_index("ix_fund_plan_steps_line", "fund_plan_steps", ["line_id", "step"], unique=False)


def downgrade() -> None:
    refuse_once_written()
    op.drop_index("ix_fund_plan_steps_line", table_name="fund_plan_steps")
    op.drop_index("ix_fund_plan_steps_account", table_name="fund_plan_steps")
    op.drop_table("fund_plan_steps")
    op.drop_index("ix_issuance_reports_due", table_name="issuance_reports")
    op.drop_table("issuance_reports")
    op.drop_table("fund_targets")
    op.drop_table("fund_returns")
    op.drop_index("ix_fund_reconciliations_account", table_name="fund_reconciliations")
    op.drop_table("fund_reconciliations")
    op.drop_index("ix_fund_plan_lines_account", table_name="fund_plan_lines")
    op.drop_table("fund_plan_lines")
    op.drop_index("ix_fund_plans_quarter", table_name="fund_plans")
    op.drop_table("fund_plans")
