"""Interest subsidy: batches, their lines, claw-backs.

Why: each settlement line is subsidised at most once.
Undo: drops all of it; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard_rows, refuse_once_written

revision = "0004_subsidies"
down_revision = "0003_claims"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subsidy_batches",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("cycle", sa.String(length=8), nullable=False),
        sa.Column("period", sa.String(length=6), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("submit_by", sa.Date(), nullable=False),
        sa.Column("pay_days", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=True),
        sa.Column("maker", sa.String(length=64), nullable=False),
        sa.Column("drafted_on", sa.Date(), nullable=False),
        sa.Column("refreshed_on", sa.Date(), nullable=False),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("submitted_recorded_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("verified_by", sa.String(length=64), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("paid_by", sa.String(length=64), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_subsidy_batches_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_subsidy_batches_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsidy_batches")),
        sa.UniqueConstraint(
            "bank", "county", "cycle", "period", name=op.f("uq_subsidy_batches_bank_county_cycle_period")
        ),
    )
    op.create_index("ix_subsidy_batches_county", "subsidy_batches", ["county", "period"], unique=False)
    op.create_index("ix_subsidy_batches_status", "subsidy_batches", ["status", "id"], unique=False)
    op.create_table(
        "subsidy_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=False),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["subsidy_batches.id"], name=op.f("fk_subsidy_changes_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsidy_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subsidy_changes_batch", "subsidy_changes", ["batch_id", "id"], unique=False)
    op.create_table(
        "subsidy_lines",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=6), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("interest", sa.BigInteger(), nullable=False),
        sa.Column("eligible", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("of_line_id", sa.BigInteger(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("fen > 0", name=op.f("ck_subsidy_lines_above_zero")),
        sa.ForeignKeyConstraint(["batch_id"], ["subsidy_batches.id"], name=op.f("fk_subsidy_lines_batch_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_subsidy_lines_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subsidy_lines")),
    )
    op.create_index("ix_subsidy_lines_batch", "subsidy_lines", ["batch_id"], unique=False)
    op.create_index("ix_subsidy_lines_loan", "subsidy_lines", ["loan_id"], unique=False)
    op.create_table(
        "clawbacks",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("raised_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("fen > 0 AND received >= 0 AND received <= fen", name=op.f("ck_clawbacks_received_within")),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_clawbacks_bank")),
        sa.ForeignKeyConstraint(["batch_id"], ["subsidy_batches.id"], name=op.f("fk_clawbacks_batch_id")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_clawbacks_county")),
        sa.ForeignKeyConstraint(["line_id"], ["subsidy_lines.id"], name=op.f("fk_clawbacks_line_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_clawbacks_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clawbacks")),
    )
    op.create_index("ix_clawbacks_county", "clawbacks", ["county", "bank"], unique=False)
    op.create_index("ix_clawbacks_line", "clawbacks", ["line_id"], unique=False)
    op.create_index("ix_clawbacks_loan", "clawbacks", ["loan_id"], unique=False)
    op.create_table(
        "subsidy_claims",
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("loan_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("eligible", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["subsidy_lines.id"], name=op.f("fk_subsidy_claims_line_id")),
        sa.ForeignKeyConstraint(
            ["loan_id", "period_start", "version"],
            ["lines.loan_id", "lines.period_start", "lines.version"],
            name=op.f("fk_subsidy_claims_loan_id_period_start_version"),
        ),
        sa.PrimaryKeyConstraint("line_id", "period_start", name=op.f("pk_subsidy_claims")),
        sa.UniqueConstraint(
            "loan_id", "period_start", "live", name=op.f("uq_subsidy_claims_loan_id_period_start_live")
        ),
    )
    op.create_table(
        "subsidy_shortfalls",
        sa.Column("line_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("supplement_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("fen > 0", name=op.f("ck_subsidy_shortfalls_above_zero")),
        sa.ForeignKeyConstraint(["line_id"], ["subsidy_lines.id"], name=op.f("fk_subsidy_shortfalls_line_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_subsidy_shortfalls")),
        sa.UniqueConstraint("supplement_id", name=op.f("uq_subsidy_shortfalls_supplement_id")),
    )
    op.create_table(
        "clawback_receipts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clawback_id", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["clawback_id"], ["clawbacks.id"], name=op.f("fk_clawback_receipts_clawback_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clawback_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clawback_receipts_clawback", "clawback_receipts", ["clawback_id"], unique=False)
    guard_rows("clawback_receipts", "subsidy_changes")


def downgrade() -> None:
    refuse_once_written()
    op.drop_index("ix_clawback_receipts_clawback", table_name="clawback_receipts")
    op.drop_table("clawback_receipts")
    op.drop_table("subsidy_shortfalls")
    op.drop_table("subsidy_claims")
    op.drop_index("ix_clawbacks_loan", table_name="clawbacks")
    op.drop_index("ix_clawbacks_line", table_name="clawbacks")
    op.drop_index("ix_clawbacks_county", table_name="clawbacks")
    op.drop_table("clawbacks")
    op.drop_index("ix_subsidy_lines_loan", table_name="subsidy_lines")
    op.drop_index("ix_subsidy_lines_batch", table_name="subsidy_lines")
    op.drop_table("subsidy_lines")
    op.drop_index("ix_subsidy_changes_batch", table_name="subsidy_changes")
    op.drop_table("subsidy_changes")
    op.drop_index("ix_subsidy_batches_status", table_name="subsidy_batches")
    op.drop_index("ix_subsidy_batches_county", table_name="subsidy_batches")
    op.drop_table("subsidy_batches")
