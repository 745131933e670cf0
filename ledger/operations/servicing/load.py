"""Lock loans and load their current states, with a few queries for any number of loans."""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select

from ledger.calendar import load_calendar
from ledger.database import among, table_of
from ledger.errors import RuleViolation
from ledger.operations.servicing.save import LoadedLoan
from ledger.queries import loan_state, reference
from ledger.queries.contract_rates import scheme_and_uplifts
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)


class CalendarMissing(RuleViolation):
    code = "calendar_missing"
    zh = "{found} 年工作日历尚未载入，到期日为 {limit} 的贷款顺延到哪一天未定，不能记账（{rule}）"
    en = "the calendar of {found} is not loaded: a loan due on {limit} is not walked past that day ({rule})"


def lock(unit: Unit, loan_ids: Iterable[int]) -> None:
    """Lock the rows of loans to the end of the database transaction, in the order of loan ids."""
    chosen = among(unit.connection, _LOANS.c.id, sorted(loan_ids))
    unit.connection.execute(select(_LOANS.c.id).where(chosen).order_by(_LOANS.c.id).with_for_update()).all()


def load(unit: Unit, loan_ids: Iterable[int], through: date) -> dict[int, LoadedLoan]:
    """Lock loans in the order of ids and return their current states; a loan not yet paid out has no state.

    Interest rates are loaded up to the day `through`, so the loan states can be computed up to `through`. The
    working-day calendar of a loan's due date must be published once the loan is due. A read-only connection takes no
    locks. Raise CalendarMissing.
    """
    unit.session.flush()
    reading = unit.connection.get_execution_options().get("reading", False)
    loaded = loan_state.load(unit, loan_ids, through, lock=not reading)
    loans = {loan_id: LoadedLoan(each.row, each.state) for loan_id, each in loaded.items()}
    if through <= unit.today and not load_calendar().covers(through.year):
        _check_calendar(unit, loans, through)
    return loans


def _check_calendar(unit: Unit, loans: Mapping[int, LoadedLoan], through: date) -> None:
    """Raise CalendarMissing where the rolled due date of a due loan needs an unpublished calendar (scheme 7)."""
    calendar = reference.work_calendar(unit.session)
    for row in (loan.row for loan in loans.values()):
        rolls = scheme_and_uplifts(unit, row.scheme, row.scheme_version)[0].due_date_roll != "none"
        due = rolls and row.next_step_on is not None and row.due_on <= through
        if due and calendar.is_provisional(day := min(through, row.rolled_on)):
            raise CalendarMissing(rule="7", found=day.year, limit=row.due_on)
