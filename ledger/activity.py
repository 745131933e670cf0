"""Lists the single events of a loan and the single lines of an account.

The amounts that this module lists add up to the figures of balances.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Subquery, case, func, select
from sqlalchemy.orm import aliased

from ledger import dates
from ledger.balances import Clocks, by_loan, normal, sum_of, within
from ledger.chart import Account
from ledger.database import among
from ledger.money import Fen
from ledger.tables.journal import entries, events, postings


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that concerns a loan, and the amounts it posted to the loan's accounts, on their normal sides."""

    event_id: int
    kind: str
    effective_on: date
    recorded_at: datetime
    document: str
    reason: str
    made_by: str
    checked_by: str | None
    reverses_id: int | None
    moved: Mapping[Account, Fen]


def loan_history(connection: Connection, loan_id: int, clocks: Clocks) -> tuple[Happened, ...]:
    """Return all events of a loan, ordered by business date, then by recording moment."""
    p, v, h = postings.c, entries.c, events.c
    rows = connection.execute(
        select(v.event_id.label("loan_id"), p.book, p.debit, p.credit, p.fen)
        .join(entries, v.id == p.entry_id)
        .where(p.loan_id == loan_id, *within(p, clocks))
    ).all()
    moved = by_loan(rows)
    query = (
        select(events)
        .where((h.loan_id == loan_id) | among(connection, h.id, moved), *within(h, clocks))
        .order_by(h.effective_on, h.recorded_at, h.id)
    )
    return tuple(
        Happened(
            row.id,
            row.kind,
            row.effective_on,
            dates.moment(row.recorded_at),
            row.document,
            row.reason,
            row.made_by,
            row.checked_by,
            row.reverses_id,
            moved.get(row.id, {}),
        )
        for row in connection.execute(query)
    )


@dataclass(frozen=True, slots=True)
class AccountLine:
    """The amount in whole fen that one event posted to an account of a book, on the account's normal side."""

    event_id: int
    kind: str
    effective_on: date
    document: str
    moved: Fen


def account_lines(
    connection: Connection, account: Account, book: str, clocks: Clocks, *, start: date, bank: str
) -> tuple[AccountLine, ...]:
    """Return an account's lines at one bank dated from `start` to `as_of`, both included, ordered by business date and
    recording.
    """
    p, v, h = postings.c, entries.c, events.c
    signed = case((p.debit == account.code, p.fen), else_=-p.fen)
    known = [] if clocks.known_at is None else [v.recorded_at <= dates.micros(clocks.known_at)]
    rows = connection.execute(
        select(h.id, h.kind, h.effective_on, h.document, h.recorded_at, sum_of(signed).label("moved"))
        .join(entries, v.event_id == h.id)
        .join(postings, p.entry_id == v.id)
        .where(
            v.book == book,
            v.effective_on >= start,
            v.effective_on <= clocks.as_of,
            p.bank == bank,
            *known,
            (p.debit == account.code) | (p.credit == account.code),
        )
        .group_by(h.id, h.kind, h.effective_on, h.document, h.recorded_at)
        .order_by(h.effective_on, h.recorded_at, h.id)
    )
    return tuple(
        AccountLine(row.id, row.kind, row.effective_on, row.document, Fen(normal(account, row.moved, 0)))
        for row in rows
    )


class EventDays(NamedTuple):
    """The first and the last day of a loan's unreversed events of one kind."""

    loan_id: int
    kind: str
    first: date
    last: date


def event_days(connection: Connection, loan_ids: Iterable[int], kinds: Collection[str]) -> list[EventDays]:
    """Return the first and last day of each loan's unreversed events of some kinds, ordered by loan, in one query."""
    h = events.c
    query = _unreversed(select(h.loan_id, h.kind, func.min(h.effective_on), func.max(h.effective_on))).where(
        among(connection, h.loan_id, loan_ids), h.kind.in_(kinds)
    )
    rows = connection.execute(query.group_by(h.loan_id, h.kind).order_by(h.loan_id))
    return [EventDays(*row) for row in rows]


def first_beside(connection: Connection, loan_id: int, event_id: int) -> tuple[str, date] | None:
    """Return the kind and day of a loan's first unreversed event other than `event_id`; return None where
    none exists.
    """
    h = events.c
    query = _unreversed(select(h.kind, h.effective_on)).where(h.loan_id == loan_id, h.id != event_id)
    row = connection.execute(query.order_by(h.effective_on, h.id).limit(1)).first()
    return None if row is None else (row.kind, row.effective_on)


def ids_of_keys(connection: Connection, keys: Iterable[str]) -> Sequence[int]:
    """Return the ids, in rising order, of the events recorded under some natural keys."""
    query = select(events.c.id).where(among(connection, events.c.key, keys)).order_by(events.c.id)
    return connection.execute(query).scalars().all()


def happened_by(kind: str, clocks: Clocks) -> Subquery:
    """Return a subquery of the events of a kind dated on or before `as_of`.

    The columns of the subquery are `loan_id`, `county`, `bank` and `effective_on`. Leave out events whose reversal is
    dated on or before `as_of` and was recorded at or before `known_at`.
    """
    h, reversals = events.c, aliased(events)
    reversal = select(reversals.c.id).where(reversals.c.reverses_id == h.id, reversals.c.effective_on <= clocks.as_of)
    query = select(h.loan_id, h.county, h.bank, h.effective_on).where(
        h.kind == kind, ~h.red, h.effective_on <= clocks.as_of
    )
    if clocks.known_at is None:
        return query.where(~reversal.exists()).subquery()
    known = dates.micros(clocks.known_at)
    known_reversal = reversal.where(reversals.c.recorded_at <= known)
    return query.where(h.recorded_at <= known, ~known_reversal.exists()).subquery()


def _unreversed(query: Select[Any]) -> Select[Any]:
    reversals = aliased(events)
    joined = query.outerjoin(reversals, reversals.c.reverses_id == events.c.id)
    return joined.where(~events.c.red, reversals.c.id.is_(None))
