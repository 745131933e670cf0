"""Creates triggers with which the database itself protects the journal, on SQLite and PostgreSQL.

Migrations call `guard_journal` and `guard_rows`. A function that a released migration calls never changes; a migration
that needs further triggers calls a new function.
"""

import sqlalchemy as sa
from alembic import op

_JOURNAL = ("events", "entries", "postings", "footers")


def on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def guard_journal() -> None:
    """Create the triggers that protect the journal (promises 1, 2, 6, 9).

    The triggers make the journal append-only, and refuse further postings to an entry that has its footer. The triggers
    also refuse entries in closed months and overdrafts of fund accounts.
    """
    if not on_sqlite():
        _function("refuse_change", "BEGIN RAISE EXCEPTION 'append_only: %', TG_TABLE_NAME; END")
    guard_rows(*_JOURNAL)
    if on_sqlite():
        _sqlite_inserts()
    else:
        _postgresql_inserts()


def guard_rows(*tables: str) -> None:
    """Create triggers that refuse UPDATE, DELETE and TRUNCATE on the tables for every database user (promise 2)."""
    for table in tables:
        if on_sqlite():
            _sqlite_rows(table)
        else:
            _always(table, f"{table}_append_only", "BEFORE UPDATE OR DELETE", "ROW", "refuse_change")
            _always(table, f"{table}_no_truncate", "BEFORE TRUNCATE", "STATEMENT", "refuse_change")


def drop_guards() -> None:
    """Drop the trigger functions, since PostgreSQL keeps trigger functions when tables are dropped."""
    if not on_sqlite():
        op.execute("DROP FUNCTION refuse_change, refuse_closed_entry, refuse_closed_month, refuse_overdraft")


def refuse_once_written() -> None:
    """Raise RuntimeError where the journal has entries, since a downgrade would remove the entries."""
    if op.get_bind().exec_driver_sql("SELECT 1 FROM entries").first():
        raise RuntimeError("the journal has entries: this step is not undone")


def _sqlite_rows(table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        _sqlite_trigger(f"{table}_no_{verb.lower()}", f"BEFORE {verb} ON {table}", f"append_only: {table}")
    # In SQLite, INSERT OR REPLACE removes the old row without firing delete triggers. An insert trigger therefore
    # refuses a row that would repeat a key of an existing row. Guarded tables are declared WITHOUT ROWID, since
    # SQLite's hidden row number would be a further key.
    there = " OR ".join("(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")" for key in _keys(table))
    _sqlite_trigger(
        f"{table}_no_replace",
        f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {there})",
        f"append_only: {table}",
    )


def _keys(table: str) -> list[list[str]]:
    inspector = sa.inspect(op.get_bind())
    primary = inspector.get_pk_constraint(table)["constrained_columns"]
    unique = sorted(each["column_names"] for each in inspector.get_unique_constraints(table))
    return [primary, *(key for key in unique if not set(primary) <= set(key))]


def _sqlite_trigger(name: str, when: str, refusal: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END")


def _sqlite_inserts() -> None:
    _sqlite_trigger(
        "postings_closed_entry",
        "BEFORE INSERT ON postings WHEN EXISTS (SELECT 1 FROM footers WHERE entry_id = NEW.entry_id)",
        "entry_closed: postings",
    )
    _sqlite_trigger(
        "entries_closed_month",
        "BEFORE INSERT ON entries WHEN NEW.effective_on <= (SELECT closed_through FROM books WHERE book = NEW.book)",
        "period_closed: entries",
    )
    for verb in ("INSERT", "UPDATE"):
        _sqlite_trigger(
            f"fund_balances_{verb.lower()}",
            f"AFTER {verb} ON fund_balances WHEN EXISTS ({_overdrawn()})",
            "fund_overdrawn: fund_balances",
        )


def _postgresql_inserts() -> None:
    _function(
        "refuse_closed_entry",
        (
            "BEGIN IF EXISTS (SELECT 1 FROM added JOIN footers ON footers.entry_id = added.entry_id) "
            "THEN RAISE EXCEPTION 'entry_closed: postings'; END IF; RETURN NULL; END"
        ),
    )
    added = "REFERENCING NEW TABLE AS added FOR EACH"
    _always("postings", "postings_closed_entry", "AFTER INSERT", "STATEMENT", "refuse_closed_entry", added)
    # The trigger on entries holds a shared lock on the book's row until the transaction ends. No transaction can
    # therefore close a month while entries are being written.
    _function(
        "refuse_closed_month",
        (
            "BEGIN PERFORM 1 FROM books WHERE book IN (SELECT book FROM added) ORDER BY book FOR SHARE; "
            "IF EXISTS (SELECT 1 FROM added JOIN books ON books.book = added.book "
            "WHERE added.effective_on <= books.closed_through) "
            "THEN RAISE EXCEPTION 'period_closed: entries'; END IF; RETURN NULL; END"
        ),
    )
    _always("entries", "entries_closed_month", "AFTER INSERT", "STATEMENT", "refuse_closed_month", added)
    # The trigger that refuses overdrafts fires after the row of the fund account is locked. The trigger that refuses
    # overdrafts therefore sees the committed movements of all earlier transactions.
    _function(
        "refuse_overdraft",
        (
            f"BEGIN IF EXISTS ({_overdrawn()}) "
            "THEN RAISE EXCEPTION 'fund_overdrawn: fund_balances'; END IF; RETURN NULL; END"
        ),
    )
    _always("fund_balances", "fund_balances_moved", "AFTER INSERT OR UPDATE", "ROW", "refuse_overdraft")


def _overdrawn() -> str:
    """Return a query for fund accounts that are below zero on some day or differ from the sum of daily movements."""
    days = (
        "SELECT sum(debit - credit) AS net, sum(sum(debit - credit)) OVER (ORDER BY effective_on) AS stood "
        "FROM movements WHERE book = 'FUND-' || NEW.county AND account = '1001' "
        "AND county = NEW.county AND bank = NEW.bank GROUP BY effective_on"
    )
    return (
        "SELECT 1 FROM (SELECT coalesce(sum(net), 0) AS now, coalesce(min(stood), 0) AS lowest "
        f"FROM ({days}) AS days) AS found WHERE found.now <> NEW.fen OR found.lowest < 0"
    )


def _function(name: str, body: str) -> None:
    """Create a trigger function that reads tables of the ledger's schema only, and never a temporary table."""
    schema = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$ {body} $$"
    )


def _always(table: str, name: str, when: str, each: str, function: str, rows: str = "FOR EACH") -> None:
    """Create a trigger that fires in every session, even in the replica role, where ordinary triggers do not fire."""
    op.execute(f"CREATE TRIGGER {name} {when} ON {table} {rows} {each} EXECUTE FUNCTION {function}()")
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
