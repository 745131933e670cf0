"""Attachments: documents of a record, the first of which are the original files of imported sheets.

Why: an imported sheet is the document of what it booked, so its bytes are kept and named by the voucher. The bytes lie
in files under their hash; the table has one row for each owner and document.
Undo: drops the table; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import guard_rows, refuse_once_written

revision = "0007_attachments"
down_revision = "0006_journal_format"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attachments_owner", "attachments", ["owner_kind", "owner_id", "id"], unique=False)
    op.create_index("ix_attachments_sha256", "attachments", ["sha256"], unique=False)
    guard_rows("attachments")


def downgrade() -> None:
    refuse_once_written()
    op.drop_table("attachments")
