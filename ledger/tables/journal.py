"""The journal's tables (books.md §4): rows are only ever added; nobody but journal and balances uses them.

A table whose rows are only added has no hidden row number on SQLite: `INSERT OR REPLACE` with the number of a row
that is there would remove that row, whatever its id.
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

# A book (账套) and the last day of its last closed month; every writer holds this row shared, a closer alone.
books = Table(
    "books",
    _meta,
    Column("book", String(24), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("closed_through", Date),
)

# The accounts of each book: what makes it impossible to post to an account of another book.
accounts = Table(
    "accounts",
    _meta,
    Column("book", String(24), ForeignKey("books.book"), primary_key=True),
    Column("code", String(6), primary_key=True),
)

# What happened. `red` says that it reverses another event; only then are amounts negative.
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
    Column("format", Integer, nullable=False, server_default="1"),  # of the journal when it was recorded
    CheckConstraint("red = (reverses_id IS NOT NULL)", name="red_is_a_reversal"),
    UniqueConstraint("key"),
    UniqueConstraint("reverses_id"),
    UniqueConstraint("id", "red", "effective_on", "recorded_at", name="uq_events_same"),
    Index("ix_events_loan", "loan_id", "effective_on"),
    Index("ix_events_day", "effective_on", "id"),
    sqlite_with_rowid=False,
)

# One event's part in one book: a voucher (记账凭证). Closed by its footer, without which it cannot be committed.
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

# A row of a voucher: one amount, one account on each side, both of the entry's book. Balanced by shape.
# Its two dates are the entry's: no row gets into a closed month under an entry of an open one.
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
    CheckConstraint("fen = CAST(fen AS BIGINT)", name="whole_fen"),  # SQLite would take a half
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

# Written last: how many rows the entry has, what they add up to, and the hash of all it says.
footers = Table(
    "footers",
    _meta,
    Column("entry_id", BigInteger, ForeignKey("entries.id"), primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)

# Daily movements (日发生额): kept for speed, equal to the sums of the postings always.
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
    # The sums are in the index: PostgreSQL reads a book's days there, and not the rows of all books between them.
    PrimaryKeyConstraint(
        "book", "account", "county", "bank", "effective_on", "recorded_on", postgresql_include=["debit", "credit"]
    ),
    ForeignKeyConstraint(["book", "account"], ["accounts.book", "accounts.code"], name="fk_movements_account"),
    sqlite_with_rowid=False,  # its key is all that it is asked by
)

# What is in each fund account (专户) now; the database refuses a negative one.
fund_balances = Table(
    "fund_balances",
    _meta,
    Column("county", String(6), primary_key=True),
    Column("bank", String(12), primary_key=True),
    Column("fen", BigInteger, nullable=False),
    CheckConstraint("fen >= 0", name="never_negative"),
)

JOURNAL = (events, entries, postings, footers)
