"""The journal's tables (books.md §4), used only by the journal and by balances; rows of the journal are only added.

On SQLite the journal's tables have no hidden row number (rowid), because `INSERT OR REPLACE` could remove any row with
it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ledger.database import Base

_meta = Base.metadata

# A book (账套) and the last day of its last closed month. A transaction that posts entries takes a shared lock on the
# book's row; a transaction that closes a month takes an exclusive lock.
books = Table(
    "books",
    _meta,
    Column("book", String(24), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("closed_through", Date),
)

# The accounts that each book has. Foreign keys to this table make a posting to another book's account impossible.
accounts = Table(
    "accounts",
    _meta,
    Column("book", String(24), ForeignKey("books.book"), primary_key=True),
    Column("code", String(6), primary_key=True),
)

# Events (业务). `red` is true for the reversal of another event; only reversals have negative amounts.
events = Table(
    "events",
    _meta,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("county", String(6), nullable=False),
    Column("bank", String(12), nullable=False),
    Column("loan_id", BigInteger),
    Column("made_by", String(64), nullable=False),
    Column("checked_by", String(64)),
    Column("document", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", String(80), nullable=False),
    Column("key", String(80)),
    Column("reverses_id", BigInteger, ForeignKey("events.id")),
    Column("red", Boolean, nullable=False),
    Column("payload", Text, nullable=False),
    # The number of the journal's storage format when the event was recorded.
    Column("format", Integer, nullable=False, server_default="1"),
    CheckConstraint("red = (reverses_id IS NOT NULL)", name="red_is_a_reversal"),
    UniqueConstraint("key"),
    UniqueConstraint("reverses_id"),
    UniqueConstraint("id", "red", "effective_on", "recorded_at", name="uq_events_same"),
    Index("ix_events_loan", "loan_id", "effective_on"),
    Index("ix_events_day", "effective_on", "id"),
    sqlite_with_rowid=False,
)

# Vouchers (记账凭证): a voucher is the part of one event in one book. No entry can be committed without its footer.
entries = Table(
    "entries",
    _meta,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    Column("book", String(24), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("red", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["event_id", "red", "effective_on", "recorded_at"],
        ["events.id", "events.red", "events.effective_on", "events.recorded_at"],
        name="fk_entries_event",
    ),
    ForeignKeyConstraint(["book"], ["books.book"], name="fk_entries_book"),
    ForeignKeyConstraint(
        ["id"],
        ["footers.entry_id"],
        name="fk_entries_footer",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
    UniqueConstraint("id", "book", "red", "effective_on", "recorded_at", name="uq_entries_same"),
    UniqueConstraint("event_id", "book"),
    Index("ix_entries_book", "book", "effective_on", "id"),
    sqlite_with_rowid=False,
)

# The rows of vouchers: each has one amount, a debit and a credit account of the entry's book, so every entry balances.
# A foreign key makes a row's dates equal to its entry's dates, so no row can enter a closed month.
postings = Table(
    "postings",
    _meta,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("book", String(24), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("county", String(6), nullable=False),
    Column("bank", String(12), nullable=False),
    Column("loan_id", BigInteger),
    Column("debit", String(6), nullable=False),
    Column("credit", String(6), nullable=False),
    Column("fen", BigInteger, nullable=False),
    Column("red", Boolean, nullable=False),
    CheckConstraint("(fen > 0 AND NOT red) OR (fen < 0 AND red)", name="negative_only_in_red"),
    CheckConstraint("fen = CAST(fen AS BIGINT)", name="whole_fen"),  # SQLite by itself accepts fractions of a fen.
    CheckConstraint("debit <> credit", name="two_accounts"),
    ForeignKeyConstraint(
        ["entry_id", "book", "red", "effective_on", "recorded_at"],
        ["entries.id", "entries.book", "entries.red", "entries.effective_on", "entries.recorded_at"],
        name="fk_postings_entry",
    ),
    ForeignKeyConstraint(["book", "debit"], ["accounts.book", "accounts.code"], name="fk_postings_debit"),
    ForeignKeyConstraint(["book", "credit"], ["accounts.book", "accounts.code"], name="fk_postings_credit"),
    Index("ix_postings_loan", "loan_id", "effective_on", "book", "debit", "credit", "fen", "recorded_at"),
    Index("ix_postings_moment", "recorded_at", "book"),
    sqlite_with_rowid=False,
)

# The footers of entries: the number of rows, the sum of the amounts in fen, and a hash of the contents.
footers = Table(
    "footers",
    _meta,
    Column("entry_id", BigInteger, ForeignKey("entries.id"), primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

# Daily movements (日发生额): sums of postings by account and day, stored for speed and always equal to the postings.
movements = Table(
    "movements",
    _meta,
    Column("book", String(24)),
    Column("account", String(6)),
    Column("county", String(6)),
    Column("bank", String(12)),
    Column("effective_on", Date),
    Column("recorded_on", Date),
    Column("debit", BigInteger, nullable=False),
    Column("credit", BigInteger, nullable=False),
    # The index contains the sums, so PostgreSQL can answer a query without reading the table.
    PrimaryKeyConstraint(
        "book", "account", "county", "bank", "effective_on", "recorded_on", postgresql_include=["debit", "credit"]
    ),
    ForeignKeyConstraint(["book", "account"], ["accounts.book", "accounts.code"], name="fk_movements_account"),
    sqlite_with_rowid=False,  # All queries of this table use its primary key.
)

# The present balance of each fund account (专户), in fen; the database refuses a negative balance.
fund_balances = Table(
    "fund_balances",
    _meta,
    Column("county", String(6), primary_key=True),
    Column("bank", String(12), primary_key=True),
    Column("fen", BigInteger, nullable=False),
    CheckConstraint("fen >= 0", name="never_negative"),
)

JOURNAL = (events, entries, postings, footers)
