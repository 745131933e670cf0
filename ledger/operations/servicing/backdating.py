"""Taking a loan back to an earlier day: everything dated later is reversed in red, to be written again.

The way of scheme 3 "Back-dated": reverse the later, record the new, record the later again. What people
recorded is kept as facts; what followed from the calendar follows again by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from ledger import events as e
from ledger import journal, period_lock
from ledger.catalogue import Ends, Replay, by_calendar, events_where, payer_of
from ledger.chart import Kind, book_of
from ledger.database import among, update_rows, write_rows
from ledger.dates import DAY, settlements
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event, event_of
from ledger.operations.notices import issue
from ledger.operations.servicing.save import applied
from ledger.posting import postings_of
from ledger.tables.journal import events
from ledger.tables.loans import Loan, applications, lines
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__


class RestsOnLater(RuleViolation):
    code = "rests_on_later"
    zh = "{found} 的业务“{event}”建立在此之后，不能倒记到 {on}；请在 {first_open} 或以后登记，真实日期填入收款日期"
    en = (
        "{event} of {found} stands after {on} and rests on it; record it on {first_open} or later, "
        "with the true date in received_on"
    )


class Point(NamedTuple):
    """To where a loan goes back: the end of `on`, or within that day to what stood before the event `before`.

    `last`: what is to be recorded comes after everything of that day, a claim's line too.
    """

    on: date
    before: tuple[int, int] | None = None
    last: bool = False


class Why(NamedTuple):
    """What reversals say of themselves; a maker other than the unit's person where two people decided."""

    reason: str
    made_by: str = ""
    checked_by: str | None = None


class Past(NamedTuple):
    """An event that stood, with its paper and people, as it will be recorded again."""

    id: int
    event: Event
    document: str
    reason: str
    made_by: str
    checked_by: str | None
    recorded_at: int

    @property
    def told(self) -> tuple[int, int]:
        """Its place in the order of recording: ids of one process alone are not, a large block runs ahead."""
        return self.recorded_at, self.id


# Never replayed: another record rests on its figures.
_STANDING = events_where(lambda row: row.replay in {Replay.STANDS, Replay.LATEST_FIRST})

# What ends or moves a loan's whole debt at once.
_ENDING = events_where(lambda row: row.ends in {Ends.RENEWED, Ends.WRITTEN_OFF, Ends.COMPENSATED})

# What a loan's life is made of. Its subsidies are not: they follow its lines in their own way (scheme 4.9).
_LIFE = events_where(lambda row: row.replay is not Replay.APART)
_LIFE_KINDS = tuple(kind.__name__ for kind in _LIFE)


def rewind(unit: Unit, points: Mapping[int, Point], why: Why, also: Sequence[Past] = ()) -> dict[int, list[Past]]:
    """Take loans back; answers what was reversed of each, oldest first. The loans' rows must be locked.

    `also` are earlier events to be undone with it. Loans on which nothing stands later and nothing is undone
    stay as they are. Raises RestsOnLater and PeriodClosed.
    """
    later = check(unit, points, also)
    _check_not_ended(unit, points, also)
    undone = {past.id: past for past in also} | {past.id: past for rows in later.values() for past in rows}
    if undone:
        touched = {loan for past in undone.values() if (loan := past.event.loan) is not None}
        undo(unit, list(undone.values()), why)
        _set_back(unit, {loan: points[loan] for loan in touched})
    return later


def check(unit: Unit, points: Mapping[int, Point], also: Sequence[Past] = ()) -> dict[int, list[Past]]:
    """What `rewind` would reverse after the points, nothing written; raises RestsOnLater and PeriodClosed."""
    later, own = _later(unit, points), {past.id for past in also}
    for loan_id, rows in later.items():
        _check(unit, points[loan_id].on, [past for past in rows if past.id not in own])
    return later


def before(unit: Unit, pasts: Iterable[Past]) -> dict[int, Point]:
    """Each loan's point before the first of these events; in a closed month before all of the first open day."""
    points: dict[int, Point] = {}
    for past in pasts:
        assert past.event.loan is not None
        on = past.event.effective_on
        first_open = period_lock.first_open(unit, _books(past.event))
        point = Point(on, past.told) if on >= first_open else Point(first_open, (0, 0))
        points[past.event.loan] = min(point, points.get(past.event.loan, point))
    return points


def undo(unit: Unit, pasts: Sequence[Past], why: Why) -> None:
    """Reverse these events with the lines they made and what they paid of lines."""
    reversals = journal.reverse_all(unit, [past.id for past in pasts], **why._asdict())
    billed = [past.id for past in pasts if isinstance(past.event, e.InterestBilled)]
    if billed:
        unit.connection.execute(update(lines).where(among(unit.connection, lines.c.event_id, billed)).values(live=None))
    write_rows(
        unit.connection,
        {
            applications: [
                (
                    reversals[past.id].id,
                    past.event.loan,
                    row.period_start,
                    reversals[past.id].effective_on,
                    payer_of(past.event),
                    -row.contract,
                    -row.compound,
                    -row.penalty,
                )
                for past in pasts
                for row in applied(past.event)
            ]
        },
    )


def stands_after(unit: Unit, loan_id: int, on: date) -> bool:
    """Whether anything of a loan's life stands after a day."""
    return bool(_later(unit, {loan_id: Point(on)}))


def last_standing(unit: Unit, loan_id: int) -> date | None:
    """The day of the last event of a loan's life that stands."""
    pasts = all_standing(unit, [loan_id])
    return max((past.event.effective_on for past in pasts if isinstance(past.event, _LIFE)), default=None)


def standing(unit: Unit, event_ids: Sequence[int]) -> list[Past]:
    """Events as they stand, in the order of recording; raises NotFound."""
    query = select(events).where(among(unit.connection, events.c.id, event_ids))
    rows = unit.connection.execute(query.order_by(events.c.recorded_at, events.c.id))
    found = {row.id: _past(row) for row in rows}
    for event_id in event_ids:
        if event_id not in found:
            raise NotFound(what="event", id=str(event_id))
    return list(found.values())


def all_standing(unit: Unit, loan_ids: Sequence[int]) -> list[Past]:
    """Everything that stands of loans, their disbursements and what is not of their lives included."""
    undone = aliased(events)
    query = (
        select(events)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(among(unit.connection, events.c.loan_id, loan_ids), ~events.c.red, undone.c.id.is_(None))
        .order_by(events.c.loan_id, events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    return [_past(row) for row in unit.connection.execute(query)]


def _past(row: Any) -> Past:
    base = {"effective_on": row.effective_on, "county": row.county, "bank": row.bank, "loan": row.loan_id}
    event = event_of(row.kind, base, row.payload)
    return Past(row.id, event, row.document, row.reason, row.made_by, row.checked_by, row.recorded_at)


def _later(unit: Unit, points: Mapping[int, Point]) -> dict[int, list[Past]]:
    """What stands after each loan's point, by date and recording; one query for all loans."""
    first = min((point.on for point in points.values()), default=date.max)
    undone = aliased(events)
    query = (
        select(events)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(
            among(unit.connection, events.c.loan_id, points),
            events.c.effective_on >= first,
            events.c.kind.in_(_LIFE_KINDS),
            undone.c.id.is_(None),
        )
        .order_by(events.c.loan_id, events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    later: dict[int, list[Past]] = {}
    for row in unit.connection.execute(query):
        point = points[row.loan_id]
        if row.effective_on < point.on:
            continue
        past = _past(row)
        if row.effective_on > point.on or _of_the_day(past, point):
            later.setdefault(row.loan_id, []).append(past)
    return later


def _of_the_day(past: Past, point: Point) -> bool:
    """Of the point's own day: a claim's line comes after that day's repayments (order of one day).

    Before an event goes what was recorded after it that day, and the line and credit that a pay-off called for.
    """
    cause = getattr(past.event, "cause", None)
    if point.before is None:
        return not point.last and cause == "claim"
    return not by_calendar(past.event) and (past.told >= point.before or cause == "payoff")


def _check(unit: Unit, on: date, rows: Sequence[Past]) -> None:
    for past in rows:
        period_lock.check_open(unit, [_book(past.event)], past.event.effective_on)
    if standing := [past.event for past in rows if isinstance(past.event, _STANDING)]:
        first, last = standing[0], standing[-1]
        raise RestsOnLater(
            rule="3 back-dated",
            event=type(first).__name__,
            found=first.effective_on,
            on=on,
            first_open=max(last.effective_on, period_lock.first_open(unit, [_book(last)])),
        )


def _check_not_ended(unit: Unit, points: Mapping[int, Point], undone: Iterable[Past]) -> None:
    """What ended or moved the whole debt rests on every repayment before it, in closed months too (books 3)."""
    first: dict[int, Past] = {}
    for past in undone:
        assert past.event.loan is not None
        first.setdefault(past.event.loan, past)
    for kind in _ENDING:
        for row in _standing_of(unit, first, kind.__name__):
            if (row.recorded_at, row.id) > first[row.loan_id].told:
                on = points[row.loan_id].on
                raise RestsOnLater(rule="books 3", event=kind.__name__, found=row.effective_on, on=on, first_open=on)


def _books(event: Event) -> set[str]:
    """The loan's book, and every other one in which the event is reversed with it."""
    kinds = {Kind.LOAN, *(row.kind for row in postings_of(event))}
    return {book_of(kind, bank=event.bank, county=event.county) for kind in kinds}


def _book(event: Event) -> str:
    return book_of(Kind.LOAN, bank=event.bank, county="")


def _set_back(unit: Unit, points: Mapping[int, Point]) -> None:
    """The loans' own rows, as they stood at their points; a new generation begins.

    Whether anything is left to come is seen when the life is loaded: see `servicing.resume`.
    """
    connection, c = unit.connection, _LOANS.c
    billed = _billed_to(unit, points)
    overdue = {row.loan_id for row in _standing_of(unit, points, "PrincipalOverdue")}
    compensated = {row.loan_id for row in _standing_of(unit, points, "ClaimPaid")}
    misused = {row.loan_id: row.effective_on for row in reversed(_standing_of(unit, points, "MisuseFound"))}
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
        select(lines.c.loan_id, func.max(lines.c.period_end))
        .where(among(unit.connection, lines.c.loan_id, loan_ids), lines.c.live)
        .group_by(lines.c.loan_id)
    )
    return dict(unit.connection.execute(query).all())


def _standing_of(unit: Unit, loan_ids: Iterable[int], kind: str) -> Sequence[Any]:
    """Loans' events of a kind that are not reversed, the latest last."""
    undone = aliased(events)
    query = (
        select(events.c.id, events.c.recorded_at, events.c.loan_id, events.c.effective_on)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(among(unit.connection, events.c.loan_id, loan_ids), events.c.kind == kind, undone.c.id.is_(None))
        .order_by(events.c.effective_on, events.c.recorded_at, events.c.id)
    )
    return unit.connection.execute(query).all()
