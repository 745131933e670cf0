"""The lower limit of a benchmark's time: the bare driver writes again the rows of each transaction of the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Engine, Table

from ledger import dates
from ledger.tables.journal import entries, events, footers, movements, postings
from ledger.tables.loans import Loan, allocations, interest_bills

Row = tuple[Any, ...]

LOANS: Any = Loan.__table__
_STAND = ("billed_to", "next_step_on", "status", "misused_on")
# The tables are in the order in which the ledger writes them; the value joins the table to the table of events.
_WRITTEN: dict[Table, str] = {
    LOANS: "loans t ON t.id = e.loan_id",
    events: "events t ON t.id = e.id",
    entries: "entries t ON t.event_id = e.id",
    postings: "entries n ON n.event_id = e.id JOIN postings t ON t.entry_id = n.id",
    footers: "entries n ON n.event_id = e.id JOIN footers t ON t.entry_id = n.id",
    interest_bills: "lines t ON t.event_id = e.id",
    allocations: "applications t ON t.event_id = e.id",
}


@dataclass(frozen=True, slots=True)
class Transaction:
    """A recorded transaction of the ledger: its rows by table, its movements, and the changed columns of its loans.

    In `stands`, None as a column's value means that the transaction did not change the column.
    """

    rows: dict[Table, list[Row]] = field(default_factory=lambda: {table: [] for table in _WRITTEN})
    moved: list[Row] = field(default_factory=list)
    stands: list[Row] = field(default_factory=list)


@contextmanager
def driver(engine: Engine) -> Iterator[Any]:
    """Return a connection of the bare driver with the settings of the ledger's own connections."""
    with closing(engine.raw_connection()) as connection:
        yield connection.driver_connection


def captured(engine: Engine, origin: str, *, stands: bool, lent: bool = False) -> list[Transaction]:
    """Return the rows whose origin matches a pattern, grouped by transaction, as the driver's own values.

    With `stands`, the returned transactions include changes of existing loans. With `lent`, the returned transactions
    include the rows of the loans themselves.
    """
    with driver(engine) as raw:
        mark = "?" if engine.dialect.name == "sqlite" else "%s"
        found: dict[int, Transaction] = {}
        for table, way in _WRITTEN.items():
            if table is LOANS and not lent:
                continue
            key = ", ".join(f"t.{column.name}" for column in table.primary_key.columns)
            chosen = ", ".join(f't."{column.name}"' for column in table.columns)
            query = (
                f"SELECT e.recorded_at, {chosen} FROM events e JOIN {way} "
                f"WHERE e.origin LIKE {mark} ORDER BY e.id, {key}"
            )
            for at, *row in raw.execute(query, (origin,)):
                found.setdefault(at, Transaction()).rows[table].append(tuple(row))
        stand_of = {row[-1]: row for row in raw.execute(f"SELECT {', '.join(_STAND)}, id FROM loans")}
    for at, transaction in found.items():
        transaction.moved.extend(_moved(transaction.rows[postings], dates.business_day(dates.moment(at))))
        if stands:
            place = events.c.keys().index("loan_id")
            loans = dict.fromkeys(row[place] for row in transaction.rows[events])
            transaction.stands.extend(stand_of[loan] for loan in loans)
    return [found[at] for at in sorted(found)]


def _moved(rows: Sequence[Row], recorded_on: date) -> list[Row]:
    sums: dict[Row, list[int]] = {}
    for _, _, book, on, _, county, bank, _, debit, credit, fen, _ in rows:
        for side, account in enumerate((debit, credit)):
            sums.setdefault((book, account, county, bank, on), [0, 0])[side] += fen
    return [(*key, recorded_on.isoformat(), *both) for key, both in sorted(sums.items())]


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


@cache
def _insert(table: Table, mark: str) -> str:
    return f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({', '.join([mark] * len(table.columns))})"


def _statements(mark: str) -> tuple[str, str]:
    key = ", ".join(column.name for column in movements.primary_key.columns)
    upsert = (
        f"{_insert(movements, mark)} ON CONFLICT ({key}) DO UPDATE SET "
        "debit = movements.debit + excluded.debit, credit = movements.credit + excluded.credit"
    )
    stand = f"UPDATE loans SET {', '.join(f'{name} = {mark}' for name in _STAND)} WHERE id = {mark}"
    return upsert, stand


_SQLITE = _statements("?")
_POSTGRESQL = _statements("%s")


def insert(raw: Any, rows: Mapping[Table, Sequence[Row]]) -> None:
    """Insert rows with the bare driver, table by table: executemany on SQLite, COPY on PostgreSQL."""
    for table, of_table in rows.items():
        if not of_table:
            continue
        if not hasattr(raw, "pipeline"):
            raw.executemany(_insert(table, "?"), of_table)
            continue
        with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({_columns(table)}) FROM STDIN") as copy:
            for row in of_table:
                copy.write_row(row)


@contextmanager
def transacted(raw: Any) -> Iterator[None]:
    """Open one durable transaction of the bare driver."""
    if not hasattr(raw, "pipeline"):
        raw.execute("BEGIN IMMEDIATE")
    yield
    raw.commit()


def write(raw: Any, transaction: Transaction) -> None:
    """Write the rows of one durable transaction with the bare driver."""
    upsert, stand = _POSTGRESQL if hasattr(raw, "pipeline") else _SQLITE
    with transacted(raw):
        insert(raw, transaction.rows)
        cursor = raw.cursor()
        cursor.executemany(stand, transaction.stands)
        cursor.executemany(upsert, transaction.moved)
        cursor.close()


def write_all(transactions: Sequence[Transaction], engine: Engine) -> None:
    """Write all transactions, one after another, on one connection."""
    with driver(engine) as raw:
        for transaction in transactions:
            write(raw, transaction)


def write_one(raw: Any, transaction: Transaction) -> None:
    """Write one durable transaction of a few rows.

    On PostgreSQL, statements and commit are sent in one pipeline.
    """
    if not hasattr(raw, "pipeline"):
        upsert, _ = _SQLITE
        raw.execute("BEGIN IMMEDIATE")
        for table, rows in transaction.rows.items():
            for row in rows:
                raw.execute(_insert(table, "?"), row)
        for row in transaction.moved:
            raw.execute(upsert, row)
        raw.execute("COMMIT")
        return
    upsert, _ = _POSTGRESQL
    with raw.pipeline(), raw.cursor() as cursor:
        for table, rows in transaction.rows.items():
            for row in rows:
                cursor.execute(_insert(table, "%s"), row)
        for row in transaction.moved:
            cursor.execute(upsert, row)
        raw.commit()


def contents(engine: Engine, origin: str) -> list[list[Row]]:
    """Return all rows written under an origin, sorted and without ids and times, and all movements."""
    queries = (
        "SELECT e.kind, e.effective_on, e.county, e.bank, e.loan_id, e.key, e.payload, p.number, p.book, "
        "p.debit, p.credit, p.fen, f.rows, f.total FROM events e JOIN entries n ON n.event_id = e.id "
        "JOIN postings p ON p.entry_id = n.id JOIN footers f ON f.entry_id = n.id WHERE e.origin = {} "
        "ORDER BY e.loan_id, e.kind, e.effective_on, e.payload, p.number",
        "SELECT ln.loan_id, ln.period_start, ln.version, ln.period_end, ln.contract, ln.penalty, ln.compound "
        "FROM lines ln JOIN events e ON e.id = ln.event_id WHERE e.origin = {} ORDER BY 1, 2, 3",
        "SELECT book, account, county, bank, effective_on, CAST(SUM(debit) AS BIGINT), "
        "CAST(SUM(credit) AS BIGINT) FROM movements WHERE {} <> '' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        "SELECT id, status, billed_to, next_step_on, generation FROM loans WHERE {} <> '' ORDER BY id",
    )
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    with driver(engine) as raw:
        return [list(raw.execute(query.format(mark), (origin,))) for query in queries]
