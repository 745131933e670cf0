"""The format of the journal, kept with every event.

Why: later columns of the events and later posting rules leave what is recorded valid: an entry is hashed, and its rows
are checked, by the format in force when it was recorded. Everything recorded before has format 1.
Undo: drops the column; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import refuse_once_written

revision = "0006_journal_format"
down_revision = "0005_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default: no row of the append-only table is written again.
    op.add_column("events", sa.Column("format", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    refuse_once_written()
    op.drop_column("events", "format")
