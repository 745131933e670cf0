"""Every entry read again: its footer, its hash, and the rows its event makes by the posting table."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from ledger import chart
from ledger.events import TYPES, EventReversed, event_of
from ledger.journal import HASHED, content_hash
from ledger.posting import Posting, postings_of
from ledger.reports.verifying.check import ROWS_AT_ONCE, Broken, Check
from ledger.tables.journal import entries, events, footers, postings

_EVENT = tuple(events.c)
_BASE = ("effective_on", "county", "bank")


def _stream(connection: Connection) -> Iterator[Any]:
    """Every event with its entries and their rows, by id."""
    p, f = postings.c, footers.c
    query = (
        select(
            *_EVENT,
            entries.c.id.label("entry_id"),
            entries.c.book,
            p.number,
            p.debit,
            p.credit,
            p.loan_id.label("row_loan"),
            p.fen,
            f.rows,
            f.total,
            f.hash,
        )
        .outerjoin(entries, entries.c.event_id == events.c.id)
        .outerjoin(postings, p.entry_id == entries.c.id)
        .outerjoin(footers, f.entry_id == entries.c.id)
        .order_by(events.c.id, entries.c.id, p.number)
    )
    yield from connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)


def _look(connection: Connection) -> Broken:
    for _, found in groupby(_stream(connection), key=lambda row: row.id):
        rows = list(found)
        for _, of_entry in groupby(rows, key=lambda row: row.entry_id):
            yield from _footer(list(of_entry))
        yield from _rule(rows)


def _footer(rows: Sequence[Any]) -> Broken:
    """Whether an entry's footer says what the entry holds, to the letter."""
    head = rows[0]
    if head.entry_id is None or head.hash is None:
        return
    mine = _postings(rows)
    kept, found = (head.rows, head.total), (len(mine), sum(row.amount for row in mine))
    if kept != found:
        yield f"entry {head.entry_id}", f"{kept[0]} rows, {kept[1]} fen", f"{found[0]} rows, {found[1]} fen"
    if head.format not in HASHED:
        yield f"entry {head.entry_id}", f"format {min(HASHED)} to {max(HASHED)}", head.format
        return
    hashed = content_hash(head.entry_id, head.book, [getattr(head, name) for name in HASHED[head.format]], mine)
    if hashed != bytes(head.hash):
        yield f"entry {head.entry_id}", bytes(head.hash).hex(), hashed.hex()


def _rule(rows: Sequence[Any]) -> Broken:
    """Whether an event's rows are those of the posting table in force when it was recorded."""
    head = rows[0]
    kind = TYPES.get(head.kind)
    if kind is None:
        yield f"event {head.id}", "an event of the posting table", head.kind
    elif kind is not EventReversed:
        expected, found = _made(head), _postings(rows)
        if sorted(map(str, found)) != sorted(map(str, expected)):
            yield f"event {head.id}", _told(expected), _told(found)


def _made(head: Any) -> list[Posting]:
    """The rows an event makes; none when its own fields cannot be read."""
    base = {name: getattr(head, name) for name in _BASE}
    try:
        return postings_of(event_of(head.kind, base | {"loan": head.loan_id}, head.payload), head.format)
    except (ValueError, TypeError, KeyError):
        return []


def _postings(rows: Sequence[Any]) -> list[Posting]:
    return [
        Posting(chart.kind_of(row.book), row.debit, row.credit, row.row_loan, row.fen)
        for row in rows
        if row.number is not None
    ]


def _told(rows: Sequence[Posting]) -> str:
    said = [f"{row.debit}/{row.credit} {row.amount} of {row.loan or '-'}" for row in rows]
    return ", ".join(said) or "no rows"


ENTRIES = (
    Check(
        "entry_altered",
        "凭证须与封底、记账规则一致",
        "an entry holds what its footer says, to the letter, and what its event makes by the posting table",
        _look,
    ),
)
