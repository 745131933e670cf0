"""Loans' lives out of the database: locked and loaded with a few queries, however many they are."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select

from ledger import chart
from ledger.calendar import load_calendar
from ledger.database import among
from ledger.errors import RuleViolation
from ledger.money import Fen
from ledger.operations.servicing.save import Held, Lent
from ledger.policy.accrual import Steps, Terms
from ledger.policy.servicing import Life, Line
from ledger.queries import principal, reference
from ledger.queries.contract_rates import loan_rows, rate_steps, scheme_and_uplifts
from ledger.tables.journal import postings
from ledger.tables.loans import Loan, applications, lines
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_PRINCIPAL = chart.LOAN_PRINCIPAL.code
_OVERDUE = chart.OVERDUE_PRINCIPAL.code
_INTEREST = (chart.INTEREST_RECEIVABLE.code, chart.PENALTY_RECEIVABLE.code)


class CalendarMissing(RuleViolation):
    code = "calendar_missing"
    zh = "{found} 年工作日历尚未载入，到期日为 {limit} 的贷款顺延到哪一天未定，不能记账（{rule}）"
    en = "the calendar of {found} is not loaded: a loan due on {limit} is not walked past that day ({rule})"


def hold(unit: Unit, loan_ids: Iterable[int], through: date) -> dict[int, Held]:
    """Lock loans in the order of their ids and load their lives; a loan not disbursed has none.

    `through` is the day they will be walked to: as far must their rates be known, and the calendar where a loan is
    due. Raises CalendarMissing.
    """
    connection = unit.connection
    unit.session.flush()
    ids = sorted(set(loan_ids))
    query = _ROWS.where(among(connection, _LOANS.c.id, ids), _LOANS.c.disbursed_on.is_not(None))
    reading = connection.get_execution_options().get("reading", False)  # then nothing is locked
    rows = connection.execute(query.order_by(_LOANS.c.id) if reading else query.order_by(_LOANS.c.id).with_for_update())
    held = {row.id: Held(_life(unit, row, through), row) for row in map(Lent._make, rows.all())}
    if through <= unit.today and not load_calendar().covers(through.year):
        _check_calendar(unit, held, through)
    _fill_balances(unit, held)
    return held


def _check_calendar(unit: Unit, held: dict[int, Held], through: date) -> None:
    """Nothing is posted on a rolled due date while the calendar that says it is not published (scheme 7)."""
    calendar = reference.work_calendar(unit.session)
    for row in (each.row for each in held.values()):
        rolls = scheme_and_uplifts(unit, row.scheme, row.scheme_version)[0].due_date_roll != "none"
        due = rolls and row.next_step_on is not None and row.due_on <= through
        if due and calendar.is_provisional(day := min(through, row.rolled_on)):
            raise CalendarMissing(rule="7", found=day.year, limit=row.due_on)


_ROWS = loan_rows(Lent._fields)


def _life(unit: Unit, row: Lent, through: date) -> Life:
    scheme, uplifts = scheme_and_uplifts(unit, row.scheme, row.scheme_version)
    terms = Terms(row.disbursed_on, row.rolled_on, rate_steps(unit, scheme, row, through), row.misused_on, uplifts)
    return Life(row.id, row.county, row.bank, terms, row.status, row.billed_to, row.next_step_on)


def _fill_balances(unit: Unit, held: dict[int, Held]) -> None:
    """What is open on each loan, and since when within its open period."""
    connection = unit.connection
    moved, billed, behind = [], [], []
    sums = connection.execute(_SUMS.where(among(connection, postings.c.loan_id, held)))
    for loan_id, current, overdue, credit, written_off, has_moved, is_open, was_open, is_behind in sums.all():
        life = held[loan_id].life
        life.principal, life.overdue, life.credit, life.written_off = current, overdue, credit, written_off
        life.owed.append((life.billed_to, Fen(current + overdue)))
        if has_moved:
            moved.append(loan_id)
        if is_open or was_open:
            billed.append(loan_id)
        if is_behind:
            behind.append(loan_id)
    if moved:
        _fill_principal_steps(unit, held, moved)
    if billed or behind:
        _fill_lines(unit, held, {*billed, *behind}, behind)


def _signed(account: str) -> ColumnElement[int]:
    p = postings.c
    return case((p.debit == account, p.fen), (p.credit == account, -p.fen), else_=0)


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger)


def _sums() -> Select[Any]:
    p = postings.c
    on_principal = p.debit.in_((_PRINCIPAL, _OVERDUE)) | p.credit.in_((_PRINCIPAL, _OVERDUE))
    on_interest = p.debit.in_(_INTEREST) | p.credit.in_(_INTEREST)
    later = p.effective_on > _LOANS.c.billed_to
    before = p.effective_on < _LOANS.c.billed_to
    receivable = _signed(_INTEREST[0]) + _signed(_INTEREST[1])
    taken_back = and_(p.fen < 0, p.credit.in_(_INTEREST))  # payments, perhaps of a closed month, of lines long paid
    return (
        select(
            p.loan_id,
            _sum(_signed(_PRINCIPAL)).label("principal"),
            _sum(_signed(_OVERDUE)).label("overdue"),
            _sum(-_signed(chart.BORROWER_CREDIT.code)).label("credit"),
            _sum(_signed(chart.LOAN_LOSSES.code)).label("written_off"),
            func.max(case((and_(later, on_principal), 1), else_=0)).label("moved"),
            _sum(receivable).label("is_open"),
            func.max(case((and_(later, on_interest), 1), else_=0)).label("was_open"),
            _sum(case((before, receivable), (taken_back, -p.fen), else_=0)).label("behind"),
        )
        .join(_LOANS, _LOANS.c.id == p.loan_id)
        .group_by(p.loan_id)
    )


def _applied_lines() -> Select[Any]:
    ln, a = lines.c, applications.c
    each_day = (ln.loan_id, ln.period_start, ln.version, a.effective_on)
    return (
        select(
            ln.loan_id,
            ln.period_start,
            ln.period_end,
            ln.contract,
            ln.compound,
            ln.penalty,
            a.effective_on,
            _sum(a.contract),
            _sum(a.compound),
            _sum(a.penalty),
        )
        .join(_LOANS, _LOANS.c.id == ln.loan_id)
        .outerjoin(applications, and_(a.loan_id == ln.loan_id, a.period_start == ln.period_start))
        .where(ln.live)
        .group_by(*each_day)
        .order_by(*each_day)
    )


# Put together once: every chunk of loans asks them.
_SUMS, _APPLIED_LINES = _sums(), _applied_lines()


def _fill_principal_steps(unit: Unit, held: dict[int, Held], moved: Sequence[int]) -> None:
    """The days within the open period on which principal moved, walked back from what is open now."""
    for loan_id, of_loan in principal.changes_since_billed(unit.connection, moved).items():
        life = held[loan_id].life
        amount = life.open_principal - sum(fen for _, fen in of_loan)
        life.owed = Steps([(life.billed_to, Fen(amount))])
        for on, fen in of_loan:
            amount += fen
            life.owed.set(on, Fen(amount))


def _fill_lines(unit: Unit, held: dict[int, Held], billed: Iterable[int], behind: Sequence[int]) -> None:
    """Lines still open or paid within the open period, of the loans that have some.

    Lines of older periods are looked for only on loans that were behind.
    """
    ln, connection = lines.c, unit.connection
    recent = ln.period_end >= _LOANS.c.billed_to
    chosen = or_(recent, among(connection, ln.loan_id, behind)) if behind else recent
    query = _APPLIED_LINES.where(among(connection, ln.loan_id, billed), chosen)
    for loan_id, start, posted_on, contract, compound, penalty, paid_on, *paid in connection.execute(query).all():
        life = held[loan_id].life
        if not life.lines or life.lines[-1].period_start != start:
            line = Line(start, posted_on, contract, compound, penalty)
            line.unpaid.set(life.billed_to, line.contract)
            life.lines.append(line)
        if any(paid):  # else never, or taken back the same day
            _paid(life.lines[-1], max(paid_on, life.billed_to), *paid)
    for loan_id in billed:
        life = held[loan_id].life
        life.lines = [line for line in life.lines if line.open or len(line.unpaid) > 1]


def _paid(line: Line, on: date, contract: Fen, compound: Fen, penalty: Fen) -> None:
    line.contract = Fen(line.contract - contract)
    line.compound = Fen(line.compound - compound)
    line.penalty = Fen(line.penalty - penalty)
    line.unpaid.set(on, line.contract)
