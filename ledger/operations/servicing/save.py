"""Loans' lives back into the database: what happened to any number of them, in one write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Table, func, select

from ledger import events as e
from ledger import journal
from ledger.catalogue import key_of, payer_of
from ledger.database import among, update_rows, write_rows
from ledger.events import Applied, Event
from ledger.journal import Record
from ledger.operations.notices import issue
from ledger.policy.servicing import Life
from ledger.tables.loans import Loan, Repayment, applications, lines
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_REPAYMENTS: Any = Repayment.__table__


class Lent(NamedTuple):
    """A loan's row as far as its life is made from it; rates are whole 1e-8."""

    id: int
    county: str
    bank: str
    scheme: str
    scheme_version: int
    term_months: int
    signed_on: date
    disbursed_on: date
    original_due_on: date
    due_on: date
    rolled_on: date
    extended_months: int
    extended_on: date | None
    misused_on: date | None
    status: str
    billed_to: date
    next_step_on: date | None
    generation: int
    annual_rate: int
    extended_rate: int | None


@dataclass(slots=True)
class Held:
    """A loan's life, locked and loaded, and what happened to it in this unit."""

    life: Life
    row: Lent
    records: list[Record] = field(default_factory=list)

    def take(self, events: Iterable[Event], **about: Any) -> None:
        """Keep events of this life to be stored."""
        for event in events:
            self.records.append(Record(event, key=self._key(event), **about))

    def _key(self, event: Event) -> str | None:
        """Return an event's natural key; a loan that was taken back has a new generation, and with it new keys."""
        key = key_of(event)
        return f"{key}/{self.row.generation}" if key is not None and self.row.generation else key


@dataclass(frozen=True, slots=True)
class Done:
    """A fact as recorded: the event that carries it and that event's id."""

    ref: Any
    event: Event
    event_id: int


def store(unit: Unit, held: Iterable[Held]) -> dict[int, list[int]]:
    """Write what happened to these lives: events, lines, applications, and where the loans stand now.

    Answers each loan's new event ids, in order.
    """
    touched = [each for each in held if each.records or _moved(each)]
    records = [record for each in touched for record in each.records]
    ids = iter(journal.record_all(unit, records)) if records else iter(())
    made = {each.life.loan: [next(ids) for _ in each.records] for each in touched}
    write_rows(unit.connection, _rows_of(unit, touched, made))
    update_rows(
        unit.connection,
        _LOANS,
        ("billed_to", "next_step_on", "status", "misused_on"),
        [_stands(each.life) for each in touched],
    )
    issue.reconcile_before_commit(unit, [each.life.loan for each in touched if _opened_or_ended(each)])
    return made


def keep_repayments(unit: Unit, again: Iterable[Done]) -> None:
    """Repayments that were lived through again stand in new events."""
    rows = [(each.event_id, each.ref) for each in again if isinstance(each.event, e.RepaymentReceived)]
    update_rows(unit.connection, _REPAYMENTS, ("event_id",), rows)


def _rows_of(
    unit: Unit, touched: Sequence[Held], made: Mapping[int, Sequence[int]]
) -> dict[Table, list[tuple[Any, ...]]]:
    """The lines these lives' events bill, and what they pay of lines."""
    rewritten = (each.life.loan for each in touched if each.row.generation)
    versions = _versions(unit, list(rewritten))
    billed: list[tuple[Any, ...]] = []
    paid: list[tuple[Any, ...]] = []
    for each in touched:
        loan = each.life.loan
        for record, event_id in zip(each.records, made[loan], strict=True):
            event = record.event
            if isinstance(event, e.InterestBilled):
                version = versions.get((loan, event.period_start), 0) + 1
                billed.append(
                    (
                        loan,
                        event.period_start.isoformat(),
                        version,
                        event_id,
                        event.effective_on.isoformat(),
                        event.contract,
                        event.penalty,
                        event.compound,
                        True,
                    )
                )
            elif rows := applied(event):
                payer = payer_of(event)
                paid += [
                    (
                        event_id,
                        loan,
                        row.period_start,
                        event.effective_on,
                        payer,
                        row.contract,
                        row.compound,
                        row.penalty,
                    )
                    for row in rows
                ]
    return {lines: billed, applications: paid}


def applied(event: Event) -> tuple[Applied, ...]:
    """What an event paid, waived or wrote off of lines."""
    rows: tuple[Applied, ...] = getattr(event, "applied", ())
    return rows


def _stands(life: Life) -> tuple[Any, ...]:
    return life.billed_to, life.next_step_on, life.status, life.terms.misused_on, life.loan


def _moved(held: Held) -> bool:
    row = held.row
    return _stands(held.life) != (row.billed_to, row.next_step_on, row.status, row.misused_on, row.id)


def _opened_or_ended(held: Held) -> bool:
    return (held.life.status in issue.OPEN) != (held.row.status in issue.OPEN)


def _versions(unit: Unit, loan_ids: Sequence[int]) -> dict[tuple[int, date], int]:
    """How many versions each line of these loans has had; asked only of lives written again."""
    if not loan_ids:
        return {}
    query = select(lines.c.loan_id, lines.c.period_start, func.max(lines.c.version)).where(
        among(unit.connection, lines.c.loan_id, loan_ids)
    )
    found = unit.connection.execute(query.group_by(lines.c.loan_id, lines.c.period_start))
    return {(loan_id, start): version for loan_id, start, version in found}
