"""The lines of a submitted batch: posted when they are approved and paid, and let go with a reason."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from ledger import journal
from ledger.catalogue import key_from, key_of
from ledger.database import among
from ledger.errors import NotFound
from ledger.events import Event, SubsidyApproved
from ledger.gc_pause import uncollected
from ledger.ids import new_id
from ledger.journal import Record
from ledger.tables.journal import events
from ledger.tables.loans import Loan
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_LINES: Any = SubsidyLine.__table__


def live_lines(unit: Unit, batch: SubsidyBatch) -> Sequence[Any]:
    """The lines that count: id, loan, fen, whether they are stale, supplements or a household's."""
    c = _LINES.c
    query = (
        select(c.id, c.loan_id, c.fen, c.stale, c.of_line_id, _LOANS.c.household_id.is_not(None).label("household"))
        .join(_LOANS, _LOANS.c.id == c.loan_id)
        .where(c.batch_id == batch.id, c.live)
        .order_by(c.id)
    )
    return unit.connection.execute(query).all()


@uncollected()
def post(unit: Unit, batch: SubsidyBatch, lines: Sequence[Any], event_of: Callable[[Any], Event]) -> None:
    """Record an event for each line. It is approved once and paid once: the natural key sees to it."""
    document = f"贴息 {batch.bank}/{batch.county}/{batch.period}"
    events_of_lines = [event_of(line) for line in lines]
    journal.record_all(unit, [Record(event, document=document, key=key_of(event)) for event in events_of_lines])


def let_go(unit: Unit, batch: SubsidyBatch, reasons: Mapping[int, str], outcome: str, on: date) -> None:
    """Lines leave their batch, each with its reason; what they claimed may enter again. Raises NotFound."""
    live = {line.id for line in live_lines(unit, batch)}
    by_reason: dict[str, list[int]] = {}
    for line_id, reason in sorted(reasons.items()):
        if line_id not in live:
            raise NotFound(what="subsidy line", id=str(line_id))
        keep_change(unit, batch, outcome, batch.status, on, reason, line_id)
        by_reason.setdefault(reason, []).append(line_id)
    for reason, line_ids in by_reason.items():
        end(unit, batch, line_ids, outcome, reason)


def end(unit: Unit, batch: SubsidyBatch, line_ids: Collection[int], outcome: str, reason: str) -> None:
    """Lines count no more: their approvals are reversed in red, their claims released."""
    connection, claims, shortfalls = unit.connection, subsidy_claims, subsidy_shortfalls
    if batch.approved_on is not None:
        keys = [key_from(SubsidyApproved, line=line_id) for line_id in line_ids]
        found = select(events.c.id).where(among(connection, events.c.key, keys)).order_by(events.c.id)
        journal.reverse_all(unit, connection.execute(found).scalars().all(), reason)
    ended = update(_LINES).where(among(connection, _LINES.c.id, line_ids))
    connection.execute(ended.values(live=None, outcome=outcome, reason=reason))
    connection.execute(update(claims).where(among(connection, claims.c.line_id, line_ids)).values(live=None))
    freed = update(shortfalls).where(among(connection, shortfalls.c.supplement_id, line_ids))
    connection.execute(freed.values(supplement_id=None))


def keep_change(
    unit: Unit, batch: SubsidyBatch, step: str, before: str, on: date, reason: str = "", line_id: int | None = None
) -> None:
    """A row of the batch's history: who, when, why. Added only."""
    unit.session.add(
        SubsidyChange(
            id=new_id(),
            batch_id=batch.id,
            line_id=line_id,
            step=step,
            from_status=before,
            to_status=batch.status,
            on=on,
            by=unit.user,
            reason=reason,
            recorded_at=unit.recorded_at,
        )
    )
