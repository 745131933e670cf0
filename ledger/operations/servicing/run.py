"""Run loans through their days: what the calendar calls for, and what people recorded, late or in time.

One way for one loan or a hundred thousand, for the job, the desk and the sheet: lock, take back what is dated later,
load, apply the transactions in the order of their days, save once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger import period_lock
from ledger.chart import Kind, book_of
from ledger.database import among
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

_LOANS: Any = Loan.__table__

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
    """A transaction as posted: its events and their ids in order, the loan's status and open parts right after it."""

    transaction: LoanTransaction
    events: tuple[Event, ...]
    event_ids: tuple[int, ...]
    status: str
    open_parts: Parts


def run_to(unit: Unit, loan_ids: Sequence[int], through: date) -> int:
    """Post what the calendar calls for on or before `through` on these loans; return how many changed.

    Safe to repeat. Raises FutureDate, CalendarMissing, PeriodClosed.
    """
    unit.not_future(through, "through")
    loans = load.load(unit, loan_ids, through)
    for loan in loans.values():
        loan.take(servicing.run_to(loan.state, through))
    return len(save.save(unit, loans.values()))


def load_run_to(unit: Unit, loan_id: int, on: date) -> LoadedLoan:
    """Return one loan locked, loaded and run to `on`, nothing saved. Raises NotFound, WrongStatus."""
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
    """Post transactions on loans, each on its own day, whatever has been posted since (scheme 3 "Back-dated").

    Return each loan's transactions as posted, in the order of their days. `reason` goes on the reversals of what is
    dated later. With `faults` a refused transaction is noted there and the rest goes on, so that all faults of a sheet
    are known at once; the caller must then not commit. Without it the first refusal is raised.
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
    """Reverse events of transactions, by loan id, and apply the loans' later transactions again without them.

    Reversals are dated as the events were, or on the first open day where that month is closed. Raises RestsOnLater,
    AlreadyReversed, CreditOverdrawn.
    """
    load.lock(unit, event_ids)
    undone_ids = {event_id for of_loan in event_ids.values() for event_id in of_loan}
    undone = backdating.posted_events(unit, sorted(undone_ids))
    points = backdating.points_before(unit, undone)
    days = {loan_id: point.on for loan_id, point in points.items()}
    unit.not_future(max(days.values(), default=date.min), "on")
    found = backdating.rewind(unit, points, reason, also=undone)
    later = {loan_id: [each for each in found.get(loan_id, ()) if each.id not in undone_ids] for loan_id in days}
    _apply_in_order(unit, {loan_id: [] for loan_id in days}, later, days, _Refusals(None))
    corrections.follow(unit, days)


def check_transaction(unit: Unit, loan_id: int, transaction: LoanTransaction) -> None:
    """Raise what posting a transaction would raise, as far as it can be seen before; save nothing."""
    _check_day(unit, transaction, _banks(unit, [loan_id])[loan_id])
    if not backdating.has_later_events(unit, loan_id, transaction.on):
        list(rules.apply(load_run_to(unit, loan_id, transaction.on).state, transaction))


@dataclass(frozen=True, slots=True)
class _Refusals:
    """Refusals of transactions: raised at once, or gathered where the caller wants to know all of them."""

    gathered: list[tuple[LoanTransaction, Refusal]] | None

    def allow(self, blamed: Sequence[LoanTransaction], check: Callable[[], object]) -> bool:
        """Return whether a check passes; its refusal is raised, or noted for the blamed transactions."""
        try:
            check()
        except Refusal as refusal:
            if self.gathered is None:
                raise
            self.gathered.extend((each, refusal) for each in blamed)
            return False
        return True


def _banks(unit: Unit, loan_ids: Iterable[int]) -> dict[int, str]:
    """Return the banks of loans; raise NotFound for an id that no loan has."""
    c = _LOANS.c
    wanted = list(loan_ids)
    found = unit.connection.execute(select(c.id, c.bank).where(among(unit.connection, c.id, wanted)))
    banks: dict[int, str] = {row.id: row.bank for row in found}
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
    """Take all loans back at once; loan by loan only to learn which are refused: those leave `allowed`."""
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
    """A transaction applied to a loaded loan: where its events begin and end among the loan's records."""

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
    """Load loans, apply new and reversed transactions, run each loan as far as it had been run; save once."""
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
    """Run one loan to the day of each transaction and apply it, in the order of days."""
    applied = []
    for transaction, is_new in _in_order(new, later):
        loan.take(servicing.run_to(loan.state, transaction.on))
        # Where an older transaction can no longer be applied, the new ones are to blame.
        blamed, start = [transaction] if is_new else new, len(loan.records)
        if refusals.allow(blamed, partial(_apply, loan, transaction)):
            status, open_parts = loan.state.status, compensation.open_parts(loan.state)
            applied.append(_Applied(transaction, is_new, start, len(loan.records), status, open_parts))
    return applied


def _apply(loan: LoadedLoan, transaction: LoanTransaction) -> None:
    loan.take(list(rules.apply(loan.state, transaction)), transaction.about)  # all of its events, or none


def _in_order(new: Sequence[LoanTransaction], later: Iterable[PostedEvent]) -> list[tuple[LoanTransaction, bool]]:
    """Return transactions, each with whether it is new, by day and order of the day, older ones first."""
    older = [rules.transaction_of(each.event, each.about) for each in later]
    every = [*((each, False) for each in older if each is not None), *((each, True) for each in new)]
    return sorted(every, key=lambda pair: (pair[0].on, pair[0].day_order, pair[1]))


def _saved(
    unit: Unit, loans: Mapping[int, LoadedLoan], applied: Mapping[int, Sequence[_Applied]]
) -> dict[int, list[PostedTransaction]]:
    """Save loans; return the new transactions as posted, and let older repayments point to their new events."""
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
