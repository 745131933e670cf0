"""Compensation: claims, recoveries, suspense.

Why: what the fund pays for a loan, and what comes back.
Undo: drops all of it; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard_rows, refuse_once_written

revision = "0003_claims"
down_revision = "0002_fund"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claims",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("claimed_on", sa.Date(), nullable=False),
        sa.Column("cause", sa.String(length=60), nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.Column("principal", sa.BigInteger(), nullable=False),
        sa.Column("interest", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.Column("insurer_paid", sa.BigInteger(), nullable=False),
        sa.Column("insurer_expected", sa.BigInteger(), nullable=False),
        sa.Column("paid_principal", sa.BigInteger(), nullable=False),
        sa.Column("paid_interest", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("drafted_by", sa.String(length=64), nullable=False),
        sa.Column("drafted_on", sa.Date(), nullable=False),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=64), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("queued_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closing_id", sa.BigInteger(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("paid_principal >= 0 AND paid_interest >= 0", name=op.f("ck_claims_paid_something")),
        sa.CheckConstraint("received <= paid_principal + paid_interest", name=op.f("ck_claims_received_within")),
        sa.CheckConstraint("returned >= 0 AND returned <= received", name=op.f("ck_claims_returned_within")),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_claims_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_claims_county")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_claims_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint("loan_id", "live", name=op.f("uq_claims_loan_id_live")),
    )
    op.create_index("ix_claims_account", "claims", ["county", "bank", "status"], unique=False)
    op.create_index("ix_claims_status", "claims", ["status", "id"], unique=False)
    op.create_table(
        "suspense",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("slip_no", sa.String(length=60), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("fen > 0 AND released >= 0 AND released <= fen", name=op.f("ck_suspense_released_within")),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_suspense_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_suspense_county")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_suspense_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspense")),
    )
    op.create_index("ix_suspense_account", "suspense", ["county", "bank"], unique=False)
    op.create_index("ix_suspense_loan", "suspense", ["loan_id"], unique=False)
    op.create_table(
        "claim_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("from_status", sa.String(length=12), nullable=False),
        sa.Column("to_status", sa.String(length=12), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_claim_changes_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claim_changes_claim", "claim_changes", ["claim_id", "id"], unique=False)
    op.create_table(
        "recoveries",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("to_fund", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("receipt_no", sa.String(length=60), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("remit_by", sa.Date(), nullable=False),
        sa.Column("remitted_on", sa.Date(), nullable=True),
        sa.Column("remitted_by", sa.String(length=64), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.CheckConstraint("fen > 0 AND to_fund >= 0 AND to_fund <= fen", name=op.f("ck_recoveries_within")),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_recoveries_bank")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_recoveries_claim_id")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_recoveries_county")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_recoveries_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
    )
    op.create_index("ix_recoveries_loan", "recoveries", ["loan_id", "id"], unique=False)
    op.create_index("ix_recoveries_waiting", "recoveries", ["county", "bank", "remitted_on"], unique=False)
    guard_rows("claim_changes")


def downgrade() -> None:
    refuse_once_written()
    op.drop_index("ix_recoveries_waiting", table_name="recoveries")
    op.drop_index("ix_recoveries_loan", table_name="recoveries")
    op.drop_table("recoveries")
    op.drop_index("ix_claim_changes_claim", table_name="claim_changes")
    op.drop_table("claim_changes")
    op.drop_index("ix_suspense_loan", table_name="suspense")
    op.drop_index("ix_suspense_account", table_name="suspense")
    op.drop_table("suspense")
    op.drop_index("ix_claims_status", table_name="claims")
    op.drop_index("ix_claims_account", table_name="claims")
    op.drop_table("claims")
