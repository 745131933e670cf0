"""Checks that the footer and hash of every entry fit, and that its rows follow from the event by the posting table."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from ledger import chart
from ledger.events import FORMAT, TYPES, EventReversed, event_of
from ledger.journal import content_hash, hashed_columns
from ledger.posting import Posting, postings_of
from ledger.reports.verifying.check import ROWS_AT_ONCE, Broken, Check
from ledger.tables.journal import entries, events, footers, postings

_EVENT = tuple(events.c)
_BASE = ("effective_on", "county", "bank")


def _stream(connection: Connection) -> Iterator[Any]:
    """Return every event with its entries and their rows, in the order of ids."""
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
    for _, of_event in groupby(_stream(connection), key=lambda row: row.id):
        rows = list(of_event)
        for _, of_entry in groupby(rows, key=lambda row: row.entry_id):
            yield from _footer(list(of_entry))
        yield from _rule(rows)


def _footer(rows: Sequence[Any]) -> Broken:
    """Yield a finding where an entry's footer differs from the entry's rows or contents."""
    head = rows[0]
    if head.entry_id is None or head.hash is None:
        return
    entry_postings = _postings(rows)
    footer, counted = (head.rows, head.total), (len(entry_postings), sum(row.amount for row in entry_postings))
    if footer != counted:
        yield f"entry {head.entry_id}", f"{footer[0]} rows, {footer[1]} fen", f"{counted[0]} rows, {counted[1]} fen"
    try:
        names = hashed_columns(head.format)
    except ValueError:
        yield f"entry {head.entry_id}", f"a format from 1 to {FORMAT}", head.format
        return
    hashed = content_hash(head.entry_id, head.book, [getattr(head, name) for name in names], entry_postings)
    if hashed != bytes(head.hash):
        yield f"entry {head.entry_id}", bytes(head.hash).hex(), hashed.hex()


def _rule(rows: Sequence[Any]) -> Broken:
    """Yield a finding where an event's rows differ from the rows that its posting rule makes.

    An event's posting rule is the row of the posting table that was valid when the event was recorded.
    """
    head = rows[0]
    kind = TYPES.get(head.kind)
    if kind is None:
        yield f"event {head.id}", "an event of the posting table", head.kind
    elif kind is not EventReversed:
        expected, found = _made(head), _postings(rows)
        if sorted(map(str, found)) != sorted(map(str, expected)):
            yield f"event {head.id}", _as_text(expected), _as_text(found)


def _made(head: Any) -> list[Posting]:
    """Return the rows that an event makes by the posting table; return no rows if the event's fields are unreadable."""
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


def _as_text(rows: Sequence[Posting]) -> str:
    texts = [f"{row.debit}/{row.credit} {row.amount} of {row.loan or '-'}" for row in rows]
    return ", ".join(texts) or "no rows"


ENTRIES = (
    Check(
        "entry_altered",
        "凭证须与封底、记账规则一致",
        "an entry holds what its footer says, to the letter, and what its event makes by the posting table",
        _look,
    ),
)
