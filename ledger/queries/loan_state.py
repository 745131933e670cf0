"""Load the states of loans, either with every recorded event, or as of a day and as known at a moment.

The number of database queries does not grow with the number of loans. To load loan states with locks, see
`ledger/operations/servicing/load.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select

from ledger import chart
from ledger.balances import Clocks
from ledger.database import among, table_of
from ledger.money import Fen
from ledger.policy.accrual import Steps
from ledger.policy.servicing import LoanState
from ledger.queries import interest_bills as bills
from ledger.queries import principal
from ledger.queries.past_state import load_as_of
from ledger.queries.state_parts import BALANCES, LoadedState, empty_states, signed, stored_loans, summed
from ledger.tables.journal import postings
from ledger.tables.loans import Loan, interest_bills
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_INTEREST = (chart.INTEREST_RECEIVABLE, chart.PENALTY_RECEIVABLE)


def load(
    unit: Unit, loan_ids: Iterable[int], through: date, *, clocks: Clocks | None = None, lock: bool = False
) -> dict[int, LoadedState]:
    """Return the states of loans by loan id, in the order of ids; a loan not yet paid out has no state.

    `through` is the last day to which the states can be advanced, because interest rates are loaded only up to
    `through`. Without `as_of` and `known_at`, a state includes every recorded event, whatever the day of the event.
    With `as_of` and `known_at`, a state includes the events dated on or before `as_of` and recorded at or before
    `known_at`. A state as of a day may lack interest bills not yet posted on that day; advancing the state to the day
    adds these bills. With `lock`, the loans' rows are locked until the end of the database transaction.
    """
    rows = stored_loans(unit, loan_ids, lock=lock)
    if clocks is not None:
        return load_as_of(unit, {row.id: row for row in rows}, through, clocks)
    states = empty_states(unit, rows, through)
    _fill_current(unit, states)
    return {row.id: LoadedState(row, states[row.id]) for row in rows}


def _fill_current(unit: Unit, states: Mapping[int, LoanState]) -> None:
    """Fill in the current open amounts of each loan, and their changes within the open period."""
    connection = unit.connection
    moved, billed, behind = [], [], []
    sums = connection.execute(_SUMS.where(among(connection, postings.c.loan_id, states)))
    for loan_id, current, overdue, credit, written_off, has_moved, is_open, was_open, is_behind in sums.all():
        state = states[loan_id]
        state.principal, state.overdue, state.credit, state.written_off = current, overdue, credit, written_off
        state.owed.append((state.billed_to, Fen(current + overdue)))
        if has_moved:
            moved.append(loan_id)
        if is_open or was_open:
            billed.append(loan_id)
        if is_behind:
            behind.append(loan_id)
    if moved:
        _fill_principal_steps(unit, states, moved)
    if billed or behind:
        b = interest_bills.c
        # Interest bills before the open period are read only for loans that had open interest at its start.
        recent = b.period_end >= _LOANS.c.billed_to
        chosen = or_(recent, among(connection, b.loan_id, behind)) if behind else recent
        query = _BILLS.where(among(connection, b.loan_id, {*billed, *behind}), chosen)
        bills.put_on_states(connection.execute(query).all(), states)


def _fill_principal_steps(unit: Unit, states: Mapping[int, LoanState], moved: Sequence[int]) -> None:
    """Fill in the principal on each day of the open period, computed backwards from the present principal."""
    for loan_id, of_loan in principal.changes_since_billed(unit.connection, moved).items():
        state = states[loan_id]
        amount = state.open_principal - sum(fen for _, fen in of_loan)
        state.owed = Steps([(state.billed_to, Fen(amount))])
        for on, fen in of_loan:
            amount += fen
            state.owed.set(on, Fen(amount))


def _sums() -> Select[Any]:
    p = postings.c
    codes = [chart.LOAN_PRINCIPAL.code, chart.OVERDUE_PRINCIPAL.code]
    interest = [account.code for account in _INTEREST]
    on_principal = p.debit.in_(codes) | p.credit.in_(codes)
    on_interest = p.debit.in_(interest) | p.credit.in_(interest)
    later = p.effective_on > _LOANS.c.billed_to
    before = p.effective_on < _LOANS.c.billed_to
    receivable = signed(_INTEREST[0]) + signed(_INTEREST[1])
    # The reversal of a payment, perhaps in a closed month, can reopen an interest bill that was paid long before.
    taken_back = and_(p.fen < 0, p.credit.in_(interest))
    return (
        select(
            p.loan_id,
            *(summed(signed(account)) for account in BALANCES),
            func.max(case((and_(later, on_principal), 1), else_=0)),
            summed(receivable),
            func.max(case((and_(later, on_interest), 1), else_=0)),
            summed(case((before, receivable), (taken_back, -p.fen), else_=0)),
        )
        .join(_LOANS, _LOANS.c.id == p.loan_id)
        .group_by(p.loan_id)
    )


# The query objects are built once, because they are executed for every chunk of loans.
_SUMS = _sums()
_BILLS = bills.bills_by_payment_day().join(_LOANS, _LOANS.c.id == interest_bills.c.loan_id).where(interest_bills.c.live)
