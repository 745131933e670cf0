"""Save loans in bulk: new events, interest bills, allocations of payments, and the loans' rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Table, func, select

from ledger import events as e
from ledger import journal
from ledger.catalogue import key_of, payer_of
from ledger.database import among, table_of, update_rows, write_rows
from ledger.dates import iso_day
from ledger.events import Applied, Event
from ledger.journal import Record
from ledger.operations.notices import issue
from ledger.policy.loan_transactions import NO_PARTICULARS, Particulars
from ledger.policy.servicing import LoanState
from ledger.queries.state_parts import StoredLoan
from ledger.tables.loans import Loan, Repayment, allocations, interest_bills
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_REPAYMENTS = table_of(Repayment)


@dataclass(slots=True)
class LoadedLoan:
    """A loan's row as loaded, its current state, and the events recorded since loading that are to be saved."""

    row: StoredLoan
    state: LoanState
    records: list[Record] = field(default_factory=list)

    def take(self, events: Iterable[Event], about: Particulars = NO_PARTICULARS) -> None:
        """Add events to the events that `save` will write for this loan."""
        document, reason, made_by, checked_by = about
        for event in events:
            self.records.append(Record(event, document, reason, made_by, checked_by, self._key(event)))

    def _key(self, event: Event) -> str | None:
        """Return an event's natural key; the key contains the loan's generation, so a loan taken back gets new keys."""
        key = key_of(event)
        return f"{key}/{self.row.generation}" if key is not None and self.row.generation else key


def save(unit: Unit, loans: Iterable[LoadedLoan]) -> dict[int, list[int]]:
    """Write the new events, interest bills, allocations of payments, and changed rows of loans.

    Return the ids of each changed loan's new events by loan id, in the order of the events.
    """
    touched = [loan for loan in loans if loan.records or _moved(loan)]
    records = [record for loan in touched for record in loan.records]
    ids = iter(journal.record_all(unit, records)) if records else iter(())
    made = {loan.state.loan: [next(ids) for _ in loan.records] for loan in touched}
    write_rows(unit.connection, _rows_of(unit, touched, made))
    update_rows(
        unit.connection,
        _LOANS,
        ("billed_to", "next_step_on", "status", "misused_on"),
        [_standing(loan.state) for loan in touched],
    )
    issue.reconcile_before_commit(unit, [loan.state.loan for loan in touched if _opened_or_ended(loan)])
    return made


def point_to_events(unit: Unit, repayments: Sequence[tuple[int, int]]) -> None:
    """Set the events of repayments that were applied again, given as pairs of repayment id and new event id."""
    update_rows(unit.connection, _REPAYMENTS, ("event_id",), [(event_id, own) for own, event_id in repayments])


def _rows_of(
    unit: Unit, touched: Sequence[LoadedLoan], made: Mapping[int, Sequence[int]]
) -> dict[Table, list[tuple[Any, ...]]]:
    """Return by table the rows of interest bills and allocations that the loans' new events make."""
    versions = _versions(unit, [each.state.loan for each in touched if each.row.generation])
    billed: list[tuple[Any, ...]] = []
    paid: list[tuple[Any, ...]] = []
    for each in touched:
        loan = each.state.loan
        for record, event_id in zip(each.records, made[loan], strict=True):
            event = record.event
            if isinstance(event, e.InterestBilled):
                version = versions.get((loan, event.period_start), 0) + 1
                billed.append(
                    (
                        loan,
                        iso_day(event.period_start),
                        version,
                        event_id,
                        iso_day(event.effective_on),
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
    return {interest_bills: billed, allocations: paid}


def applied(event: Event) -> tuple[Applied, ...]:
    """Return the amounts of interest bills that an event paid, waived or wrote off."""
    rows: tuple[Applied, ...] = getattr(event, "applied", ())
    return rows


def _standing(state: LoanState) -> tuple[Any, ...]:
    return state.billed_to, state.next_step_on, state.status, state.terms.misused_on, state.loan


def _moved(loan: LoadedLoan) -> bool:
    row = loan.row
    return _standing(loan.state) != (row.billed_to, row.next_step_on, row.status, row.misused_on, row.id)


def _opened_or_ended(loan: LoadedLoan) -> bool:
    return (loan.state.status in issue.OPEN) != (loan.row.status in issue.OPEN)


def _versions(unit: Unit, loan_ids: Sequence[int]) -> dict[tuple[int, date], int]:
    """Return the last version of each interest bill of loans that were ever taken back, by loan and start of period."""
    if not loan_ids:
        return {}
    query = select(interest_bills.c.loan_id, interest_bills.c.period_start, func.max(interest_bills.c.version)).where(
        among(unit.connection, interest_bills.c.loan_id, loan_ids)
    )
    rows = unit.connection.execute(query.group_by(interest_bills.c.loan_id, interest_bills.c.period_start))
    return {(loan_id, start): version for loan_id, start, version in rows}
