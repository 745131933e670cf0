"""Back-dating (倒记): take a loan back to an earlier day by reversing in red every later event of the loan.

Scheme 3 "Back-dated" gives the order: reverse the later events, post the new transaction, post the later transactions
again. The module `run.py` posts again the transactions that people recorded, and computes again the interest bills and
the changes to overdue.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import aliased

from ledger import events as e
from ledger import journal, period_lock
from ledger.catalogue import Ends, Replay, by_calendar, events_where, payer_of
from ledger.chart import Kind, book_of
from ledger.database import among, table_of, update_rows, write_rows
from ledger.dates import DAY, settlements
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event, event_of
from ledger.operations.notices import issue
from ledger.operations.servicing.save import applied
from ledger.policy.loan_transactions import Particulars
from ledger.posting import postings_of
from ledger.tables.journal import events
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)


class RestsOnLater(RuleViolation):
    code = "rests_on_later"
    zh = "{found} 的业务“{event}”建立在此之后，不能倒记到 {on}；请在 {first_open} 或以后登记，真实日期填入收款日期"
    en = (
        "{event} of {found} stands after {on} and rests on it; record it on {first_open} or later, "
        "with the true date in received_on"
    )


class RewindPoint(NamedTuple):
    """The point in time to which a loan is taken back: the end of the day `on`, or a moment within the day `on`.

    `before` is the recording order of an event; a point with `before` lies just before the event. With `last`, the
    new transaction is ordered after all events of its day, including the interest bill of a claim.
    """

    on: date
    before: tuple[int, int] | None = None
    last: bool = False


class ReversalReason(NamedTuple):
    """The reason recorded with reversals, and the maker and the checker if two people decided on the reversals."""

    reason: str
    made_by: str = ""
    checked_by: str | None = None


class PostedEvent(NamedTuple):
    """An unreversed event of the journal, with the details that were recorded with the event."""

    id: int
    event: Event
    about: Particulars
    recorded_at: int

    @property
    def recording_order(self) -> tuple[int, int]:
        """Return an event's time of recording and id, as ids from several processes do not sort by time."""
        return self.recorded_at, self.id


# Events that are never reversed for back-dating, because other records depend on their figures.
_NEVER_REVERSED = events_where(lambda row: row.replay in {Replay.STANDS, Replay.LATEST_FIRST})

# Events that end a loan's whole debt or move the debt elsewhere.
_ENDING_EVENTS = events_where(lambda row: row.ends in {Ends.RENEWED, Ends.WRITTEN_OFF, Ends.COMPENSATED})

# Events that make up a loan's state. Subsidy events are left out, because scheme 4.9 corrects subsidies separately.
_STATE_EVENTS = events_where(lambda row: row.replay is not Replay.APART)
_STATE_KINDS = tuple(kind.__name__ for kind in _STATE_EVENTS)


def rewind(
    unit: Unit, points: Mapping[int, RewindPoint], reason: ReversalReason, also: Sequence[PostedEvent] = ()
) -> dict[int, list[PostedEvent]]:
    """Take loans back to the given points in time and return the reversed events by loan id, oldest first.

    The loans' rows must be locked by the caller. The events in `also`, which are dated before the points, are reversed
    too. A loan without an event to reverse is left unchanged. Raise RestsOnLater, PeriodClosed.
    """
    later = check(unit, points, also)
    _check_not_ended(unit, points, also)
    undone = {each.id: each for each in also} | {each.id: each for rows in later.values() for each in rows}
    if undone:
        touched = {loan for each in undone.values() if (loan := each.event.loan) is not None}
        undo(unit, list(undone.values()), reason)
        _set_back(unit, {loan: points[loan] for loan in touched})
    return later


def check(
    unit: Unit, points: Mapping[int, RewindPoint], also: Sequence[PostedEvent] = ()
) -> dict[int, list[PostedEvent]]:
    """Return the events that `rewind` would reverse for the given points in time; write nothing.

    Raise RestsOnLater, PeriodClosed.
    """
    later, own = _later(unit, points), {each.id for each in also}
    for loan_id, rows in later.items():
        _check(unit, points[loan_id].on, [each for each in rows if each.id not in own])
    return later


def points_before(unit: Unit, posted: Iterable[PostedEvent]) -> dict[int, RewindPoint]:
    """Return for each loan the point in time before the first of the loan's events in `posted`.

    If the first event of a loan is dated in a closed month, the loan is taken back to the start of the first open day.
    """
    points: dict[int, RewindPoint] = {}
    for each in posted:
        assert each.event.loan is not None
        on = each.event.effective_on
        first_open = period_lock.first_open(unit, _books(each.event))
        point = RewindPoint(on, each.recording_order) if on >= first_open else RewindPoint(first_open, (0, 0))
        points[each.event.loan] = min(point, points.get(each.event.loan, point))
    return points


def undo(unit: Unit, posted: Sequence[PostedEvent], reason: ReversalReason) -> None:
    """Reverse events in the journal, with the interest bills the events made and the payments they allocated."""
    reversals = journal.reverse_all(unit, [each.id for each in posted], **reason._asdict())
    billed = [each.id for each in posted if isinstance(each.event, e.InterestBilled)]
    if billed:
        unit.connection.execute(
            update(interest_bills).where(among(unit.connection, interest_bills.c.event_id, billed)).values(live=None)
        )
    write_rows(
        unit.connection,
        {
            allocations: [
                (
                    reversals[each.id].id,
                    each.event.loan,
                    row.period_start,
                    reversals[each.id].effective_on,
                    payer_of(each.event),
                    -row.contract,
                    -row.compound,
                    -row.penalty,
                )
                for each in posted
                for row in applied(each.event)
            ]
        },
    )


def has_later_events(unit: Unit, loan_id: int, on: date) -> bool:
    """Return whether a loan has an event that belongs to its state and is dated after a day."""
    return bool(_later(unit, {loan_id: RewindPoint(on)}))


def last_event_on(unit: Unit, loan_id: int) -> date | None:
    """Return the day of the last unreversed event that belongs to a loan's state, or None for a loan without events."""
    posted = unreversed(unit, [loan_id])
    return max((each.event.effective_on for each in posted if isinstance(each.event, _STATE_EVENTS)), default=None)


def posted_events(unit: Unit, event_ids: Sequence[int]) -> list[PostedEvent]:
    """Return events by their ids, in the order of recording. Raise NotFound for an id without an event."""
    query = select(events).where(among(unit.connection, events.c.id, event_ids))
    rows = unit.connection.execute(query.order_by(events.c.recorded_at, events.c.id))
    by_id = {row.id: _posted(row) for row in rows}
    for event_id in event_ids:
        if event_id not in by_id:
            raise NotFound(what="event", id=str(event_id))
    return list(by_id.values())


def unreversed(unit: Unit, loan_ids: Sequence[int]) -> list[PostedEvent]:
    """Return all unreversed events of loans, disbursements and subsidies included, by loan, day and recording."""
    undone = aliased(events)
    query = (
        select(events)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(among(unit.connection, events.c.loan_id, loan_ids), ~events.c.red, undone.c.id.is_(None))
        .order_by(events.c.loan_id, events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    return [_posted(row) for row in unit.connection.execute(query)]


def _posted(row: Row[*tuple[Any, ...]]) -> PostedEvent:
    base = {"effective_on": row.effective_on, "county": row.county, "bank": row.bank, "loan": row.loan_id}
    event = event_of(row.kind, base, row.payload)
    about = Particulars(row.document, row.reason, row.made_by, row.checked_by)
    return PostedEvent(row.id, event, about, row.recorded_at)


def _later(unit: Unit, points: Mapping[int, RewindPoint]) -> dict[int, list[PostedEvent]]:
    """Return the unreversed events after each loan's point, by date and recording order, with one query."""
    first = min((point.on for point in points.values()), default=date.max)
    undone = aliased(events)
    query = (
        select(events)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(
            among(unit.connection, events.c.loan_id, points),
            events.c.effective_on >= first,
            events.c.kind.in_(_STATE_KINDS),
            undone.c.id.is_(None),
        )
        .order_by(events.c.loan_id, events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    later: dict[int, list[PostedEvent]] = {}
    for row in unit.connection.execute(query):
        point = points[row.loan_id]
        if row.effective_on < point.on:
            continue
        each = _posted(row)
        if row.effective_on > point.on or _of_the_day(each, point):
            later.setdefault(row.loan_id, []).append(each)
    return later


def _of_the_day(each: PostedEvent, point: RewindPoint) -> bool:
    """Return whether an event dated on a point's day is ordered after the point.

    If the point is the end of a day, only the interest bill of a claim on that day comes after the point; with `last`,
    no event of the day comes after the point. If the point is just before an event, the transactions recorded later on
    the day come after the point, as do the interest bill and the use of credit of a pay-off.
    """
    cause = getattr(each.event, "cause", None)
    if point.before is None:
        return not point.last and cause == "claim"
    return not by_calendar(each.event) and (each.recording_order >= point.before or cause == "payoff")


def _check(unit: Unit, on: date, rows: Sequence[PostedEvent]) -> None:
    for each in rows:
        period_lock.check_open(unit, [_book(each.event)], each.event.effective_on)
    if resting := [each.event for each in rows if isinstance(each.event, _NEVER_REVERSED)]:
        first, last = resting[0], resting[-1]
        raise RestsOnLater(
            rule="3 back-dated",
            event=type(first).__name__,
            found=first.effective_on,
            on=on,
            first_open=max(last.effective_on, period_lock.first_open(unit, [_book(last)])),
        )


def _check_not_ended(unit: Unit, points: Mapping[int, RewindPoint], undone: Iterable[PostedEvent]) -> None:
    """Raise RestsOnLater if an event after a reversed event ended or moved a debt, even in a closed month (books 3)."""
    first: dict[int, PostedEvent] = {}
    for each in undone:
        assert each.event.loan is not None
        first.setdefault(each.event.loan, each)
    for kind in _ENDING_EVENTS:
        for row in _unreversed_of(unit, first, kind.__name__):
            if (row.recorded_at, row.id) > first[row.loan_id].recording_order:
                on = points[row.loan_id].on
                raise RestsOnLater(rule="books 3", event=kind.__name__, found=row.effective_on, on=on, first_open=on)


def _books(event: Event) -> set[str]:
    """Return the codes of the loan's own book and of every other book in which an event of the loan is posted."""
    kinds = {Kind.LOAN, *(row.kind for row in postings_of(event))}
    return {book_of(kind, bank=event.bank, county=event.county) for kind in kinds}


def _book(event: Event) -> str:
    return book_of(Kind.LOAN, bank=event.bank, county="")


def _set_back(unit: Unit, points: Mapping[int, RewindPoint]) -> None:
    """Reset the loans' rows to the given points in time, and begin a new generation of each loan.

    `servicing.resume` computes the day of the next step when the loan's state is loaded.
    """
    connection, c = unit.connection, _LOANS.c
    billed = _billed_to(unit, points)
    overdue = {row.loan_id for row in _unreversed_of(unit, points, "PrincipalOverdue")}
    compensated = {row.loan_id for row in _unreversed_of(unit, points, "ClaimPaid")}
    misused = {row.loan_id: row.effective_on for row in reversed(_unreversed_of(unit, points, "MisuseFound"))}
    query = select(c.id, c.disbursed_on, c.rolled_on, c.status, c.generation).where(among(connection, c.id, points))
    found, rows = connection.execute(query).all(), []
    for row in found:
        on = points[row.id].on
        passed = [day for day in (*settlements(row.disbursed_on, on), row.rolled_on) if day <= on]
        billed_to = max([row.disbursed_on, *passed, billed.get(row.id, row.disbursed_on)])
        status = row.status
        if row.id in compensated:
            status = "compensated"
        elif status in ("active", "overdue", "closed", "compensated"):
            status = "overdue" if row.id in overdue else "active"
        rows.append((billed_to, on + DAY, status, row.generation + 1, misused.get(row.id), row.id))
    update_rows(connection, _LOANS, ("billed_to", "next_step_on", "status", "generation", "misused_on"), rows)
    issue.reconcile_before_commit(unit, [row.id for row in found if row.status not in issue.OPEN])


def _billed_to(unit: Unit, loan_ids: Iterable[int]) -> dict[int, date]:
    query = (
        select(interest_bills.c.loan_id, func.max(interest_bills.c.period_end))
        .where(among(unit.connection, interest_bills.c.loan_id, loan_ids), interest_bills.c.live)
        .group_by(interest_bills.c.loan_id)
    )
    return dict(unit.connection.execute(query).all())


def _unreversed_of(unit: Unit, loan_ids: Iterable[int], kind: str) -> Sequence[Row[int, int, int, date]]:
    """Return the unreversed events of a kind, by day and recording order, oldest first."""
    undone = aliased(events)
    query = (
        select(events.c.id, events.c.recorded_at, events.c.loan_id, events.c.effective_on)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(among(unit.connection, events.c.loan_id, loan_ids), events.c.kind == kind, undone.c.id.is_(None))
        .order_by(events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    return unit.connection.execute(query).all()
