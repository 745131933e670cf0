"""Load the states of loans as of a day and as known at a moment, from postings, interest bills and decisions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from ledger import chart
from ledger.balances import Clocks, within
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
from ledger.policy.servicing import LoanState
from ledger.queries import interest_bills as bills
from ledger.queries import reference
from ledger.queries.contract_rates import scheme_and_uplifts
from ledger.queries.state_parts import BALANCES, LoadedState, StoredLoan, empty_states, signed, summed
from ledger.tables.journal import events, postings
from ledger.tables.loans import interest_bills
from ledger.unit_of_work import Unit


def load_as_of(unit: Unit, rows: Mapping[int, StoredLoan], through: date, clocks: Clocks) -> dict[int, LoadedState]:
    """Return the states of loans as of a day and as known at a moment; skip loans not yet paid out."""
    connection = unit.connection
    balances = _balances_by_day(unit, rows, clocks)
    decided = _decisive_events(unit, balances, clocks)
    b = interest_bills.c
    query = bills.bills_by_payment_day(*bills.payments_as_of(clocks)).where(
        among(connection, b.loan_id, balances), *bills.bills_as_of(clocks)
    )
    billed = connection.execute(query).all()
    billed_days, paid_days = _last_days(billed)
    as_of = []
    for loan_id, days in balances.items():
        row = _row_as_of(unit, rows[loan_id], decided.get(loan_id, ()))
        since = max(row.disbursed_on, billed_days.get(loan_id, row.disbursed_on))
        moved_on = max(_last_moved(days), paid_days.get(loan_id, since))
        as_of.append(row._replace(billed_to=_billed_to(row, since, moved_on, clocks)))
    states = empty_states(unit, as_of, through)
    for loan_id, days in balances.items():
        _put_balances(states[loan_id], days)
    bills.put_on_states(billed, states)
    for loan_id, state in states.items():
        _put_status(state, decided.get(loan_id, ()), balances[loan_id][-1].fund, clocks.as_of)
    return {loan_id: LoadedState(rows[loan_id], state) for loan_id, state in states.items()}


class _Balances(NamedTuple):
    """The balances of a loan's accounts, in whole fen, valid from the day `on` until the next change.

    `fund` is the sum of the loan's recourse, recoveries to be remitted and suspense.
    """

    on: date
    principal: Fen
    overdue: Fen
    credit: Fen
    written_off: Fen
    fund: Fen

    @property
    def owed(self) -> Fen:
        return Fen(self.principal + self.overdue)


_FUND = (chart.RECOURSE, chart.RECOVERIES_TO_REMIT, chart.RECOVERY_SUSPENSE)
"""The accounts of money that the fund is to receive on a loan, or holds in suspense for a loan."""


def _by_day() -> Select[Any]:
    p = postings.c
    each_day = (p.loan_id, p.effective_on)
    balances = [summed(signed(account)) for account in BALANCES]
    fund = summed(signed(_FUND[0]) + signed(_FUND[1]) + signed(_FUND[2]))
    codes = [account.code for account in (*BALANCES, *_FUND)]
    moving = p.debit.in_(codes) | p.credit.in_(codes)
    return select(*each_day, *balances, fund).where(moving).group_by(*each_day).order_by(*each_day)


_BY_DAY = _by_day()


def _balances_by_day(unit: Unit, loan_ids: Iterable[int], clocks: Clocks) -> dict[int, list[_Balances]]:
    """Return each loan's account balances after each day on which a balance changed, oldest first."""
    query = _BY_DAY.where(among(unit.connection, postings.c.loan_id, loan_ids), *within(postings.c, clocks))
    by_loan: dict[int, list[_Balances]] = {}
    for loan_id, on, *moved in unit.connection.execute(query).all():
        days = by_loan.setdefault(loan_id, [])
        before = days[-1][1:] if days else (NIL,) * len(moved)
        days.append(_Balances(on, *(Fen(balance + fen) for balance, fen in zip(before, moved, strict=True))))
    return by_loan


def _put_balances(state: LoanState, days: Sequence[_Balances]) -> None:
    """Set a state's final balances, and the principal on each day of the state's open period."""
    _, state.principal, state.overdue, state.credit, state.written_off, _ = days[-1]
    for day in days:
        if day.on <= state.billed_to or not state.owed:
            state.owed[:] = [(state.billed_to, day.owed if day.on <= state.billed_to else NIL)]
        if day.on > state.billed_to and day.owed != state.owed[-1][1]:
            state.owed.set(day.on, day.owed)


_DECISIVE = (PrincipalOverdue, LoanExtended, MisuseFound, LoanRenewed, LoanWrittenOff, ClaimPaid)
"""The kinds of events that set a loan's status and terms."""


def _decisive_events(unit: Unit, loan_ids: Iterable[int], clocks: Clocks) -> dict[int, list[Event]]:
    """Return by loan id, oldest first, the events that set status and terms and count as of the requested day."""
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
    by_loan: dict[int, list[Event]] = {}
    for kind, on, county, bank, loan_id, payload in unit.connection.execute(query):
        base = {"effective_on": on, "county": county, "bank": bank, "loan": loan_id}
        by_loan.setdefault(loan_id, []).append(event_of(kind, base, payload))
    return by_loan


def _row_as_of(unit: Unit, row: StoredLoan, decided: Sequence[Event]) -> StoredLoan:
    """Return a loan's row with the misuse and the extension decided as of the requested day and moment."""
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


def _last_days(billed: Iterable[Sequence[Any]]) -> tuple[dict[int, date], dict[int, date]]:
    """Return for each loan the day of its last interest bill and the day of its last interest payment."""
    billed_days: dict[int, date] = {}
    paid_days: dict[int, date] = {}
    for loan_id, _, posted_on, _, _, _, paid_on, *_ in billed:
        billed_days[loan_id] = max(posted_on, billed_days.get(loan_id, posted_on))
        if paid_on is not None:
            paid_days[loan_id] = max(paid_on, paid_days.get(loan_id, paid_on))
    return billed_days, paid_days


def _last_moved(days: Sequence[_Balances]) -> date:
    """Return the last day on which the principal, the credit or the loss of a loan changed."""
    moved = (day.on for before, day in pairwise(days) if before[1:5] != day[1:5])
    return max(moved, default=days[0].on)


def _billed_to(row: StoredLoan, since: date, moved_on: date, clocks: Clocks) -> date:
    """Return the first day of the open period, which is the most recent settlement day.

    For past moments, the day to which the job had advanced a loan is not stored. With `known_at`, a loan counts as
    advanced to the last day on which its balance changed. Later settlement days without a bill count as unbilled,
    although advancing the loan past them makes no bill.
    """
    if clocks.known_at is None and row.billed_to <= clocks.as_of:
        return row.billed_to
    through = clocks.as_of if clocks.known_at is None else moved_on
    return max([since, *(day for day in (*settlements(since, through), row.rolled_on) if day <= through)])


def _put_status(state: LoanState, decided: Sequence[Event], fund: Fen, as_of: date) -> None:
    """Set the status and the next step of a state whose balances and interest bills are set."""
    kinds = {type(event) for event in decided}
    ends = {ClaimPaid: "compensated", LoanWrittenOff: "written_off", LoanRenewed: "closed", PrincipalOverdue: "overdue"}
    state.status = next((status for kind, status in ends.items() if kind in kinds), "active")
    on = _run_through(state, as_of)
    servicing.resume(state, on)
    if state.status == "compensated" and not fund and not state.written_off and servicing.is_settled(state, on):
        state.status = "closed"


def _run_through(state: LoanState, as_of: date) -> date:
    """Return the last day up to which a loan's calendar was processed: `as_of`, or earlier if the job was late."""
    rolled_on = state.terms.rolled_on
    due = next_settlement(state.billed_to)
    if state.billed_to < rolled_on:
        due = min(due, rolled_on)
    on = min(as_of, due - DAY)
    if state.principal and on > rolled_on:  # The transition to overdue is not posted yet.
        return max(rolled_on, state.owed[-1][0])
    return on
