"""Queries of the interest bills (结息单) of loans, with each bill's payments by day."""

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
    """Return a query for interest bills, oldest first, with the sums paid on each bill by day.

    Only payments that meet the conditions in the argument `payments` are summed. A bill without a payment has one row,
    in which the day and the sums are NULL. The columns of the query are listed in `put_on_states`.
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


def bills_as_of(clocks: Clocks) -> list[ColumnElement[bool]]:
    """Return the conditions for interest bills dated on or before `as_of` and not reversed as known at `known_at`."""
    b = interest_bills.c
    made = [b.period_end <= clocks.as_of]
    if clocks.known_at is None:
        return [*made, b.live]
    undone = aliased(events)
    reversal = select(undone.c.id).where(undone.c.reverses_id == b.event_id, *_known(undone.c, clocks))
    return [*made, _event_known(b.event_id, clocks), ~reversal.exists()]


def payments_as_of(clocks: Clocks) -> list[ColumnElement[bool]]:
    """Return the conditions that select payments of bills dated on or before `as_of`, as known at `known_at`.

    The reversal of a payment is a row with negative amounts.
    """
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
    """Add to loan states the interest bills that have an open amount or a payment in the open period.

    The argument `rows` holds rows of the query `bills_by_payment_day`.
    """
    billed = set()
    for loan_id, start, posted_on, contract, compound, penalty, paid_on, *paid in rows:
        state = states[loan_id]
        billed.add(loan_id)
        if not state.interest_bills or state.interest_bills[-1].period_start != start:
            bill = InterestBill(start, posted_on, contract, compound, penalty)
            bill.unpaid.set(state.billed_to, bill.contract)
            state.interest_bills.append(bill)
        if any(paid):  # All sums are zero for a bill without a payment, or if a payment was reversed on its own day.
            _take_off(state.interest_bills[-1], max(paid_on, state.billed_to), *paid)
    for loan_id in billed:
        state = states[loan_id]
        state.interest_bills = [bill for bill in state.interest_bills if bill.open or len(bill.unpaid) > 1]


def _take_off(bill: InterestBill, on: date, contract: Fen, compound: Fen, penalty: Fen) -> None:
    bill.contract = Fen(bill.contract - contract)
    bill.compound = Fen(bill.compound - compound)
    bill.penalty = Fen(bill.penalty - penalty)
    bill.unpaid.set(on, bill.contract)
