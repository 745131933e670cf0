"""The only module that writes the journal: records events, singly or in large numbers, and reverses recorded events.

docs/promises.md lists the promises of the journal; the database enforces each promise too.
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
from ledger.dates import iso_day
from ledger.errors import Conflict, NotFound
from ledger.events import FORMAT, Event, EventReversed, event_of, payload, plain_json, says_the_same
from ledger.ids import new_ids
from ledger.movements import add_movements
from ledger.period_lock import check_open, first_open
from ledger.posting import Posting, postings_of
from ledger.tables.journal import entries, events, footers, postings
from ledger.unit_of_work import Unit


class AlreadyReversed(Conflict):
    """A refusal because an event to be reversed has been reversed already, or is itself a reversal."""

    code = "already_reversed"
    zh = "业务 {event:text} 已冲销，不能再次冲销"
    en = "event {event:text} has been reversed; it cannot be reversed again"


class KeyTaken(Conflict):
    """A refusal because the natural key belongs to a recorded event with different content."""

    code = "key_taken"
    zh = "业务键 {key} 已被内容不同的业务占用"
    en = "the key {key} already belongs to an event with other content"


class Record(NamedTuple):
    """An event to be recorded, with its document, reason, maker, checker and natural key."""

    event: Event
    document: str = ""
    reason: str = ""
    made_by: str = ""  # The user name of the maker; empty where the user of the unit of work is the maker.
    checked_by: str | None = None
    key: str | None = None


def record(unit: Unit, event: Event, **about: Any) -> int:
    """Record one event and its entries, as `record_all` does, and return the event's id."""
    return record_all(unit, [Record(event, **about)])[0]


def record_all(unit: Unit, records: Sequence[Record]) -> list[int]:
    """Record events and their entries in the given order, and return the events' ids.

    An event whose natural key is already recorded with the same content is not recorded again; the id of the recorded
    event is returned. Raise PeriodClosed where a book is closed on an event's day. Raise KeyTaken where the natural key
    is recorded with different content.
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
    """The id and the business date of the event that reverses another event."""

    id: int
    effective_on: date


def reverse_all(
    unit: Unit, event_ids: Iterable[int], reason: str, checked_by: str | None = None, made_by: str = ""
) -> dict[int, Reversal]:
    """Reverse events (红字冲销): post each row of an event once more, on unchanged sides, with a negative amount.

    A reversal has the date of the reversed event where all books of the event are open on that day; otherwise the
    reversal has the first day on which all books of the event are open. Return a `Reversal` (id and business date) for
    the id of each reversed event. Raise AlreadyReversed for an event that is reversed already or is itself a reversal,
    and NotFound for an unknown id.
    """
    wanted = list(dict.fromkeys(event_ids))
    originals = stored(unit, wanted)
    check_not_reversed(unit, wanted)
    rows = _negated(unit, wanted)
    red = []
    for event_id in wanted:
        event = originals[event_id]
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
        # Another transaction reversed the event after this transaction had checked that the event was not reversed. The
        # database waited until the other transaction committed, and then refused the insert of the second reversal.
        raise AlreadyReversed(event=", ".join(map(str, wanted))) from error
    return {
        event_id: Reversal(red_id, record.event.effective_on)
        for event_id, red_id, record in zip(wanted, ids, red, strict=True)
    }


def _negated(unit: Unit, event_ids: Sequence[int]) -> dict[int, list[Posting]]:
    """Return the postings of each event, with the amounts made negative."""
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
    """Return recorded events by id; raise NotFound for an id without an event."""
    recorded = stored_events(unit.connection, event_ids)
    for event_id in event_ids:
        if event_id not in recorded:
            raise NotFound(what="event", id=str(event_id))
    return recorded


def stored_events(connection: Connection, event_ids: Iterable[int]) -> dict[int, Event]:
    """Return recorded events by id; an id without an event is left out."""
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
    """Raise AlreadyReversed where one of the events is reversed already, or is itself a reversal."""
    reversal = unit.connection.execute(
        select(events.c.id, events.c.reverses_id).where(
            among(unit.connection, events.c.reverses_id, event_ids)
            | (among(unit.connection, events.c.id, event_ids) & events.c.red)
        )
    ).first()
    if reversal is not None:
        raise AlreadyReversed(event=str(reversal.reverses_id))


def _present(unit: Unit, records: Sequence[Record]) -> dict[str | None, int]:
    """Return the ids of the events already recorded under the natural keys; raise KeyTaken for different content."""
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
    """Write the event, entry, posting and footer rows of all records in one write, and return the events' ids."""
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
        for book, rows_of_book in of_books.items():
            _entry(next(entry_ids), book, head, rows_of_book, out)
    add_movements(unit, out[2])
    write_rows(unit.connection, dict(zip((events, entries, postings, footers), out, strict=True)))
    return list(ids)


def _by_book(event: Event, rows: Iterable[Posting]) -> dict[str, list[Posting]]:
    by_book: dict[str, list[Posting]] = {}
    for row in rows:
        by_book.setdefault(book_of(row.kind, bank=event.bank, county=event.county), []).append(row)
    return by_book


def _check_all_open(unit: Unit, records: Sequence[Record], parts: Sequence[Iterable[str]]) -> None:
    earliest: dict[str, date] = {}
    for record, of_books in zip(records, parts, strict=True):
        on = record.event.effective_on
        for book in of_books:
            if on < earliest.get(book, date.max):
                earliest[book] = on
    first_open(unit, earliest)  # Lock all books in one query, so that `check_open` needs no further query.
    for book, on in earliest.items():
        check_open(unit, [book], on)


def _event_row(unit: Unit, event_id: int, record: Record, at: int) -> tuple[Any, ...]:
    event = record.event
    reverses = event.reverses if isinstance(event, EventReversed) else None
    return (
        event_id,
        type(event).__name__,
        iso_day(event.effective_on),
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


# The values that an entry needs from its event's row: id, business date, recording moment, county, bank, whether the
# event is a reversal.
_HEADED = itemgetter(0, 2, 3, 4, 5, 14)


def _entry(
    entry_id: int,
    book: str,
    head: tuple[Any, ...],
    rows: Sequence[Posting],
    out: tuple[list[Any], list[Any], list[Any], list[Any]],
) -> None:
    """Add the entry of an event in one book, the entry's postings and its footer to the rows to be written."""
    event_id, on, at, county, bank, red = _HEADED(head)
    out[1].append((entry_id, event_id, book, on, at, red))
    total = 0
    for number, (_, debit, credit, loan, amount) in enumerate(rows, 1):
        total += amount
        out[2].append((entry_id, number, book, on, at, county, bank, loan, debit, credit, amount, red))
    out[3].append((entry_id, len(rows), total, content_hash(entry_id, book, head, rows)))


# The columns of the table of events that are part of an entry's hash, by the first format with those columns. A release
# that adds a column to the table of events adds a row to `_HASHED` and keeps the older rows, so that old hashes can
# still be checked.
_FIRST = (
    "id", "kind", "effective_on", "recorded_at", "county", "bank", "loan_id", "made_by", "checked_by", "document",
    "reason", "origin", "key", "reverses_id", "red", "payload",
)  # fmt: skip
_HASHED: Mapping[int, tuple[str, ...]] = {1: _FIRST, 2: (*_FIRST, "format")}


def hashed_columns(format: int) -> tuple[str, ...]:
    """Return the columns of events that an entry's hash covers in a format; raise ValueError for an unknown format."""
    if not min(_HASHED) <= format <= FORMAT:
        raise ValueError(f"no format of the journal: {format}")
    return _HASHED[max(since for since in _HASHED if since <= format)]


def content_hash(entry_id: int, book: str, head: Sequence[Any], rows: Iterable[Posting]) -> bytes:
    """Return the SHA-256 over an entry: its id, its book, the columns of its event and its postings in order.

    `head` holds the values of the event's `hashed_columns`. The hashed text is compact JSON in UTF-8, so two different
    entries never have equal texts, whatever people typed into the fields.
    """
    content = [entry_id, book, *head, [(row.debit, row.credit, row.loan, row.amount) for row in rows]]
    return hashlib.sha256(orjson.dumps(content, default=plain_json)).digest()
