"""Operations that issue notices before a loan's maturity, and cancel notices of ended or extended loans (scheme 7).

The policy module computes from a loan's dates which notices the loan needs. The functions of this module compare the
notices that loans call for with the stored notices; the number of queries does not grow with the number of loans.
Which notices exist does not depend on the day on which a job runs, or on the order in which records are made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, false, func, or_, select, union
from sqlalchemy.orm import Session

from ledger import activity
from ledger.cache import CacheKey
from ledger.catalogue import CATALOGUE, Ends
from ledger.database import among, table_of, update_rows, write_rows
from ledger.ids import new_ids
from ledger.operations.job_runs import EVERYTHING, Scope
from ledger.policy.notices import Called, Dates, Ending, Kept, Timing, called_for, ending, missing, timings
from ledger.queries import reference
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan
from ledger.tables.notices import Notice, NoticeChange, NoticeDelivery
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_NOTICES = table_of(Notice)
_CHANGES = table_of(NoticeChange)
_DELIVERIES = table_of(NoticeDelivery)

OPEN = (LoanStatus.ACTIVE, LoanStatus.OVERDUE)
"""The statuses of loans that call for notices.

Loans in all other statuses are not paid out or are paid off, or the bank does not collect their debt (scheme 6.6).
"""
_RECONCILED = CacheKey[set[int]]("loans whose notices are reconciled before the commit")
_TIMINGS = CacheKey[dict[tuple[str, int], tuple[Timing, ...]]]("notices of each scheme version")

_UNDONE = "undone"  # The cancellation reason of notices whose loan's payout was reversed.

# The events that can end a loan, with the way in which each event ends the loan. Compensation and write-off always end
# a loan. An event of another kind ends a loan only as the last event of a loan with status `closed`.
_ENDS: Mapping[str, Ends] = {kind.__name__: row.ends for kind, row in CATALOGUE.items() if row.ends is not None}
_ALWAYS: Mapping[Ends, Ending] = {Ends.COMPENSATED: "compensated", Ends.WRITTEN_OFF: "written_off"}


def scopes_due(session: Session, on: date) -> dict[Scope, int]:
    """Return how many loans of each bank and county have notices to issue or to cancel on or before the day `on`."""
    due = _due(session, on, EVERYTHING).subquery()
    query = select(_LOANS.c.bank, _LOANS.c.county, func.count()).join(due, due.c.id == _LOANS.c.id)
    rows = session.connection().execute(query.group_by(_LOANS.c.bank, _LOANS.c.county))
    return {Scope(bank, county): count for bank, county, count in rows}


def loans_due(session: Session, scope: Scope, on: date, after: int, limit: int) -> Sequence[int]:
    """Return the ids above `after` of the loans of one bank and county that `scopes_due` counts, smallest first."""
    due = _due(session, on, scope).subquery()
    query = select(due.c.id).where(due.c.id > after).order_by(due.c.id).limit(limit)
    return session.connection().execute(query).scalars().all()


def _due(session: Session, on: date, scope: Scope) -> CompoundSelect[int]:
    """Return a query for the open loans that lack a notice due on a day, and for the loans with a notice to cancel."""
    loan, n = _LOANS.c, _NOTICES.c
    within = [column == part for column, part in ((loan.bank, scope.bank), (loan.county, scope.county)) if part]
    known = [loan.disbursed_on <= on, or_(loan.extended_on.is_(None), loan.extended_on <= on)]
    missing = select(loan.id).where(*within, loan.status.in_(OPEN), *known, _is_called(session, on))
    delivered = exists().where(_DELIVERIES.c.notice_id == n.id, _DELIVERIES.c.live)
    obsolete = or_(loan.status.not_in(OPEN), loan.due_on.is_(None), loan.due_on != n.due_on)
    of_scope = [n[name] == part for name, part in (("bank", scope.bank), ("county", scope.county)) if part]
    to_cancel = (
        select(loan.id)
        .join(_NOTICES, n.loan_id == loan.id)
        .where(*of_scope, n.cancelled_on.is_(None), ~delivered, obsolete)
    )
    return union(missing, to_cancel)


def _is_called(session: Session, on: date) -> ColumnElement[bool]:
    """Return the SQL condition that a loan needs a notice on a day and the notice is not stored yet.

    A loan needs a notice once the number of days left to its due date is at most the number set in the loan's scheme.
    """
    loan, n = _LOANS.c, _NOTICES.c
    schemes = session.connection().execute(select(loan.scheme, loan.scheme_version).distinct())
    conditions = []
    for code, version in schemes.all():
        for timing in timings(reference.scheme_of(session, code, version)):
            stored = exists().where(
                n.loan_id == loan.id, n.due_on == loan.due_on, n.kind == timing.kind, n.cancelled_on.is_(None)
            )
            of_scheme = and_(loan.scheme == code, loan.scheme_version == version)
            conditions.append(and_(of_scheme, loan.due_on <= on + timedelta(days=timing.ahead_days), ~stored))
    return or_(false(), *conditions)


class _Step(NamedTuple):
    """A step that changes a notice: the kind of step, the day of the step, and the reason."""

    notice: int
    step: str
    on: date
    reason: str


def reconcile(unit: Unit, loan_ids: Iterable[int], through: date | None) -> int:
    """Issue the notices that loans call for up to a day, and cancel the notices that loans no longer call for.

    Return the number of notices changed. If `through` is None, notices are issued only for ended loans, with the status
    cancelled. The loans are locked before their notices are compared with the stored notices. A delivered notice is
    never changed.
    """
    unit.session.flush()
    loans = _calling_loans(unit, sorted(set(loan_ids)))
    stored = _stored(unit, [loan.row.id for loan in loans])
    made: list[_NewNotice] = []
    steps: list[_Step] = []
    for loan in loans:
        rows = stored.get(loan.row.id, {})
        called = {(each.due_on, each.kind): each for each in loan.called}
        made += [_new(unit, loan.row, notice) for notice in missing(loan.called, rows, through)]
        for key, row in rows.items():
            steps += _steps(row, called.get(key), loan.cancel_reason)
    _write(unit, made, steps)
    return len(made) + len(steps)


def reconcile_before_commit(unit: Unit, loan_ids: Iterable[int]) -> None:
    """Reconcile the notices of the given loans at the end of the transaction.

    Callers call this function for loans that ended, were reopened, or got a different due date. Notices of an ended
    loan are cancelled, or issued with the status cancelled where the daily job has not issued the notices yet. Only the
    daily job issues open notices.
    """
    if not (ids := set(loan_ids)):
        return
    unit.cache.get(_RECONCILED, set).update(ids)
    unit.before_commit(_reconcile_kept)


def _reconcile_kept(unit: Unit) -> None:
    loan_ids = unit.cache.pop(_RECONCILED)
    reconcile(unit, loan_ids or (), None)


class _DatedLoan(NamedTuple):
    """The columns of a loan that determine its notices, with the due dates as written in the contract."""

    id: int
    bank: str
    county: str
    scheme: str
    scheme_version: int
    status: str
    disbursed_on: date
    original_due_on: date
    due_on: date | None
    extended_on: date | None


class _NewNotice(NamedTuple):
    """The values of a notice to be inserted, in the order of the table's columns, without the id."""

    loan_id: int
    due_on: date
    kind: str
    bank: str
    county: str
    created_on: date
    deliver_by: date
    made_on: date
    made_by: str
    recorded_at: int
    cancelled_on: date | None
    cancel_reason: str | None


class _CallingLoan(NamedTuple):
    """A loan's row, the notices that the loan calls for, and the reason for cancelling the loan's other notices."""

    row: _DatedLoan
    called: tuple[Called, ...]
    cancel_reason: str


def _calling_loans(unit: Unit, loan_ids: Sequence[int]) -> list[_CallingLoan]:
    """Lock the loans with these ids, and return each loan with the notices that its dates call for."""
    c = _LOANS.c
    query = select(*(c[name] for name in _DatedLoan._fields))
    query = query.where(among(unit.connection, c.id, loan_ids)).order_by(c.id).with_for_update()
    rows = [_DatedLoan(*row) for row in unit.connection.execute(query)]
    ended = _ended(unit, [row.id for row in rows if row.due_on is not None and row.status not in OPEN])
    loans = []
    for row in rows:
        ended_on, ended_as = ended.get(row.id, (None, None))
        called: tuple[Called, ...] = ()
        if row.due_on is not None:
            dates = Dates(row.disbursed_on, row.original_due_on, row.due_on, row.extended_on, ended_on, ended_as)
            called = called_for(dates, _timings(unit, row.scheme, row.scheme_version))
        cancel_reason = ended_as or ("extended" if row.extended_on is not None else _UNDONE)
        loans.append(_CallingLoan(row, called, cancel_reason))
    return loans


def _timings(unit: Unit, code: str, version: int) -> tuple[Timing, ...]:
    known = unit.cache.get(_TIMINGS, dict)
    if (code, version) not in known:
        known[code, version] = timings(reference.scheme_of(unit.session, code, version))
    return known[code, version]


def _ended(unit: Unit, loan_ids: Sequence[int]) -> dict[int, tuple[date, Ending]]:
    """Return for each ended loan the day of its end and how the loan ended: compensated, written off, or closed.

    A compensated or written-off loan ended on the day of its first compensation or write-off, a closed loan on the day
    of its last event.
    """
    days = activity.event_days(unit.connection, loan_ids, list(_ENDS))
    ended: dict[int, tuple[date, Ending]] = {}
    for loan_id, rows in groupby(days, key=lambda row: row.loan_id):
        of_loan = [(kind, first, last) for _, kind, first, last in rows]
        ends = [(first, _ALWAYS[to]) for kind, first, _ in of_loan if (to := _ENDS[kind]) in _ALWAYS]
        closed: list[tuple[date, Ending]] = [(max(last for _, _, last in of_loan), "closed")]
        ended[loan_id] = min(ends or closed)
    return ended


class _StoredNotice(NamedTuple):
    id: int
    kept: Kept


def _stored(unit: Unit, loan_ids: Sequence[int]) -> dict[int, dict[tuple[date, str], _StoredNotice]]:
    n, d = _NOTICES.c, _DELIVERIES.c
    query = (
        select(n.loan_id, n.due_on, n.kind, n.id, n.created_on, n.cancelled_on, n.cancel_reason, d.id)
        .outerjoin(_DELIVERIES, and_(d.notice_id == n.id, d.live))
        .where(among(unit.connection, n.loan_id, loan_ids))
        .order_by(n.loan_id, n.due_on, n.kind)
    )
    notices: dict[int, dict[tuple[date, str], _StoredNotice]] = {}
    for loan_id, due_on, kind, notice, created_on, cancelled_on, reason, delivery in unit.connection.execute(query):
        kept = Kept(created_on, cancelled_on, reason, delivery is not None)
        notices.setdefault(loan_id, {})[due_on, kind] = _StoredNotice(notice, kept)
    return notices


def _new(unit: Unit, loan: _DatedLoan, called: Called) -> _NewNotice:
    return _NewNotice(
        loan.id,
        called.due_on,
        called.kind,
        loan.bank,
        loan.county,
        called.created_on,
        called.deliver_by,
        unit.today,
        unit.user,
        unit.recorded_at,
        called.cancelled_on,
        called.reason,
    )


def _steps(row: _StoredNotice, called: Called | None, cancel_reason: str) -> Iterator[_Step]:
    """Return the changes that make a loan's stored notices agree with the loan: cancel, revive, or none."""
    kept, (on, reason) = row.kept, ending(row.kept, called, cancel_reason)
    if on is not None and (on, reason) != (kept.cancelled_on, kept.reason):
        yield _Step(row.id, "cancelled", on, reason or "")
    elif on is None and kept.cancelled_on is not None:
        yield _Step(row.id, "revived", kept.cancelled_on, "")


def _write(unit: Unit, made: Sequence[_NewNotice], steps: Sequence[_Step]) -> None:
    rows = [(notice_id, *row) for notice_id, row in zip(new_ids(len(made)), made, strict=True)]
    changes = [
        (change_id, each.notice, each.step, each.on, unit.user, each.reason, unit.recorded_at)
        for change_id, each in zip(new_ids(len(steps)), steps, strict=True)
    ]
    write_rows(unit.connection, {_NOTICES: rows, _CHANGES: changes})
    update_rows(
        unit.connection,
        _NOTICES,
        ("cancelled_on", "cancel_reason"),
        [
            (each.on, each.reason, each.notice) if each.step == "cancelled" else (None, None, each.notice)
            for each in steps
        ],
    )
