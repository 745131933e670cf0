"""The one loader of loans' states: as they stand now, or as of a day and as known at a moment.

A few queries, however many loans. The servicing operations lock the loans they load, see
`ledger/operations/servicing/load.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from ledger import chart
from ledger.balances import Clocks, within
from ledger.chart import Account
from ledger.database import among, rate_parts
from ledger.dates import DAY, next_settlement, settlements
from ledger.events import (
    ClaimPaid,
    Event,
    LoanExtended,
    LoanRenewed,
    LoanWrittenOff,
    MisuseFound,
    PrincipalOverdue,
    event_of,
)
from ledger.money import NIL, Fen
from ledger.policy import servicing, terms
from ledger.policy.accrual import Steps, Terms
from ledger.policy.servicing import LoanState
from ledger.queries import interest_bills as bills
from ledger.queries import principal, reference
from ledger.queries.contract_rates import loan_rows, rate_steps, scheme_and_uplifts
from ledger.tables.journal import events, postings
from ledger.tables.loans import Loan, interest_bills
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_INTEREST = (chart.INTEREST_RECEIVABLE, chart.PENALTY_RECEIVABLE)


class StoredLoan(NamedTuple):
    """The columns of a disbursed loan's row that its state is made from; rates are whole 1e-8."""

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


class LoadedState(NamedTuple):
    """A loan's row as stored now, and its state by the clocks asked for."""

    row: StoredLoan
    state: LoanState


def load(
    unit: Unit, loan_ids: Iterable[int], through: date, *, clocks: Clocks | None = None, lock: bool = False
) -> dict[int, LoadedState]:
    """Return the states of loans by loan id, in the order of ids; loans not disbursed have none.

    `through` is the day to which the states will be run: their rates are read as far. Without clocks a state holds
    everything recorded, whatever its day; with them what had happened by the end of `as_of`, as known at `known_at`.
    A state as of a day may be behind: run it to the day to have its calendar's events too. `lock` holds the loans'
    rows to the end of the transaction.
    """
    chosen = among(unit.connection, _LOANS.c.id, sorted(set(loan_ids)))
    query = _ROWS.where(chosen, _LOANS.c.disbursed_on.is_not(None)).order_by(_LOANS.c.id)
    rows = map(StoredLoan._make, unit.connection.execute(query.with_for_update() if lock else query).all())
    if clocks is not None:
        return _load_as_of(unit, {row.id: row for row in rows}, through, clocks)
    found = {row.id: LoadedState(row, _state(unit, row, through)) for row in rows}
    _fill_current(unit, {loan_id: each.state for loan_id, each in found.items()})
    return found


_ROWS = loan_rows(StoredLoan._fields)


def _state(unit: Unit, row: StoredLoan, through: date) -> LoanState:
    """Return the state that a loan's row alone tells: terms, status, and place in the calendar."""
    scheme, uplifts = scheme_and_uplifts(unit, row.scheme, row.scheme_version)
    of_loan = Terms(row.disbursed_on, row.rolled_on, rate_steps(unit, scheme, row, through), row.misused_on, uplifts)
    return LoanState(row.id, row.county, row.bank, of_loan, row.status, row.billed_to, row.next_step_on)


# As loans stand now.


def _fill_current(unit: Unit, states: Mapping[int, LoanState]) -> None:
    """Fill in what is open on each loan, and since when within its open period."""
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
        # Bills of older periods are read only of loans that were behind.
        recent = b.period_end >= _LOANS.c.billed_to
        chosen = or_(recent, among(connection, b.loan_id, behind)) if behind else recent
        query = _BILLS.where(among(connection, b.loan_id, {*billed, *behind}), chosen)
        bills.put_on_states(connection.execute(query).all(), states)


def _fill_principal_steps(unit: Unit, states: Mapping[int, LoanState], moved: Sequence[int]) -> None:
    """Fill in the days of the open period on which principal moved, walked back from what is open now."""
    for loan_id, of_loan in principal.changes_since_billed(unit.connection, moved).items():
        state = states[loan_id]
        amount = state.open_principal - sum(fen for _, fen in of_loan)
        state.owed = Steps([(state.billed_to, Fen(amount))])
        for on, fen in of_loan:
            amount += fen
            state.owed.set(on, Fen(amount))


def _signed(account: Account) -> ColumnElement[int]:
    """Return the expression of what a posting adds to an account on its normal side, in fen."""
    p = postings.c
    sign = 1 if account.side is chart.Side.DEBIT else -1
    return case((p.debit == account.code, sign * p.fen), (p.credit == account.code, -sign * p.fen), else_=0)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)


_BALANCES = tuple(
    _sum(_signed(account))
    for account in (chart.LOAN_PRINCIPAL, chart.OVERDUE_PRINCIPAL, chart.BORROWER_CREDIT, chart.LOAN_LOSSES)
)
"""The balances of a state, in the order of `principal, overdue, credit, written_off`."""


def _sums() -> Select[Any]:
    p = postings.c
    codes = [chart.LOAN_PRINCIPAL.code, chart.OVERDUE_PRINCIPAL.code]
    interest = [account.code for account in _INTEREST]
    on_principal = p.debit.in_(codes) | p.credit.in_(codes)
    on_interest = p.debit.in_(interest) | p.credit.in_(interest)
    later = p.effective_on > _LOANS.c.billed_to
    before = p.effective_on < _LOANS.c.billed_to
    receivable = _signed(_INTEREST[0]) + _signed(_INTEREST[1])
    # Payments that were reversed, perhaps of a closed month: their bills were paid long ago and are open again.
    taken_back = and_(p.fen < 0, p.credit.in_(interest))
    return (
        select(
            p.loan_id,
            *_BALANCES,
            func.max(case((and_(later, on_principal), 1), else_=0)),
            _sum(receivable),
            func.max(case((and_(later, on_interest), 1), else_=0)),
            _sum(case((before, receivable), (taken_back, -p.fen), else_=0)),
        )
        .join(_LOANS, _LOANS.c.id == p.loan_id)
        .group_by(p.loan_id)
    )


# Put together once: every chunk of loans asks them.
_SUMS = _sums()
_BILLS = bills.bills_by_payment_day().join(_LOANS, _LOANS.c.id == interest_bills.c.loan_id).where(interest_bills.c.live)


# As of a day, as known at a moment.


def _load_as_of(unit: Unit, rows: Mapping[int, StoredLoan], through: date, clocks: Clocks) -> dict[int, LoadedState]:
    """Return the states of loans by two clocks; loans that were not disbursed by then are left out."""
    connection = unit.connection
    balances = _balances_by_day(unit, rows, clocks)
    decided = _decisive_events(unit, balances, clocks)
    b = interest_bills.c
    query = bills.bills_by_payment_day(*bills.payments_standing(clocks)).where(
        among(connection, b.loan_id, balances), *bills.bills_standing(clocks)
    )
    billed = connection.execute(query).all()
    last_billed: dict[int, date] = {}
    for loan_id, _, posted_on, *_ in billed:
        last_billed[loan_id] = max(posted_on, last_billed.get(loan_id, posted_on))
    states = {}
    for loan_id in balances:
        row = _row_as_of(unit, rows[loan_id], decided.get(loan_id, ()))
        billed_to = _billed_to(row, last_billed.get(loan_id), clocks)
        state = _state(unit, row._replace(billed_to=billed_to), through)
        _put_balances(state, balances[loan_id])
        states[loan_id] = state
    bills.put_on_states(billed, states)
    for loan_id, state in states.items():
        _put_status(state, decided.get(loan_id, ()), balances[loan_id][-1].fund, clocks.as_of)
    return {loan_id: LoadedState(rows[loan_id], state) for loan_id, state in states.items()}


class _Balances(NamedTuple):
    """What a loan's accounts stood at from a day on; `fund` is what the fund waits for or holds of it. Whole fen."""

    on: date
    principal: Fen
    overdue: Fen
    credit: Fen
    written_off: Fen
    fund: Fen

    @property
    def owed(self) -> Fen:
        return Fen(self.principal + self.overdue)


def _by_day() -> Select[Any]:
    p = postings.c
    each_day = (p.loan_id, p.effective_on)
    fund = _signed(chart.RECOURSE) + _signed(chart.RECOVERIES_TO_REMIT) + _signed(chart.RECOVERY_SUSPENSE)
    return select(*each_day, *_BALANCES, _sum(fund)).group_by(*each_day).order_by(*each_day)


_BY_DAY = _by_day()


def _balances_by_day(unit: Unit, loan_ids: Iterable[int], clocks: Clocks) -> dict[int, list[_Balances]]:
    """Return what each loan's accounts stood at after each day on which something was posted, oldest first."""
    query = _BY_DAY.where(among(unit.connection, postings.c.loan_id, loan_ids), *within(postings.c, clocks))
    found: dict[int, list[_Balances]] = {}
    for loan_id, on, *moved in unit.connection.execute(query).all():
        days = found.setdefault(loan_id, [])
        before = days[-1][1:] if days else (NIL,) * len(moved)
        days.append(_Balances(on, *(Fen(stood + fen) for stood, fen in zip(before, moved, strict=True))))
    return found


def _put_balances(state: LoanState, days: Sequence[_Balances]) -> None:
    """Put the last balances on a state, and what principal stood at on the days of its open period."""
    _, state.principal, state.overdue, state.credit, state.written_off, _ = days[-1]
    for day in days:
        if day.on <= state.billed_to or not state.owed:
            state.owed[:] = [(state.billed_to, day.owed if day.on <= state.billed_to else NIL)]
        if day.on > state.billed_to and day.owed != state.owed[-1][1]:
            state.owed.set(day.on, day.owed)


_DECISIVE = (PrincipalOverdue, LoanExtended, MisuseFound, LoanRenewed, LoanWrittenOff, ClaimPaid)
"""The events that status and terms follow from."""


def _decisive_events(unit: Unit, loan_ids: Iterable[int], clocks: Clocks) -> dict[int, list[Event]]:
    """Return the decisive events of loans that stood by the clocks, by loan id, oldest first."""
    undone, c = aliased(events), events.c
    query = (
        select(c.kind, c.effective_on, c.county, c.bank, c.loan_id, c.payload)
        .outerjoin(undone, and_(undone.c.reverses_id == c.id, *within(undone.c, clocks)))
        .where(
            among(unit.connection, c.loan_id, loan_ids),
            c.kind.in_([kind.__name__ for kind in _DECISIVE]),
            undone.c.id.is_(None),
            *within(c, clocks),
        )
        .order_by(c.loan_id, c.effective_on, c.recorded_at, c.id)
    )
    found: dict[int, list[Event]] = {}
    for kind, on, county, bank, loan_id, payload in unit.connection.execute(query):
        base = {"effective_on": on, "county": county, "bank": bank, "loan": loan_id}
        found.setdefault(loan_id, []).append(event_of(kind, base, payload))
    return found


def _row_as_of(unit: Unit, row: StoredLoan, decided: Sequence[Event]) -> StoredLoan:
    """Return a loan's row with the misuse and the extension that had been decided."""
    misused_on = min((event.effective_on for event in decided if isinstance(event, MisuseFound)), default=None)
    row = row._replace(misused_on=misused_on)
    extended = [event for event in decided if isinstance(event, LoanExtended)]
    if row.extended_on == (extended[-1].effective_on if extended else None):
        return row
    due_on, months, on, rate = row.original_due_on, 0, None, None
    if extended:
        due_on, months, on = extended[-1].due_on, extended[-1].months, extended[-1].effective_on
        rate = rate_parts(Decimal(extended[-1].annual_rate))
    roll = scheme_and_uplifts(unit, row.scheme, row.scheme_version)[0].due_date_roll
    rolled_on = terms.rolled(due_on, reference.work_calendar(unit.session), roll)
    return row._replace(due_on=due_on, rolled_on=rolled_on, extended_months=months, extended_on=on, extended_rate=rate)


def _billed_to(row: StoredLoan, last_billed: date | None, clocks: Clocks) -> date:
    """Return the start of the open period: the last day that was billed, with a bill or with nothing to bill.

    When the loan's calendar was run is not known of the past: as known at a moment, days without a bill count as not
    yet billed. Running the state over them makes no bill.
    """
    since = max(row.disbursed_on, last_billed or row.disbursed_on)
    through = min(clocks.as_of, row.billed_to if clocks.known_at is None else since)
    passed = [day for day in (*settlements(row.disbursed_on, through), row.rolled_on) if day <= through]
    return max([since, *passed])


def _put_status(state: LoanState, decided: Sequence[Event], fund: Fen, as_of: date) -> None:
    """Put status and next step on a state that has its balances and bills."""
    kinds = {type(event) for event in decided}
    ends = {ClaimPaid: "compensated", LoanWrittenOff: "written_off", LoanRenewed: "closed", PrincipalOverdue: "overdue"}
    state.status = next((status for kind, status in ends.items() if kind in kinds), "active")
    on = _run_through(state, as_of)
    servicing.resume(state, on)
    if state.status == "compensated" and not fund and not state.written_off and servicing.is_settled(state, on):
        state.status = "closed"


def _run_through(state: LoanState, as_of: date) -> date:
    """Return the last day through which the calendar has been run: as_of unless the state is behind."""
    rolled_on = state.terms.rolled_on
    due = next_settlement(state.billed_to)
    if state.billed_to < rolled_on:
        due = min(due, rolled_on)
    on = min(as_of, due - DAY)
    if state.principal and on > rolled_on:  # not turned overdue since principal last moved
        return max(rolled_on, state.owed[-1][0])
    return on
