"""Notices before maturity and their delivery.

Why: each borrower is told in time, once per loan, due date and kind.
Undo: drops all of it; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard_rows, refuse_once_written

revision = "0005_notices"
down_revision = "0004_subsidies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(household_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_contacts_of_one_borrower")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_contacts_household_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_contacts_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("household_id", name=op.f("uq_contacts_household_id")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_contacts_organisation_id")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=3), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("deliver_by", sa.Date(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=12), nullable=True),
        sa.CheckConstraint(
            "created_on <= due_on AND cancelled_on >= created_on", name=op.f("ck_notices_days_in_order")
        ),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_notices_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_notices_county")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_notices_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("loan_id", "due_on", "kind", name=op.f("uq_notices_loan_id_due_on_kind")),
    )
    op.create_index("ix_notices_deliver_by", "notices", ["deliver_by"], unique=False)
    op.create_index("ix_notices_made", "notices", ["county", "bank", "made_on"], unique=False)
    op.create_index("ix_notices_office", "notices", ["county", "bank", "created_on"], unique=False)
    op.create_table(
        "notice_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_changes_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notice_changes_notice", "notice_changes", ["notice_id", "id"], unique=False)
    op.create_table(
        "notice_deliveries",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("receiver", sa.String(length=60), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_deliveries_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_deliveries")),
        sa.UniqueConstraint("notice_id", "live", name=op.f("uq_notice_deliveries_notice_id_live")),
    )
    op.create_table(
        "notice_sendings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_notice_sendings_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_sendings")),
        sa.UniqueConstraint(
            "notice_id", "channel", "attempt", name=op.f("uq_notice_sendings_notice_id_channel_attempt")
        ),
    )
    op.create_index("ix_notice_sendings_status", "notice_sendings", ["status", "next_at"], unique=False)
    op.create_table(
        "notice_receipts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["notice_deliveries.id"], name=op.f("fk_notice_receipts_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_receipts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_notice_receipts_delivery", "notice_receipts", ["delivery_id", "id"], unique=False)
    guard_rows("notice_changes", "notice_receipts")


def downgrade() -> None:
    refuse_once_written()
    op.drop_index("ix_notice_receipts_delivery", table_name="notice_receipts")
    op.drop_table("notice_receipts")
    op.drop_index("ix_notice_sendings_status", table_name="notice_sendings")
    op.drop_table("notice_sendings")
    op.drop_table("notice_deliveries")
    op.drop_index("ix_notice_changes_notice", table_name="notice_changes")
    op.drop_table("notice_changes")
    op.drop_index("ix_notices_office", table_name="notices")
    op.drop_index("ix_notices_made", table_name="notices")
    op.drop_index("ix_notices_deliver_by", table_name="notices")
    op.drop_table("notices")
    op.drop_table("contacts")
