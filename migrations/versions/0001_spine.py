"""The spine: reference facts, people, parties, loans, the journal and its guards.

Why: everything the ledger stands on, in one step from an empty database.
Undo: drops all of it; refused once the journal has entries.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import drop_guards, guard_journal, guard_rows, on_sqlite, refuse_once_written

revision = "0001_spine"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An entry needs its footer by the end of the transaction, and the footer its entry. SQLite takes the
    # constraint only inside CREATE TABLE, PostgreSQL only once both tables are there.
    entry_footer = (
        [
            sa.ForeignKeyConstraint(
                ["id"], ["footers.entry_id"], name="fk_entries_footer", initially="DEFERRED", deferrable=True
            )
        ]
        if on_sqlite()
        else []
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=True),
        sa.Column("bank", sa.String(length=12), nullable=True),
        sa.Column("loan_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_loan", "approvals", ["loan_id"], unique=False)
    op.create_index("ix_approvals_waiting", "approvals", ["status", "id"], unique=False)
    op.create_table(
        "banks",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_banks")),
    )
    op.create_table(
        "books",
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("closed_through", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_books")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "closings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_closings_month", "closings", ["book", "month", "id"], unique=False)
    op.create_table(
        "counties",
        sa.Column("id", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counties")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("loan_id", sa.BigInteger(), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.CheckConstraint("red = (reverses_id IS NOT NULL)", name=op.f("ck_events_red_is_a_reversal")),
        sa.ForeignKeyConstraint(["reverses_id"], ["events.id"], name=op.f("fk_events_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("id", "red", "effective_on", "recorded_at", name="uq_events_same"),
        sa.UniqueConstraint("key", name=op.f("uq_events_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_events_reverses_id")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_events_day", "events", ["effective_on", "id"], unique=False)
    op.create_index("ix_events_loan", "events", ["loan_id", "effective_on"], unique=False)
    op.create_table(
        "fund_balances",
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_fund_balances_never_negative")),
        sa.PrimaryKeyConstraint("county", "bank", name=op.f("pk_fund_balances")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_waiting", "imports", ["status", "id"], unique=False)
    op.create_table(
        "job_leases",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_leases")),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job", sa.String(length=24), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("started_by", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
        sa.UniqueConstraint("job", "business_date", "scope", name=op.f("uq_job_runs_job_business_date_scope")),
    )
    op.create_index("ix_job_runs_status", "job_runs", ["status", "id"], unique=False)
    op.create_table(
        "rate_coverages",
        sa.Column("table_name", sa.String(length=10), nullable=False),
        sa.Column("covered_through", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "covered_through", name=op.f("pk_rate_coverages")),
    )
    op.create_table(
        "rate_rows",
        sa.Column("table_name", sa.String(length=10), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("rates", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "effective_on", name=op.f("pk_rate_rows")),
    )
    op.create_table(
        "requests",
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "key", name=op.f("pk_requests")),
    )
    op.create_table(
        "schemes",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("signed_from", sa.Date(), nullable=False),
        sa.Column("signed_to", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_schemes")),
        sa.UniqueConstraint("hash", name=op.f("uq_schemes_hash")),
    )
    op.create_table(
        "accounts",
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["books.book"], name=op.f("fk_accounts_book")),
        sa.PrimaryKeyConstraint("book", "code", name=op.f("pk_accounts")),
    )
    op.create_table(
        "applications",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("payer", sa.String(length=12), nullable=False),
        sa.Column("contract", sa.BigInteger(), nullable=False),
        sa.Column("compound", sa.BigInteger(), nullable=False),
        sa.Column("penalty", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_applications_event_id")),
        sa.PrimaryKeyConstraint("event_id", "loan_id", "period_start", name=op.f("pk_applications")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_applications_line", "applications", ["loan_id", "period_start"], unique=False)
    op.create_table(
        "bank_statuses",
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_bank_statuses_bank")),
        sa.PrimaryKeyConstraint("bank", "effective_on", name=op.f("pk_bank_statuses")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["year"], ["calendar_years.year"], name=op.f("fk_calendar_days_year")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "county_codes",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_county_codes_county")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_county_codes")),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["books.book"], name="fk_entries_book"),
        sa.ForeignKeyConstraint(
            ["event_id", "red", "effective_on", "recorded_at"],
            ["events.id", "events.red", "events.effective_on", "events.recorded_at"],
            name="fk_entries_event",
        ),
        *entry_footer,
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("event_id", "book", name=op.f("uq_entries_event_id_book")),
        sa.UniqueConstraint("id", "book", "red", "effective_on", "recorded_at", name="uq_entries_same"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_entries_book", "entries", ["book", "effective_on", "id"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("registry_no", sa.String(length=40), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("town", sa.String(length=60), nullable=False),
        sa.Column("village", sa.String(length=60), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_households_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint("registry_no", name=op.f("uq_households_registry_no")),
    )
    op.create_index("ix_households_county", "households", ["county", "id"], unique=False)
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_organisations_county")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organisations_uscc")),
    )
    op.create_index("ix_organisations_county", "organisations", ["county", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_users_bank")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_users")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_users_fs_uniquifier")),
    )
    op.create_table(
        "footers",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_footers_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_footers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_links_household_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_links_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint(
            "organisation_id",
            "household_id",
            "kind",
            "starts_on",
            name=op.f("uq_links_organisation_id_household_id_kind_starts_on"),
        ),
    )
    op.create_index("ix_links_household", "links", ["household_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("id_card", sa.String(length=18), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_members_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("id_card", name=op.f("uq_members_id_card")),
    )
    op.create_index("ix_members_household", "members", ["household_id"], unique=False)
    op.create_table(
        "movements",
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("account", sa.String(length=6), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["book", "account"], ["accounts.book", "accounts.code"], name="fk_movements_account"),
        sa.PrimaryKeyConstraint(
            "book",
            "account",
            "county",
            "bank",
            "effective_on",
            "recorded_on",
            name=op.f("pk_movements"),
            postgresql_include=["debit", "credit"],
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "postings",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("book", sa.String(length=24), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("loan_id", sa.BigInteger(), nullable=True),
        sa.Column("debit", sa.String(length=6), nullable=False),
        sa.Column("credit", sa.String(length=6), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(fen > 0 AND NOT red) OR (fen < 0 AND red)", name=op.f("ck_postings_negative_only_in_red")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_postings_two_accounts")),
        sa.CheckConstraint("fen = CAST(fen AS BIGINT)", name=op.f("ck_postings_whole_fen")),
        sa.ForeignKeyConstraint(["book", "credit"], ["accounts.book", "accounts.code"], name="fk_postings_credit"),
        sa.ForeignKeyConstraint(["book", "debit"], ["accounts.book", "accounts.code"], name="fk_postings_debit"),
        sa.ForeignKeyConstraint(
            ["entry_id", "book", "red", "effective_on", "recorded_at"],
            ["entries.id", "entries.book", "entries.red", "entries.effective_on", "entries.recorded_at"],
            name="fk_postings_entry",
        ),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_postings")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_postings_loan",
        "postings",
        ["loan_id", "effective_on", "book", "debit", "credit", "fen", "recorded_at"],
        unique=False,
    )
    op.create_index("ix_postings_moment", "postings", ["recorded_at", "book"], unique=False)
    op.create_table(
        "user_counties",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_user_counties_county")),
        sa.ForeignKeyConstraint(["username"], ["users.username"], name=op.f("fk_user_counties_username")),
        sa.PrimaryKeyConstraint("username", "county", name=op.f("pk_user_counties")),
    )
    op.create_table(
        "loans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("contract_no", sa.String(length=60), nullable=False),
        sa.Column("scheme", sa.String(length=40), nullable=False),
        sa.Column("scheme_version", sa.Integer(), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=6), nullable=False),
        sa.Column("household_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("principal_fen", sa.BigInteger(), nullable=False),
        sa.Column("annual_rate", sa.BigInteger(), nullable=False),
        sa.Column("benchmark_rate", sa.BigInteger(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("security", sa.String(length=12), nullable=False),
        sa.Column("policy_no", sa.String(length=60), nullable=True),
        sa.Column("endorsements", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("disbursed_by", sa.String(length=64), nullable=True),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("original_due_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("rolled_on", sa.Date(), nullable=True),
        sa.Column("extended_months", sa.Integer(), nullable=False),
        sa.Column("extended_on", sa.Date(), nullable=True),
        sa.Column("extended_rate", sa.BigInteger(), nullable=True),
        sa.Column("misused_on", sa.Date(), nullable=True),
        sa.Column("renews_id", sa.BigInteger(), nullable=True),
        sa.Column("first_disbursed_on", sa.Date(), nullable=True),
        sa.Column("billed_to", sa.Date(), nullable=True),
        sa.Column("next_step_on", sa.Date(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["bank"], ["banks.code"], name=op.f("fk_loans_bank")),
        sa.ForeignKeyConstraint(["county"], ["counties.id"], name=op.f("fk_loans_county")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_loans_household_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_loans_member_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_loans_organisation_id")),
        sa.ForeignKeyConstraint(
            ["scheme", "scheme_version"],
            ["schemes.code", "schemes.version"],
            name=op.f("fk_loans_scheme_scheme_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
        sa.UniqueConstraint("bank", "contract_no", name=op.f("uq_loans_bank_contract_no")),
    )
    op.create_index("ix_loans_county", "loans", ["county", "bank", "disbursed_on"], unique=False)
    op.create_index("ix_loans_due", "loans", ["due_on"], unique=False)
    op.create_index("ix_loans_household", "loans", ["household_id"], unique=False)
    op.create_index("ix_loans_organisation", "loans", ["organisation_id"], unique=False)
    op.create_index("ix_loans_step", "loans", ["bank", "county", "next_step_on"], unique=False)
    op.create_table(
        "lines",
        sa.Column("loan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("contract", sa.BigInteger(), nullable=False),
        sa.Column("penalty", sa.BigInteger(), nullable=False),
        sa.Column("compound", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_lines_event_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_lines_loan_id")),
        sa.PrimaryKeyConstraint("loan_id", "period_start", "version", name=op.f("pk_lines")),
        sa.UniqueConstraint("loan_id", "period_start", "live", name=op.f("uq_lines_loan_id_period_start_live")),
    )
    op.create_index("ix_lines_event", "lines", ["event_id"], unique=False)
    op.create_index("ix_lines_posted", "lines", ["period_end"], unique=False)
    op.create_table(
        "loan_status_changes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_status", sa.String(length=12), nullable=False),
        sa.Column("to_status", sa.String(length=12), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("by_user", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_loan_status_changes_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_status_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_loan_status_changes_loan", "loan_status_changes", ["loan_id", "id"], unique=False)
    op.create_table(
        "repayments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("receipt_no", sa.String(length=60), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("surplus", sa.String(length=10), nullable=False),
        sa.Column("payer", sa.String(length=12), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_repayments_loan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repayments")),
        sa.UniqueConstraint("loan_id", "receipt_no", "live", name=op.f("uq_repayments_loan_id_receipt_no_live")),
    )
    op.create_index("ix_repayments_import", "repayments", ["import_id"], unique=False)
    if not on_sqlite():
        op.create_foreign_key(
            "fk_entries_footer", "entries", "footers", ["id"], ["entry_id"], initially="DEFERRED", deferrable=True
        )
    guard_journal()
    guard_rows("applications", "closings", "loan_status_changes")


def downgrade() -> None:
    refuse_once_written()
    if not on_sqlite():
        op.drop_constraint("fk_entries_footer", "entries")
    op.drop_index("ix_repayments_import", table_name="repayments")
    op.drop_table("repayments")
    op.drop_index("ix_loan_status_changes_loan", table_name="loan_status_changes")
    op.drop_table("loan_status_changes")
    op.drop_index("ix_lines_posted", table_name="lines")
    op.drop_index("ix_lines_event", table_name="lines")
    op.drop_table("lines")
    op.drop_index("ix_loans_step", table_name="loans")
    op.drop_index("ix_loans_organisation", table_name="loans")
    op.drop_index("ix_loans_household", table_name="loans")
    op.drop_index("ix_loans_due", table_name="loans")
    op.drop_index("ix_loans_county", table_name="loans")
    op.drop_table("loans")
    op.drop_table("user_counties")
    op.drop_index("ix_postings_moment", table_name="postings")
    op.drop_index("ix_postings_loan", table_name="postings")
    op.drop_table("postings")
    op.drop_table("movements")
    op.drop_index("ix_members_household", table_name="members")
    op.drop_table("members")
    op.drop_index("ix_links_household", table_name="links")
    op.drop_table("links")
    op.drop_table("footers")
    op.drop_table("users")
    op.drop_index("ix_organisations_county", table_name="organisations")
    op.drop_table("organisations")
    op.drop_index("ix_households_county", table_name="households")
    op.drop_table("households")
    op.drop_index("ix_entries_book", table_name="entries")
    op.drop_table("entries")
    op.drop_table("county_codes")
    op.drop_table("calendar_days")
    op.drop_table("bank_statuses")
    op.drop_index("ix_applications_line", table_name="applications")
    op.drop_table("applications")
    op.drop_table("accounts")
    op.drop_table("schemes")
    op.drop_table("requests")
    op.drop_table("rate_rows")
    op.drop_table("rate_coverages")
    op.drop_index("ix_job_runs_status", table_name="job_runs")
    op.drop_table("job_runs")
    op.drop_table("job_leases")
    op.drop_index("ix_imports_waiting", table_name="imports")
    op.drop_table("imports")
    op.drop_table("fund_balances")
    op.drop_index("ix_events_loan", table_name="events")
    op.drop_index("ix_events_day", table_name="events")
    op.drop_table("events")
    op.drop_table("counties")
    op.drop_index("ix_closings_month", table_name="closings")
    op.drop_table("closings")
    op.drop_table("calendar_years")
    op.drop_table("books")
    op.drop_table("banks")
    op.drop_index("ix_approvals_waiting", table_name="approvals")
    op.drop_index("ix_approvals_loan", table_name="approvals")
    op.drop_table("approvals")
    drop_guards()
