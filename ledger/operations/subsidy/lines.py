"""The lines of a submitted batch: posted when they are approved and paid, and let go with a reason."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from ledger import activity, journal
from ledger.catalogue import key_from, key_of
from ledger.database import among
from ledger.errors import NotFound
from ledger.events import Event, SubsidyApproved
from ledger.journal import Record
from ledger.operations.subsidy.workflow import BATCH
from ledger.tables.loans import Loan
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine, subsidy_claims, subsidy_shortfalls
from ledger.unit_of_work import Unit
from ledger.workflow import note

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
        note(unit, BATCH, batch, outcome, on, before=batch.status, reason=reason, line_id=line_id)
        by_reason.setdefault(reason, []).append(line_id)
    for reason, line_ids in by_reason.items():
        end(unit, batch, line_ids, outcome, reason)


def end(unit: Unit, batch: SubsidyBatch, line_ids: Collection[int], outcome: str, reason: str) -> None:
    """Lines count no more: their approvals are reversed in red, their claims released."""
    connection, claims, shortfalls = unit.connection, subsidy_claims, subsidy_shortfalls
    if batch.approved_on is not None:
        keys = [key_from(SubsidyApproved, line=line_id) for line_id in line_ids]
        journal.reverse_all(unit, activity.ids_of_keys(connection, keys), reason)
    ended = update(_LINES).where(among(connection, _LINES.c.id, line_ids))
    connection.execute(ended.values(live=None, outcome=outcome, reason=reason))
    connection.execute(update(claims).where(among(connection, claims.c.line_id, line_ids)).values(live=None))
    freed = update(shortfalls).where(among(connection, shortfalls.c.supplement_id, line_ids))
    connection.execute(freed.values(supplement_id=None))
