"""Post the interest bills and status changes due on loans, and post loan transactions recorded in time or late.

The daily job, single repayments and sheets of repayments all use this module, for any number of loans. The module locks
the loans, reverses the events dated later, loads the states, applies the transactions in the order of days, and saves
once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

from sqlalchemy import select

from ledger import period_lock
from ledger.chart import Kind, book_of
from ledger.database import among, table_of
from ledger.errors import NotFound, Refusal, RuleViolation, WrongStatus
from ledger.events import Event
from ledger.operations.servicing import backdating, load, save
from ledger.operations.servicing.backdating import PostedEvent, ReversalReason, RewindPoint
from ledger.operations.servicing.save import LoadedLoan
from ledger.operations.subsidy import corrections
from ledger.policy import compensation, loan_changes, servicing
from ledger.policy import transaction_rules as rules
from ledger.policy.loan_transactions import DayOrder, LoanTransaction, Parts, Repay
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)

LENT = (
    LoanStatus.ACTIVE,
    LoanStatus.OVERDUE,
    LoanStatus.COMPENSATED,
    LoanStatus.WRITTEN_OFF,
    LoanStatus.CLOSED,
)


class LoanCompensated(RuleViolation):
    code = "loan_compensated"
    zh = "贷款已代偿，此后收到的款项一律登记为追回款（{rule}）"
    en = "the loan is compensated; whatever comes in is recorded as a recovery ({rule})"


@dataclass(frozen=True, slots=True)
class PostedTransaction:
    """A posted transaction: its events and event ids in order, and the loan's status and open amounts afterwards."""

    transaction: LoanTransaction
    events: tuple[Event, ...]
    event_ids: tuple[int, ...]
    status: str
    open_parts: Parts


def run_to(unit: Unit, loan_ids: Sequence[int], through: date) -> int:
    """Post interest bills, uses of credit and changes to overdue due on or before `through`; count changed loans.

    Return the number of loans changed. A second run to the day `through` posts nothing. Raise FutureDate,
    CalendarMissing, PeriodClosed.
    """
    unit.not_future(through, "through")
    loans = load.load(unit, loan_ids, through)
    for loan in loans.values():
        loan.take(servicing.run_to(loan.state, through))
    return len(save.save(unit, loans.values()))


def load_run_to(unit: Unit, loan_id: int, on: date) -> LoadedLoan:
    """Lock a loan, load its state and run the state up to `on`; save nothing. Raise NotFound, WrongStatus."""
    loan = load.load(unit, [loan_id], on).get(loan_id)
    if loan is None:
        _refuse_unlent(unit, loan_id)
        raise NotFound(what="loan", id=str(loan_id))
    loan.take(servicing.run_to(loan.state, on))
    return loan


def apply_transactions(
    unit: Unit,
    transactions: Mapping[int, Sequence[LoanTransaction]],
    reason: ReversalReason,
    faults: list[tuple[LoanTransaction, Refusal]] | None = None,
) -> dict[int, list[PostedTransaction]]:
    """Post transactions on loans, each on its own day, even where later events are posted (scheme 3 "Back-dated").

    Return the posted transactions of each loan, ordered by day. `reason` is recorded with the reversals of
    later events. Where the list `faults` is given, a refused transaction is added to the list and the remaining
    transactions are still applied, so that every fault of a sheet is found at once. A caller that gives `faults` must
    not commit if the list has a fault. Without `faults` the first refusal is raised.
    """
    refusals = _Refusals(faults)
    banks = _banks(unit, transactions)
    allowed = {
        loan_id: [each for each in rows if refusals.allow([each], partial(_check_day, unit, each, banks[loan_id]))]
        for loan_id, rows in transactions.items()
    }
    load.lock(unit, allowed)
    points = {
        loan_id: RewindPoint(min(each.on for each in rows), last=all(each.day_order == DayOrder.LAST for each in rows))
        for loan_id, rows in allowed.items()
        if rows
    }
    later = _rewind(unit, points, reason, refusals, allowed)
    taken_back_to = {loan_id: points[loan_id].on for loan_id, rows in later.items() if rows}
    posted = _apply_in_order(unit, allowed, later, taken_back_to, refusals)
    if not refusals.gathered:
        decided = {loan_id for loan_id, rows in allowed.items() if not all(each.only_pays for each in rows)}
        corrections.follow(unit, decided | taken_back_to.keys())
    return posted


def undo_transactions(unit: Unit, event_ids: Mapping[int, Sequence[int]], reason: ReversalReason) -> None:
    """Reverse transactions' events, given by loan id, and apply again the loans' later transactions.

    A reversal has the day of the reversed event, or the first open day where the month of that event is closed. Raise
    RestsOnLater, AlreadyReversed, CreditOverdrawn.
    """
    load.lock(unit, event_ids)
    undone_ids = {event_id for of_loan in event_ids.values() for event_id in of_loan}
    undone = backdating.posted_events(unit, sorted(undone_ids))
    points = backdating.points_before(unit, undone)
    days = {loan_id: point.on for loan_id, point in points.items()}
    unit.not_future(max(days.values(), default=date.min), "on")
    later_events = backdating.rewind(unit, points, reason, also=undone)
    later = {loan_id: [each for each in later_events.get(loan_id, ()) if each.id not in undone_ids] for loan_id in days}
    _apply_in_order(unit, {loan_id: [] for loan_id in days}, later, days, _Refusals(None))
    corrections.follow(unit, days)


def check_transaction(unit: Unit, loan_id: int, transaction: LoanTransaction) -> None:
    """Raise any refusal of a transaction that can be found before the transaction is posted; save nothing."""
    _check_day(unit, transaction, _banks(unit, [loan_id])[loan_id])
    if not backdating.has_later_events(unit, loan_id, transaction.on):
        list(rules.apply(load_run_to(unit, loan_id, transaction.on).state, transaction))


@dataclass(frozen=True, slots=True)
class _Refusals:
    """The refusals of transactions, which are raised at once or collected for a caller that wants all refusals."""

    gathered: list[tuple[LoanTransaction, Refusal]] | None

    def allow(self, blamed: Sequence[LoanTransaction], check: Callable[[], object]) -> bool:
        """Return whether a check passes; if not, raise the refusal or collect it for each transaction in `blamed`."""
        try:
            check()
        except Refusal as refusal:
            if self.gathered is None:
                raise
            self.gathered.extend((each, refusal) for each in blamed)
            return False
        return True


def _banks(unit: Unit, loan_ids: Iterable[int]) -> dict[int, str]:
    """Return the bank code of each loan by loan id; raise NotFound for an id without a loan."""
    c = _LOANS.c
    wanted = list(loan_ids)
    rows = unit.connection.execute(select(c.id, c.bank).where(among(unit.connection, c.id, wanted)))
    banks: dict[int, str] = {row.id: row.bank for row in rows}
    for loan_id in wanted:
        if loan_id not in banks:
            raise NotFound(what="loan", id=str(loan_id))
    return banks


def _check_day(unit: Unit, transaction: LoanTransaction, bank: str) -> None:
    unit.not_future(transaction.on, "on")
    period_lock.check_open(unit, [book_of(Kind.LOAN, bank=bank, county="")], transaction.on)


def _rewind(
    unit: Unit,
    points: Mapping[int, RewindPoint],
    reason: ReversalReason,
    refusals: _Refusals,
    allowed: dict[int, list[LoanTransaction]],
) -> dict[int, list[PostedEvent]]:
    """Take all loans back to their points in time at once; if refusals are collected, check the loans one by one.

    The transactions of a refused loan are removed from `allowed`.
    """
    if refusals.gathered is None:
        return backdating.rewind(unit, points, reason)
    try:
        with unit.session.begin_nested():
            return backdating.rewind(unit, points, reason)
    except Refusal:
        later: dict[int, list[PostedEvent]] = {}
        for loan_id, point in points.items():
            try:
                later |= backdating.rewind(unit, {loan_id: point}, reason)
            except Refusal:
                for each in allowed.pop(loan_id):
                    own = RewindPoint(each.on, last=each.day_order == DayOrder.LAST)
                    refusals.allow([each], partial(backdating.check, unit, {loan_id: own}))
        return later


class _Applied(NamedTuple):
    """A loan transaction applied in memory, with the indexes of its first and last event in the loan's records."""

    transaction: LoanTransaction
    is_new: bool
    start: int
    end: int
    status: str
    open_parts: Parts


def _apply_in_order(
    unit: Unit,
    new: Mapping[int, Sequence[LoanTransaction]],
    later: Mapping[int, Sequence[PostedEvent]],
    taken_back_to: Mapping[int, date],
    refusals: _Refusals,
) -> dict[int, list[PostedTransaction]]:
    """Load loans, apply new and reversed transactions, run each loan up to the day it had reached, and save all."""
    through = {
        loan_id: max(
            [
                taken_back_to.get(loan_id, date.min),
                *(each.on for each in rows),
                *(each.event.effective_on for each in later.get(loan_id, ())),
            ]
        )
        for loan_id, rows in new.items()
    }
    loans = load.load(unit, new, max(through.values(), default=date.min))
    for loan_id in new.keys() - loans.keys():
        refusals.allow(new[loan_id], partial(_refuse_unlent, unit, loan_id))
    applied: dict[int, list[_Applied]] = {}
    for loan_id, loan in loans.items():
        loan_changes.check_credit(loan.state)
        if loan_id in taken_back_to:
            servicing.resume(loan.state, taken_back_to[loan_id])
        applied[loan_id] = _apply_to(loan, new[loan_id], later.get(loan_id, ()), refusals)
        loan.take(servicing.run_to(loan.state, through[loan_id]))
    if refusals.gathered:
        return {}
    return _saved(unit, loans, applied)


def _apply_to(
    loan: LoadedLoan, new: Sequence[LoanTransaction], later: Sequence[PostedEvent], refusals: _Refusals
) -> list[_Applied]:
    """Apply transactions to a loan by day, after computing the loan up to the day of each transaction."""
    applied = []
    for transaction, is_new in _in_order(new, later):
        loan.take(servicing.run_to(loan.state, transaction.on))
        # Where an older transaction can no longer be applied, the refusal is attributed to the new transactions.
        blamed, start = [transaction] if is_new else new, len(loan.records)
        if refusals.allow(blamed, partial(_apply, loan, transaction)):
            status, open_parts = loan.state.status, compensation.open_parts(loan.state)
            applied.append(_Applied(transaction, is_new, start, len(loan.records), status, open_parts))
    return applied


def _apply(loan: LoadedLoan, transaction: LoanTransaction) -> None:
    # All events are made before any is recorded, so that a refused transaction leaves no event.
    loan.take(list(rules.apply(loan.state, transaction)), transaction.about)


def _in_order(new: Sequence[LoanTransaction], later: Iterable[PostedEvent]) -> list[tuple[LoanTransaction, bool]]:
    """Return transactions by day and order within the day, older ones first, each with a flag for new transactions."""
    older = [rules.transaction_of(each.event, each.about) for each in later]
    every = [*((each, False) for each in older if each is not None), *((each, True) for each in new)]
    return sorted(every, key=lambda pair: (pair[0].on, pair[0].day_order, pair[1]))


def _saved(
    unit: Unit, loans: Mapping[int, LoadedLoan], applied: Mapping[int, Sequence[_Applied]]
) -> dict[int, list[PostedTransaction]]:
    """Save loans, set the new events of repayments that were applied again, and return the posted new transactions."""
    event_ids = save.save(unit, loans.values())
    posted: dict[int, list[PostedTransaction]] = {}
    moved = []
    for loan_id, rows in applied.items():
        for each in rows:
            ids = tuple(event_ids.get(loan_id, ())[each.start : each.end])
            if each.is_new:
                happened = tuple(record.event for record in loans[loan_id].records[each.start : each.end])
                made = PostedTransaction(each.transaction, happened, ids, each.status, each.open_parts)
                posted.setdefault(loan_id, []).append(made)
            elif isinstance(each.transaction, Repay):
                moved.append((each.transaction.repayment, ids[-1]))
    save.point_to_events(unit, moved)
    return posted


def _refuse_unlent(unit: Unit, loan_id: int) -> None:
    status = unit.connection.execute(select(_LOANS.c.status).where(_LOANS.c.id == loan_id)).scalar()
    if status is None:
        raise NotFound(what="loan", id=str(loan_id))
    if status not in LENT:
        raise WrongStatus(status=status, allowed=", ".join(LENT))
