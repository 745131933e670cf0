"""The publication of a year's working days (调休), and the stored dates that follow from working days (3.6, 6.6, 7)."""

from datetime import date

from sqlalchemy import select

from ledger.calendar import CalendarDay, WorkCalendar
from ledger.database import among, table_of, update_rows
from ledger.dates import next_settlement
from ledger.operations.registry.reference import add_calendar
from ledger.policy import terms
from ledger.queries import reference
from ledger.tables.claims import Recovery
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_RECOVERIES = table_of(Recovery)


def publish(unit: Unit, year: int, rows: tuple[CalendarDay, ...], source: str) -> WorkCalendar:
    """Store a year's calendar and correct the dates computed without the calendar; raise CalendarRowsRefused."""
    calendar = add_calendar(unit, year, rows, source)
    settle(unit)
    return calendar


def settle(unit: Unit) -> int:
    """Correct the stored dates of loans and recoveries by the published calendars, and return how many dates changed.

    Most dates that depend on working days are computed when they are needed. Two dates are stored: the due date of a
    loan moved to a working day, which the jobs search by, and the last day for remitting a recovery. Calling `settle` a
    second time changes nothing.
    """
    calendar = reference.work_calendar(unit.session)
    return _roll(unit, calendar) + _remit(unit, calendar)


def _roll(unit: Unit, calendar: WorkCalendar) -> int:
    """Correct the moved due dates of loans not yet billed up to the due date; return how many dates changed.

    A loan that is not yet billed to its due date has no event posted on its moved due date.
    """
    c = _LOANS.c
    dates = (c.scheme, c.scheme_version, c.due_on, c.rolled_on)
    open_still = (c.due_on.is_not(None), c.billed_to < c.due_on)
    moved: dict[tuple[str, int, date, date], date] = {}
    for row in unit.connection.execute(select(*dates).where(*open_still).distinct()).all():
        scheme = reference.scheme_of(unit.session, row.scheme, row.scheme_version)
        rolled_on = terms.rolled(row.due_on, calendar, scheme.due_date_roll)
        if rolled_on != row.rolled_on:
            moved[row.scheme, row.scheme_version, row.due_on, row.rolled_on] = rolled_on
    if not moved:
        return 0
    of_those_days = among(unit.connection, c.due_on, {due_on.isoformat() for _, _, due_on, _ in moved})
    query = select(c.id, *dates, c.billed_to, c.next_step_on).where(*open_still, of_those_days)
    changed = []
    for loan in unit.connection.execute(query.order_by(c.id).with_for_update()).all():
        if (day := moved.get((loan.scheme, loan.scheme_version, loan.due_on, loan.rolled_on))) is not None:
            step_on = None if loan.next_step_on is None else min(next_settlement(loan.billed_to), day)
            changed.append((day, step_on, loan.id))
    update_rows(unit.connection, _LOANS, ("rolled_on", "next_step_on"), changed)
    return len(changed)


def _remit(unit: Unit, calendar: WorkCalendar) -> int:
    """Correct the last day for remitting each recovery that is not remitted; return how many changed."""
    r, loan = _RECOVERIES.c, _LOANS.c
    query = (
        select(r.id, r.received_on, r.remit_by, loan.scheme, loan.scheme_version)
        .join(_LOANS, loan.id == r.loan_id)
        .where(r.live, r.remitted_on.is_(None))
        .order_by(r.id)
        .with_for_update(of=_RECOVERIES)
    )
    changed = []
    for row in unit.connection.execute(query).all():
        scheme = reference.scheme_of(unit.session, row.scheme, row.scheme_version)
        remit_by = calendar.add_working_days(row.received_on, scheme.remittance_working_days)
        if remit_by != row.remit_by:
            changed.append((remit_by, row.id))
    update_rows(unit.connection, _RECOVERIES, ("remit_by",), changed)
    return len(changed)
