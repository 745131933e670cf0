"""What the database refuses by itself: the journal's guards, as DDL for SQLite and PostgreSQL.

A migration calls `guard_journal` or `guard_rows`; what they make never changes once released, a later
migration adds a function of its own.
"""

from alembic import op

_JOURNAL = ("events", "entries", "postings", "footers")


def on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def guard_rows(*tables: str) -> None:
    """Rows of these tables are only ever added: no UPDATE, DELETE, TRUNCATE, whoever asks (promise 2)."""
    for table in tables:
        if on_sqlite():
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'append_only: {table}'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            # Replica role skips ordinary triggers; these fire always.
            for trigger in (f"{table}_append_only", f"{table}_no_truncate"):
                op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def guard_journal() -> None:
    """Append-only journal, no row joins a closed entry, no entry lands in a closed month (promises 1, 2, 6)."""
    if not on_sqlite():
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'append_only: %', TG_TABLE_NAME; END $$"
        )
    guard_rows(*_JOURNAL)
    if on_sqlite():
        _sqlite_inserts()
    else:
        _postgresql_inserts()


def _sqlite_inserts() -> None:
    # INSERT OR REPLACE removes the old row without firing delete triggers, so what is there already is
    # refused before the insert. A posting is safe by its entry's footer.
    taken = {
        "events": "SELECT 1 FROM events WHERE id = NEW.id OR key = NEW.key OR reverses_id = NEW.reverses_id",
        "entries": "SELECT 1 FROM entries WHERE id = NEW.id OR (event_id = NEW.event_id AND book = NEW.book)",
        "footers": "SELECT 1 FROM footers WHERE entry_id = NEW.entry_id",
    }
    for table, there in taken.items():
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: {table}'); END"
        )
    op.execute(
        "CREATE TRIGGER postings_closed_entry BEFORE INSERT ON postings "
        "WHEN EXISTS (SELECT 1 FROM footers WHERE entry_id = NEW.entry_id) "
        "OR EXISTS (SELECT 1 FROM postings WHERE entry_id = NEW.entry_id AND number = NEW.number) "
        "BEGIN SELECT RAISE(ABORT, 'entry_closed: postings'); END"
    )
    op.execute(
        "CREATE TRIGGER entries_closed_month BEFORE INSERT ON entries "
        "WHEN NEW.effective_on <= (SELECT closed_through FROM books WHERE book = NEW.book) "
        "BEGIN SELECT RAISE(ABORT, 'period_closed: entries'); END"
    )


def _postgresql_inserts() -> None:
    op.execute(
        "CREATE FUNCTION refuse_closed_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT 1 FROM added JOIN footers ON footers.entry_id = added.entry_id) "
        "THEN RAISE EXCEPTION 'entry_closed: postings'; END IF; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER postings_closed_entry AFTER INSERT ON postings REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_entry()"
    )
    # The books' rows are held shared to the end of the transaction: a month cannot close under them.
    op.execute(
        "CREATE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM 1 FROM books WHERE book IN (SELECT book FROM added) ORDER BY book FOR SHARE; "
        "IF EXISTS (SELECT 1 FROM added JOIN books ON books.book = added.book "
        "WHERE added.effective_on <= books.closed_through) "
        "THEN RAISE EXCEPTION 'period_closed: entries'; END IF; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER entries_closed_month AFTER INSERT ON entries REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()"
    )
    for table, trigger in (("postings", "postings_closed_entry"), ("entries", "entries_closed_month")):
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def refuse_once_written() -> None:
    """A journal that has entries is not taken down again."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM entries").first():
        raise RuntimeError("the journal has entries: this step is not undone")
