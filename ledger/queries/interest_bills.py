"""The interest bills (结息单) of loans, with what was paid of each on which day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, select
from sqlalchemy.orm import aliased

from ledger import dates
from ledger.balances import Clocks
from ledger.money import Fen
from ledger.policy.servicing import InterestBill, LoanState
from ledger.tables.journal import events
from ledger.tables.loans import allocations, interest_bills


def bills_by_payment_day(*payments: ColumnElement[bool]) -> Select[Any]:
    """Return the query of bills with the sums paid of each on a day, oldest bill and day first, by `payments` alone.

    A bill on which nothing was paid has one row whose day and sums are NULL. See `put_on_states` for the columns.
    """
    b, a = interest_bills.c, allocations.c
    each_day = (b.loan_id, b.period_start, b.version, a.effective_on)
    same_bill = and_(a.loan_id == b.loan_id, a.period_start == b.period_start)
    paid = [cast(func.sum(part), BigInteger) for part in (a.contract, a.compound, a.penalty)]
    return (
        select(b.loan_id, b.period_start, b.period_end, b.contract, b.compound, b.penalty, a.effective_on, *paid)
        .select_from(interest_bills.outerjoin(allocations, and_(same_bill, *payments)))
        .group_by(*each_day)
        .order_by(*each_day)
    )


def bills_standing(clocks: Clocks) -> list[ColumnElement[bool]]:
    """Return the conditions of a bill that was made by as_of and stood as known at known_at."""
    b = interest_bills.c
    made = [b.period_end <= clocks.as_of]
    if clocks.known_at is None:
        return [*made, b.live]
    undone = aliased(events)
    reversal = select(undone.c.id).where(undone.c.reverses_id == b.event_id, *_known(undone.c, clocks))
    return [*made, _event_known(b.event_id, clocks), ~reversal.exists()]


def payments_standing(clocks: Clocks) -> list[ColumnElement[bool]]:
    """Return the conditions of what was paid of bills by as_of, as known at known_at; reversals are negative rows."""
    a = allocations.c
    paid = [a.effective_on <= clocks.as_of]
    return paid if clocks.known_at is None else [*paid, _event_known(a.event_id, clocks)]


def _event_known(event_id: ColumnElement[int], clocks: Clocks) -> ColumnElement[bool]:
    made = aliased(events)
    return select(made.c.id).where(made.c.id == event_id, *_known(made.c, clocks)).exists()


def _known(event: Any, clocks: Clocks) -> list[ColumnElement[bool]]:
    assert clocks.known_at is not None
    return [event.recorded_at <= dates.micros(clocks.known_at)]


def put_on_states(rows: Iterable[Sequence[Any]], states: Mapping[int, LoanState]) -> None:
    """Put bills on their loans' states: those of which something is open, or was paid within the open period.

    The rows are those of `bills_by_payment_day`.
    """
    billed = set()
    for loan_id, start, posted_on, contract, compound, penalty, paid_on, *paid in rows:
        state = states[loan_id]
        billed.add(loan_id)
        if not state.interest_bills or state.interest_bills[-1].period_start != start:
            bill = InterestBill(start, posted_on, contract, compound, penalty)
            bill.unpaid.set(state.billed_to, bill.contract)
            state.interest_bills.append(bill)
        if any(paid):  # otherwise nothing was paid, or it was reversed on the same day
            _take_off(state.interest_bills[-1], max(paid_on, state.billed_to), *paid)
    for loan_id in billed:
        state = states[loan_id]
        state.interest_bills = [bill for bill in state.interest_bills if bill.open or len(bill.unpaid) > 1]


def _take_off(bill: InterestBill, on: date, contract: Fen, compound: Fen, penalty: Fen) -> None:
    bill.contract = Fen(bill.contract - contract)
    bill.compound = Fen(bill.compound - compound)
    bill.penalty = Fen(bill.penalty - penalty)
    bill.unpaid.set(on, bill.contract)
