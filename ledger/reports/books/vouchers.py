"""Vouchers (记账凭证) and their events, for tracing figures to documents and back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple, get_type_hints

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from ledger import dates
from ledger.balances import Clocks
from ledger.chart import Account, Side, account_of, kind_of
from ledger.database import among, table_of
from ledger.errors import NotFound
from ledger.events import Event
from ledger.journal import stored_events
from ledger.money import Fen, plain
from ledger.tables.attachments import Attachment
from ledger.tables.journal import entries, events, footers, postings

UNNUMBERED = "未编号"
_BASE = {each.name for each in fields(Event)}
_COUNTS = {"months"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of a list of vouchers: if `counties` is None, all counties; both days are included."""

    clocks: Clocks
    bank: str | None = None
    counties: tuple[str, ...] | None = None
    book: str | None = None
    account: str | None = None
    loan_id: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a voucher: the sum of rows for an account on one side, negative in a red-letter reversal."""

    number: int
    account: Account
    debit: Fen | None
    credit: Fen | None


@dataclass(frozen=True, slots=True)
class PostingShown:
    """A row of a journal entry: one amount with a debit and a credit account."""

    number: int
    debit: str
    credit: str
    amount: Fen
    loan_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """The heading of a voucher; `number` is None until the voucher's month is closed."""

    id: int
    book: str
    number: int | None
    effective_on: date
    recorded_at: int
    event_id: int
    kind: str
    county: str
    bank: str
    loan_id: int | None
    red: bool
    reverses_id: int | None
    total: Fen
    made_by: str
    checked_by: str | None
    document: str
    reason: str
    hash: bytes

    @property
    def print_number(self) -> str:
        """Return the number to print on the voucher, or 未编号 before the voucher's month is closed."""
        return UNNUMBERED if self.number is None else f"记-{self.number}"


class AttachmentShown(NamedTuple):
    """A stored file that a voucher names as its document: the attachment's id and the name of the file."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class VoucherShown:
    """A voucher with its lines, the journal rows summed in these lines, and the stored files of its document."""

    voucher: Voucher
    lines: tuple[Line, ...]
    postings: tuple[PostingShown, ...]
    attachments: tuple[AttachmentShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShown:
    """A recorded event with its vouchers; `content` holds the event's own fields, with amounts in yuan."""

    id: int
    kind: str
    effective_on: date
    recorded_at: int
    county: str
    bank: str
    loan_id: int | None
    made_by: str
    checked_by: str | None
    document: str
    reason: str
    origin: str
    key: str | None
    reverses_id: int | None
    reversed_by_id: int | None
    content: Mapping[str, Any]
    vouchers: tuple[VoucherShown, ...]


def voucher_list(asked: Filters) -> tuple[Select[Any], tuple[ColumnElement[Any], ...]]:
    """Return a query for the filtered vouchers, and the columns by which the query is sorted: the day and the id.

    For one book, vouchers are read by the index of entries; for all books, by the index of events.
    """
    v, h = entries.c, events.c
    key = (v.effective_on, v.id) if asked.book is not None else (h.effective_on, h.id, v.id)
    return _heads().where(*_within(asked)), key


def vouchers_of(rows: Iterable[Row[Any]]) -> list[Voucher]:
    """Return rows of a `voucher_list` query as vouchers."""
    names = [each.name for each in fields(Voucher) if each.name != "number"]
    return [Voucher(number=None, **{name: getattr(row, name) for name in names}) for row in rows]


def voucher(connection: Connection, entry_id: int, asked: Filters) -> VoucherShown:
    """Return one voucher with its lines; raise NotFound where the filters exclude the voucher."""
    rows = connection.execute(_heads().where(entries.c.id == entry_id, *_within(asked))).all()
    if not rows:
        raise NotFound(what="entry", id=str(entry_id))
    return _with_lines(connection, vouchers_of(rows))[0]


def event(connection: Connection, event_id: int, asked: Filters) -> EventShown:
    """Return one event with its vouchers; raise NotFound where the filters exclude the event."""
    h, red = events.c, events.alias()
    seen = [red.c.recorded_at <= dates.micros(asked.clocks.known_at)] if asked.clocks.known_at else []
    query = (
        select(events, red.c.id.label("reversed_by_id"))
        .outerjoin(red, and_(red.c.reverses_id == h.id, *seen))
        .where(h.id == event_id, *_events_within(asked))
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(what="event", id=str(event_id))
    heads = connection.execute(_heads().where(entries.c.event_id == event_id).order_by(entries.c.id)).all()
    names = [each.name for each in fields(EventShown) if each.name not in {"content", "vouchers"}]
    columns = {name: getattr(row, name) for name in names}
    return EventShown(
        **columns,
        content=_content(stored_events(connection, [event_id])[event_id]),
        vouchers=tuple(_with_lines(connection, vouchers_of(heads))),
    )


def _heads() -> Select[Any]:
    v, h = entries.c, events.c
    return (
        select(
            v.id,
            v.book,
            v.effective_on,
            v.recorded_at,
            v.event_id,
            h.kind,
            h.county,
            h.bank,
            h.loan_id,
            v.red,
            h.reverses_id,
            footers.c.total,
            h.made_by,
            h.checked_by,
            h.document,
            h.reason,
            footers.c.hash,
        )
        .join(events, h.id == v.event_id)
        .join(footers, footers.c.entry_id == v.id)
    )


def _within(asked: Filters) -> list[ColumnElement[bool]]:
    v, p = entries.c, postings.c
    conditions = _events_within(asked)
    if asked.book is not None:
        conditions.append(v.book == asked.book)
    if asked.starts_on is not None:
        conditions.append(v.effective_on >= asked.starts_on)
    if asked.ends_on is not None:
        conditions.append(v.effective_on <= asked.ends_on)
    if asked.loan_id is not None:
        conditions.append(v.id.in_(select(p.entry_id).where(p.loan_id == asked.loan_id)))
    if asked.account is not None:
        on_account = or_(p.debit == asked.account, p.credit == asked.account)
        conditions.append(select(p.entry_id).where(p.entry_id == v.id, on_account).exists())
    return conditions


def _events_within(asked: Filters) -> list[ColumnElement[bool]]:
    h, clocks = events.c, asked.clocks
    conditions = [h.effective_on <= clocks.as_of]
    if clocks.known_at is not None:
        conditions.append(h.recorded_at <= dates.micros(clocks.known_at))
    if asked.bank is not None:
        conditions.append(h.bank == asked.bank)
    if asked.counties is not None:
        conditions.append(h.county.in_(asked.counties))
    return conditions


def _with_lines(connection: Connection, heads: Sequence[Voucher]) -> list[VoucherShown]:
    p = postings.c
    rows = connection.execute(
        select(p.entry_id, p.number, p.debit, p.credit, p.fen, p.loan_id)
        .where(among(connection, p.entry_id, [head.id for head in heads]))
        .order_by(p.entry_id, p.number)
    ).all()
    files = _files(connection, {head.document for head in heads if head.document})
    shown = []
    for head in heads:
        of_voucher = tuple(
            PostingShown(row.number, row.debit, row.credit, Fen(row.fen), row.loan_id)
            for row in rows
            if row.entry_id == head.id
        )
        # A sheet sent in again later has an attachment of its own, which is not part of an earlier voucher.
        named = tuple(
            AttachmentShown(row.id, row.name)
            for row in files
            if row.sha256 == head.document and row.added_at <= head.recorded_at
        )
        shown.append(VoucherShown(head, _lines(head.book, of_voucher), of_voucher, named))
    return shown


class _File(NamedTuple):
    """An attachment with the hash of its file, and the moment of recording in microseconds."""

    id: int
    name: str
    sha256: str
    added_at: int


def _files(connection: Connection, documents: Collection[str]) -> list[_File]:
    """Return the attachments whose file has one of the hashes, the oldest first."""
    if not documents:
        return []
    a = table_of(Attachment).c
    query = select(a.id, a.name, a.sha256, a.added_at).where(among(connection, a.sha256, documents))
    return [_File(*row) for row in connection.execute(query.order_by(a.id))]


def _lines(book: str, rows: Iterable[PostingShown]) -> tuple[Line, ...]:
    """Return the sums of rows by account and side, debits before credits, each side in order of first rows."""
    sums: dict[tuple[Side, str], int] = {}
    for row in rows:
        for key in ((Side.DEBIT, row.debit), (Side.CREDIT, row.credit)):
            sums[key] = sums.get(key, 0) + row.amount
    ordered = sorted(sums.items(), key=lambda each: each[0][0] is Side.CREDIT)
    kind = kind_of(book)
    return tuple(
        Line(
            number,
            account_of(kind, code),
            Fen(fen) if side is Side.DEBIT else None,
            Fen(fen) if side is Side.CREDIT else None,
        )
        for number, ((side, code), fen) in enumerate(ordered, 1)
    )


def _content(event_found: Event) -> dict[str, Any]:
    """Return an event's own fields as values that JSON can represent."""
    own = [each.name for each in fields(event_found) if each.name not in _BASE]
    return _fields_as_json(event_found, own)


def _fields_as_json(record: Any, names: Iterable[str]) -> dict[str, Any]:
    hints = get_type_hints(type(record))
    return {name: _as_json(name, hints[name], getattr(record, name)) for name in names}


def _as_json(name: str, hint: Any, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _fields_as_json(value, value._fields)
    if isinstance(value, tuple):
        return [_as_json(name, None, each) for each in value]
    if isinstance(value, bool) or not isinstance(value, int) or name in _COUNTS:
        return value
    # A whole number that is not Fen is an id, which JSON carries as text.
    return plain(value) if hint is Fen or Fen in getattr(hint, "__args__", ()) else str(value)
