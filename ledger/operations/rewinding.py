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
from ledger import journal
from ledger.chart import Kind, book_of
from ledger.database import among, update_rows, write_rows
from ledger.dates import DAY, next_settlement, settlements
from ledger.errors import NotFound, RuleViolation
from ledger.events import Event, event_of
from ledger.operations.lives import applied, payer_of
from ledger.tables.journal import events
from ledger.tables.loans import Loan, applications, lines
from ledger.unit import Unit

_LOANS: Any = Loan.__table__


class RestsOnLater(RuleViolation):
    code = "rests_on_later"
    zh = "{found} 的业务“{event}”建立在此之后，不能倒记到 {on}；请在 {first_open} 或以后登记，真实日期填入 received_on"
    en = (
        "{event} of {found} stands after {on} and rests on it; record it on {first_open} or later, "
        "with the true date in received_on"
    )


class Point(NamedTuple):
    """To where a loan goes back: the end of `on`, or with `whole_day` only its calendar lines and transitions."""

    on: date
    whole_day: bool = False


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


# What is never lived through again: another record rests on its figures.
_STANDING = (
    e.LoanExtended, e.LoanRenewed, e.LoanWrittenOff, e.InsuranceReceived,
    e.ClaimPaid, e.RecoveryReceived, e.RecoveryRemitted, e.RecoveryRetained,
)  # fmt: skip

# What a loan's life is made of. Its subsidies are not: they follow its lines in their own way (scheme 4.9).
_LIFE = (
    e.InterestBilled, e.CreditApplied, e.PrincipalOverdue, e.RepaymentReceived, e.CreditRefunded,
    e.PenaltyWaived, e.MisuseFound, *_STANDING,
)  # fmt: skip
_LIFE_KINDS = tuple(kind.__name__ for kind in _LIFE)


def rewind(
    unit: Unit, points: Mapping[int, Point], why: Why, also: Sequence[Past] = ()
) -> dict[int, list[Past]]:
    """Take loans back; answers what was reversed of each, oldest first. The loans' rows must be locked.

    `also` are earlier events to be undone with it. Loans on which nothing stands later and nothing is undone
    stay as they are. Raises RestsOnLater and PeriodClosed.
    """
    later = _later(unit, points)
    for loan_id, rows in later.items():
        _check(unit, points[loan_id].on, rows)
    undone = {past.id: past for past in also} | {past.id: past for rows in later.values() for past in rows}
    if undone:
        touched = {loan for past in undone.values() if (loan := past.event.loan) is not None}
        walked = _walked(unit, touched)
        undo(unit, list(undone.values()), why)
        _set_back(unit, {loan: points[loan] for loan in touched}, walked)
    return later


def undo(unit: Unit, pasts: Sequence[Past], why: Why) -> None:
    """Reverse these events with the lines they made and what they paid of lines."""
    reversals = journal.reverse_all(unit, [past.id for past in pasts], **why._asdict())
    billed = [past.id for past in pasts if isinstance(past.event, e.InterestBilled)]
    if billed:
        dead = update(lines).where(among(unit.connection, lines.c.event_id, billed)).values(live=None)
        unit.connection.execute(dead)
    write_rows(unit.connection, {
        applications: [
            (reversals[past.id].id, past.event.loan, row.period_start, reversals[past.id].effective_on,
             payer_of(past.event), -row.contract, -row.compound, -row.penalty)
            for past in pasts
            for row in applied(past.event)
        ]
    })  # fmt: skip


def stands_after(unit: Unit, loan_id: int, on: date) -> bool:
    """Whether anything of a loan's life stands after a day."""
    return bool(_later(unit, {loan_id: Point(on)}))


def standing(unit: Unit, event_ids: Sequence[int]) -> list[Past]:
    """Events as they stand, in the order of their ids; raises NotFound."""
    chosen = among(unit.connection, events.c.id, event_ids)
    found = {row.id: _past(row) for row in unit.connection.execute(select(events).where(chosen).order_by(events.c.id))}
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
        .order_by(events.c.loan_id, events.c.effective_on, events.c.id)
    )
    return [_past(row) for row in unit.connection.execute(query)]


def _past(row: Any) -> Past:
    base = {"effective_on": row.effective_on, "county": row.county, "bank": row.bank, "loan": row.loan_id}
    event = event_of(row.kind, base, row.payload)
    return Past(row.id, event, row.document, row.reason, row.made_by, row.checked_by)


def _later(unit: Unit, points: Mapping[int, Point]) -> dict[int, list[Past]]:
    """What stands after each loan's point, by date and recording; one query for all loans."""
    first = min((point.on for point in points.values()), default=date.max)
    undone = aliased(events)
    query = (
        select(events)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(
            among(unit.connection, events.c.loan_id, points), events.c.effective_on >= first,
            events.c.kind.in_(_LIFE_KINDS), undone.c.id.is_(None),
        )
        .order_by(events.c.loan_id, events.c.effective_on, events.c.id)
    )  # fmt: skip
    later: dict[int, list[Past]] = {}
    for row in unit.connection.execute(query):
        point = points[row.loan_id]
        if row.effective_on < point.on:
            continue
        past = _past(row)
        if row.effective_on > point.on or _of_the_day(past.event, point):
            later.setdefault(row.loan_id, []).append(past)
    return later


def _of_the_day(event: Event, point: Point) -> bool:
    """Of the point's own day: a claim's line comes after that day's repayments (order of one day)."""
    cause = getattr(event, "cause", None)
    if point.whole_day:
        return cause != "" and not isinstance(event, e.PrincipalOverdue)
    return isinstance(event, e.InterestBilled) and cause == "claim"


def _check(unit: Unit, on: date, rows: Iterable[Past]) -> None:
    for past in rows:
        event = past.event
        book = book_of(Kind.LOAN, bank=event.bank, county="")
        journal.check_open(unit, [book], event.effective_on)
        if isinstance(event, _STANDING):
            raise RestsOnLater(
                rule="3 back-dated", event=type(event).__name__, found=event.effective_on, on=on,
                first_open=max(event.effective_on, journal.first_open(unit, [book])),
            )  # fmt: skip


def _set_back(unit: Unit, points: Mapping[int, Point], walked: Mapping[int, date]) -> None:
    """The loans' own rows, as they stood at their points; a new generation begins."""
    connection, c = unit.connection, _LOANS.c
    billed = _billed_to(unit, points)
    overdue = {row.loan_id for row in _standing_of(unit, points, "PrincipalOverdue")}
    misused = {row.loan_id: row.effective_on for row in _standing_of(unit, points, "MisuseFound")}
    query = select(c.id, c.disbursed_on, c.rolled_on, c.status, c.generation)
    rows = []
    for row in connection.execute(query.where(among(connection, c.id, points))):
        on = min(points[row.id].on, walked[row.id])
        passed = [day for day in (*settlements(row.disbursed_on, on), row.rolled_on) if day <= on]
        billed_to = max([row.disbursed_on, *passed, billed.get(row.id, row.disbursed_on)])
        coming = [day for day in (next_settlement(on), row.rolled_on, row.rolled_on + DAY) if day > on]
        next_on = max(min(coming), points[row.id].on)
        status = row.status
        if status in ("active", "overdue", "closed"):
            status = "overdue" if row.id in overdue else "active"
        rows.append((billed_to, next_on, status, row.generation + 1, misused.get(row.id), row.id))
    names = ("billed_to", "next_step_on", "status", "generation", "misused_on")
    update_rows(connection, _LOANS, names, rows)


def _walked(unit: Unit, loan_ids: Iterable[int]) -> dict[int, date]:
    """The day through which each loan was walked: before its next step, or to its last event if it has none."""
    c = _LOANS.c
    found = {}
    last = {row.loan_id: row.effective_on for row in _standing_of(unit, loan_ids)}  # the latest of each
    query = select(c.id, c.disbursed_on, c.next_step_on).where(among(unit.connection, c.id, loan_ids))
    for row in unit.connection.execute(query):
        found[row.id] = last.get(row.id, row.disbursed_on) if row.next_step_on is None else row.next_step_on - DAY
    return found


def _billed_to(unit: Unit, loan_ids: Iterable[int]) -> dict[int, date]:
    query = (
        select(lines.c.loan_id, func.max(lines.c.period_end))
        .where(among(unit.connection, lines.c.loan_id, loan_ids), lines.c.live)
        .group_by(lines.c.loan_id)
    )
    return dict(unit.connection.execute(query).all())


def _standing_of(unit: Unit, loan_ids: Iterable[int], kind: str | None = None) -> Sequence[Any]:
    """Loans' events that are not reversed, the latest last; of one kind, or of all."""
    undone = aliased(events)
    query = (
        select(events.c.loan_id, events.c.effective_on)
        .outerjoin(undone, undone.c.reverses_id == events.c.id)
        .where(
            among(unit.connection, events.c.loan_id, loan_ids), undone.c.id.is_(None),
            events.c.kind.in_(("LoanDisbursed", *_LIFE_KINDS) if kind is None else (kind,)),
        )
        .order_by(events.c.effective_on, events.c.id)
    )  # fmt: skip
    return unit.connection.execute(query).all()
