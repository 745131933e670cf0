"""The journal's writing door: record one event or a hundred thousand, reverse, keep what rests on it.

The promises it keeps are those of docs/promises.md; the database keeps each of them too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, select

from ledger import chart
from ledger.chart import book_of
from ledger.database import among, write_rows
from ledger.errors import Conflict, NotFound
from ledger.events import FORMAT, Event, EventReversed, event_of, payload, plain_json, says_the_same
from ledger.ids import new_ids
from ledger.movements import add_movements
from ledger.period_lock import check_open, first_open
from ledger.posting import Posting, postings_of
from ledger.tables.journal import entries, events, footers, postings
from ledger.unit_of_work import Unit


class AlreadyReversed(Conflict):
    code = "already_reversed"
    zh = "业务 {event:text} 已冲销，不能再次冲销"
    en = "event {event:text} has been reversed; it cannot be reversed again"


class KeyTaken(Conflict):
    code = "key_taken"
    zh = "业务键 {key} 已被内容不同的业务占用"
    en = "the key {key} already belongs to an event with other content"


class Record(NamedTuple):
    """An event to be written down: with what paper, why, seconded by whom, under what natural key."""

    event: Event
    document: str = ""
    reason: str = ""
    made_by: str = ""  # when the maker is not the person of the unit
    checked_by: str | None = None
    key: str | None = None


def record(unit: Unit, event: Event, **about: Any) -> int:
    """Write one event and its entries; answers the event's id. See `record_all`."""
    return record_all(unit, [Record(event, **about)])[0]


def record_all(unit: Unit, records: Sequence[Record]) -> list[int]:
    """Write events and their entries at once, in the given order; answers the events' ids.

    A natural key already written with the same content is not written again: its id is answered.
    Raises PeriodClosed when a book touched is closed on an event's day, KeyTaken when a key's content differs.
    """
    present = _present(unit, records)
    made = [record for record in records if record.key not in present]
    rows = [postings_of(record.event) for record in made]
    ids = _write(unit, made, rows)
    if not present:
        return ids
    fresh = iter(ids)
    return [present[record.key] if record.key in present else next(fresh) for record in records]


class Reversal(NamedTuple):
    """The red event of a reversed one, and the day it is dated."""

    id: int
    effective_on: date


def reverse_all(
    unit: Unit, event_ids: Iterable[int], reason: str, checked_by: str | None = None, made_by: str = ""
) -> dict[int, Reversal]:
    """Reverse events in red (红字冲销): every row again, negative, on the same sides, once.

    Dated as the original where all its books are open on that day, else on the first open day. Answers the
    reversals by the ids of what they reverse. Raises AlreadyReversed (for a reversal too) and NotFound.
    """
    wanted = list(dict.fromkeys(event_ids))
    found = stored(unit, wanted)
    check_not_reversed(unit, wanted)
    rows = _negated(unit, wanted)
    red = []
    for event_id in wanted:
        event = found[event_id]
        on = max(event.effective_on, first_open(unit, _books(event, rows[event_id])))
        red.append(
            Record(
                EventReversed(
                    effective_on=on, county=event.county, bank=event.bank, loan=event.loan, reverses=event_id
                ),
                reason=reason,
                made_by=made_by,
                checked_by=checked_by,
            )
        )
    try:
        ids = _write(unit, red, [rows[event_id] for event_id in wanted])
    except UniqueViolation as error:
        if error.diag.constraint_name != "uq_events_reverses_id":
            raise
        # Somebody else's reversal was not committed when we looked; the database had us wait for it.
        raise AlreadyReversed(event=", ".join(map(str, wanted))) from error
    return {
        event_id: Reversal(red_id, record.event.effective_on)
        for event_id, red_id, record in zip(wanted, ids, red, strict=True)
    }


def _negated(unit: Unit, event_ids: Sequence[int]) -> dict[int, list[Posting]]:
    """The rows of events, each once more with its amount below zero."""
    p = postings.c
    rows: dict[int, list[Posting]] = {event_id: [] for event_id in event_ids}
    for row in unit.connection.execute(
        select(entries.c.event_id, p.book, p.debit, p.credit, p.loan_id, p.fen)
        .join(entries, entries.c.id == p.entry_id)
        .where(among(unit.connection, entries.c.event_id, event_ids))
        .order_by(p.entry_id, p.number)
    ):
        rows[row.event_id].append(Posting(chart.kind_of(row.book), row.debit, row.credit, row.loan_id, -row.fen))
    return rows


def stored(unit: Unit, event_ids: Sequence[int]) -> dict[int, Event]:
    """Events as they were written, by id; raises NotFound for an id that has none."""
    found = stored_events(unit.connection, event_ids)
    for event_id in event_ids:
        if event_id not in found:
            raise NotFound(what="event", id=str(event_id))
    return found


def stored_events(connection: Connection, event_ids: Iterable[int]) -> dict[int, Event]:
    """Those of the events that there are, as they were written, by id."""
    return {
        row.id: event_of(
            row.kind,
            {"effective_on": row.effective_on, "county": row.county, "bank": row.bank, "loan": row.loan_id},
            row.payload,
        )
        for row in connection.execute(select(events).where(among(connection, events.c.id, event_ids)))
    }


def _books(event: Event, rows: Iterable[Posting]) -> set[str]:
    return {book_of(row.kind, bank=event.bank, county=event.county) for row in rows}


def check_not_reversed(unit: Unit, event_ids: Sequence[int]) -> None:
    """Raises AlreadyReversed when one of the events is reversed, or is a reversal."""
    taken = unit.connection.execute(
        select(events.c.id, events.c.reverses_id).where(
            among(unit.connection, events.c.reverses_id, event_ids)
            | (among(unit.connection, events.c.id, event_ids) & events.c.red)
        )
    ).first()
    if taken is not None:
        raise AlreadyReversed(event=str(taken.reverses_id))


def _present(unit: Unit, records: Sequence[Record]) -> dict[str | None, int]:
    """Those natural keys that are written already, with their events' ids; one anti-join for all."""
    keyed = {record.key: record for record in records if record.key is not None}
    if not keyed:
        return {}
    present: dict[str | None, int] = {}
    h = events.c
    for row in unit.connection.execute(
        select(h.id, h.key, h.kind, h.effective_on, h.county, h.bank, h.loan_id, h.payload).where(
            among(unit.connection, h.key, keyed)
        )
    ):
        event = keyed[row.key].event
        same = (type(event).__name__, event.effective_on, event.county, event.bank, event.loan)
        if tuple(row)[2:-1] != same or not (row.payload == payload(event) or says_the_same(event, row.payload)):
            raise KeyTaken(key=row.key)
        present[row.key] = row.id
    return present


def _write(unit: Unit, records: Sequence[Record], rows: Sequence[Sequence[Posting]]) -> list[int]:
    """Event, entry, posting and footer rows of all records, in one write."""
    unit.session.flush()
    parts = [_by_book(record.event, of_one) for record, of_one in zip(records, rows, strict=True)]
    _check_all_open(unit, records, parts)
    at = unit.recorded_at
    ids = new_ids(len(records))
    entry_ids = iter(new_ids(sum(map(len, parts))))
    out: tuple[list[Any], list[Any], list[Any], list[Any]] = ([], [], [], [])
    for event_id, record, of_books in zip(ids, records, parts, strict=True):
        head = _event_row(unit, event_id, record, at)
        out[0].append(head)
        for book, mine in of_books.items():
            _entry(next(entry_ids), book, head, mine, out)
    add_movements(unit, out[2])
    write_rows(unit.connection, dict(zip((events, entries, postings, footers), out, strict=True)))
    return list(ids)


def _by_book(event: Event, rows: Iterable[Posting]) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    for row in rows:
        found.setdefault(book_of(row.kind, bank=event.bank, county=event.county), []).append(row)
    return found


def _check_all_open(unit: Unit, records: Sequence[Record], parts: Sequence[Iterable[str]]) -> None:
    earliest: dict[str, date] = {}
    for record, of_books in zip(records, parts, strict=True):
        on = record.event.effective_on
        for book in of_books:
            if on < earliest.get(book, date.max):
                earliest[book] = on
    first_open(unit, earliest)  # held all at once
    for book, on in earliest.items():
        check_open(unit, [book], on)


def _event_row(unit: Unit, event_id: int, record: Record, at: int) -> tuple[Any, ...]:
    event = record.event
    reverses = event.reverses if isinstance(event, EventReversed) else None
    return (
        event_id,
        type(event).__name__,
        event.effective_on.isoformat(),
        at,
        event.county,
        event.bank,
        event.loan,
        record.made_by or unit.user,
        record.checked_by,
        record.document,
        record.reason,
        unit.origin,
        record.key,
        reverses,
        reverses is not None,
        payload(event),
        FORMAT,
    )


_HEADED = itemgetter(0, 2, 3, 4, 5, 14)  # of an event's row: its id, day, moment, county, bank, colour


def _entry(
    entry_id: int,
    book: str,
    head: tuple[Any, ...],
    rows: Sequence[Posting],
    out: tuple[list[Any], list[Any], list[Any], list[Any]],
) -> None:
    """One book's part of an event: its entry, its rows, its footer."""
    event_id, on, at, county, bank, red = _HEADED(head)
    out[1].append((entry_id, event_id, book, on, at, red))
    total = 0
    for number, (_, debit, credit, loan, amount) in enumerate(rows, 1):
        total += amount
        out[2].append((entry_id, number, book, on, at, county, bank, loan, debit, credit, amount, red))
    out[3].append((entry_id, len(rows), total, content_hash(entry_id, book, head, rows)))


# The columns of an event's row that its entries are hashed by, from a format of the journal on: those there were when
# it was recorded. A release that adds a column to the events adds a row here; the older ones stay as they are.
_FIRST = (
    "id", "kind", "effective_on", "recorded_at", "county", "bank", "loan_id", "made_by", "checked_by", "document",
    "reason", "origin", "key", "reverses_id", "red", "payload",
)  # fmt: skip
_HASHED: Mapping[int, tuple[str, ...]] = {1: _FIRST, 2: (*_FIRST, "format")}


def hashed_columns(format: int) -> tuple[str, ...]:
    """Return the names of the columns that entries of a format are hashed by; raise ValueError for one never used."""
    if not min(_HASHED) <= format <= FORMAT:
        raise ValueError(f"no format of the journal: {format}")
    return _HASHED[max(since for since in _HASHED if since <= format)]


def content_hash(entry_id: int, book: str, head: Sequence[Any], rows: Iterable[Posting]) -> bytes:
    """Return the SHA-256 over all an entry says: its id and book, its event's columns, every posting in order.

    `head` holds the values of the event's `hashed_columns`. The hash is taken of compact JSON
    in UTF-8, which reads back one way only, whatever people typed into the fields.
    """
    said = [entry_id, book, *head, [(row.debit, row.credit, row.loan, row.amount) for row in rows]]
    return hashlib.sha256(orjson.dumps(said, default=plain_json)).digest()
