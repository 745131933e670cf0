"""Notices in step with their loans: made by range and uniqueness, cancelled when a loan ends or is extended (scheme 7).

What a loan's dates call for is policy's to say; here it is compared with what is there, for any number of loans with
a handful of queries. Neither the day of a run nor the order of records changes which notices there are.
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
"""A loan in any other status owes nothing its bank gives notice of: paid, or another's to recover (scheme 6.6)."""

_UNDONE = "undone"  # the payout was taken back
_FOLLOWING = CacheKey[set[int]]("loans whose notices follow before the commit")
_TIMINGS = CacheKey[dict[tuple[str, int], tuple[Timing, ...]]]("notices of each scheme version")

# The events that can end a loan, by what they end. The last event of a closed loan closed it; compensation and
# write-off end a loan by themselves.
_ENDS: Mapping[str, Ends] = {kind.__name__: row.ends for kind, row in CATALOGUE.items() if row.ends is not None}
_BY_THEMSELVES: Mapping[Ends, Ending] = {Ends.COMPENSATED: "compensated", Ends.WRITTEN_OFF: "written_off"}


def scopes_due(session: Session, on: date) -> dict[Scope, int]:
    """How many loans of each bank and county have notices out of step by the end of a day."""
    found = _due(session, on, EVERYTHING).subquery()
    query = select(_LOANS.c.bank, _LOANS.c.county, func.count()).join(found, found.c.id == _LOANS.c.id)
    rows = session.connection().execute(query.group_by(_LOANS.c.bank, _LOANS.c.county))
    return {Scope(bank, county): count for bank, county, count in rows}


def loans_due(session: Session, scope: Scope, on: date, after: int, limit: int) -> Sequence[int]:
    """Ids above `after` of one bank's loans in one county, as `scopes_due` counts them, smallest first."""
    found = _due(session, on, scope).subquery()
    query = select(found.c.id).where(found.c.id > after).order_by(found.c.id).limit(limit)
    return session.connection().execute(query).scalars().all()


def _due(session: Session, on: date, scope: Scope) -> CompoundSelect[int]:
    """Open loans so near their due date without their notice, and those with one that nothing calls for any more."""
    loan, n = _LOANS.c, _NOTICES.c
    within = [column == part for column, part in ((loan.bank, scope.bank), (loan.county, scope.county)) if part]
    known = [loan.disbursed_on <= on, or_(loan.extended_on.is_(None), loan.extended_on <= on)]
    missing = select(loan.id).where(*within, loan.status.in_(OPEN), *known, _is_called(session, on))
    delivered = exists().where(_DELIVERIES.c.notice_id == n.id, _DELIVERIES.c.live)
    gone = or_(loan.status.not_in(OPEN), loan.due_on.is_(None), loan.due_on != n.due_on)
    kept = [n[name] == part for name, part in (("bank", scope.bank), ("county", scope.county)) if part]
    stray = (
        select(loan.id).join(_NOTICES, n.loan_id == loan.id).where(*kept, n.cancelled_on.is_(None), ~delivered, gone)
    )
    return union(missing, stray)


def _is_called(session: Session, on: date) -> ColumnElement[bool]:
    """A due date so near, by the loan's own scheme, and no notice of it."""
    loan, n = _LOANS.c, _NOTICES.c
    lent = session.connection().execute(select(loan.scheme, loan.scheme_version).distinct())
    found = []
    for code, version in lent.all():
        for timing in timings(reference.scheme_of(session, code, version)):
            there = exists().where(
                n.loan_id == loan.id, n.due_on == loan.due_on, n.kind == timing.kind, n.cancelled_on.is_(None)
            )
            of_scheme = and_(loan.scheme == code, loan.scheme_version == version)
            found.append(and_(of_scheme, loan.due_on <= on + timedelta(days=timing.ahead_days), ~there))
    return or_(false(), *found)


class _Step(NamedTuple):
    """A notice changed: what was done to it, on which day, why."""

    notice: int
    step: str
    on: date
    reason: str


def bring_in_step(unit: Unit, loan_ids: Iterable[int], through: date | None) -> int:
    """Make what these loans' dates call for through a day, cancel what they no longer do; answers how many changed.

    No day: only those are made that came to their end since. The loans are locked first. A delivered notice stays
    what it is.
    """
    unit.session.flush()
    loans = _facts(unit, sorted(set(loan_ids)))
    there = _there(unit, [loan.row.id for loan in loans])
    made: list[_NewNotice] = []
    steps: list[_Step] = []
    for loan in loans:
        rows = there.get(loan.row.id, {})
        called = {(each.due_on, each.kind): each for each in loan.called}
        made += [_new(unit, loan.row, notice) for notice in missing(loan.called, rows, through)]
        for key, row in rows.items():
            steps += _steps(row, called.get(key), loan.gone_as)
    _write(unit, made, steps)
    return len(made) + len(steps)


def follow(unit: Unit, loan_ids: Iterable[int]) -> None:
    """These loans ended, were opened again, or got another due date: before the transaction ends their notices follow.

    What ended is brought to its end at once, notices included that nobody had made yet; new ones are the job's.
    """
    if not (ids := set(loan_ids)):
        return
    unit.cache.get(_FOLLOWING, set).update(ids)
    unit.before_commit(_follow)


def _follow(unit: Unit) -> None:
    loan_ids = unit.cache.pop(_FOLLOWING)
    bring_in_step(unit, loan_ids or (), None)


class _DatedLoan(NamedTuple):
    """The columns of a loan that its notices depend on; the due dates are those of the contract."""

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
    """A notice to be inserted: the columns of its table, in their order, after the id."""

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


class _Facts(NamedTuple):
    """A loan, the notices that its dates call for, and the reason by which any other notice is cancelled."""

    row: _DatedLoan
    called: tuple[Called, ...]
    gone_as: str


def _facts(unit: Unit, loan_ids: Sequence[int]) -> list[_Facts]:
    """What the dates of these loans call for, the loans locked."""
    c = _LOANS.c
    query = select(*(c[name] for name in _DatedLoan._fields))
    query = query.where(among(unit.connection, c.id, loan_ids)).order_by(c.id).with_for_update()
    rows = [_DatedLoan(*row) for row in unit.connection.execute(query)]
    ended = _ended(unit, [row.id for row in rows if row.due_on is not None and row.status not in OPEN])
    found = []
    for row in rows:
        ended_on, ended_as = ended.get(row.id, (None, None))
        called: tuple[Called, ...] = ()
        if row.due_on is not None:
            dates = Dates(row.disbursed_on, row.original_due_on, row.due_on, row.extended_on, ended_on, ended_as)
            called = called_for(dates, _timings(unit, row.scheme, row.scheme_version))
        gone_as = ended_as or ("extended" if row.extended_on is not None else _UNDONE)
        found.append(_Facts(row, called, gone_as))
    return found


def _timings(unit: Unit, code: str, version: int) -> tuple[Timing, ...]:
    known = unit.cache.get(_TIMINGS, dict)
    if (code, version) not in known:
        known[code, version] = timings(reference.scheme_of(unit.session, code, version))
    return known[code, version]


def _ended(unit: Unit, loan_ids: Sequence[int]) -> dict[int, tuple[date, Ending]]:
    """When and how loans ended: compensated or written off for the first time, else closed by what came last."""
    days = activity.event_days(unit.connection, loan_ids, list(_ENDS))
    found: dict[int, tuple[date, Ending]] = {}
    for loan_id, rows in groupby(days, key=lambda row: row.loan_id):
        of_loan = [(kind, first, last) for _, kind, first, last in rows]
        ends = [(first, _BY_THEMSELVES[to]) for kind, first, _ in of_loan if (to := _ENDS[kind]) in _BY_THEMSELVES]
        closed: list[tuple[date, Ending]] = [(max(last for _, _, last in of_loan), "closed")]
        found[loan_id] = min(ends or closed)
    return found


class _There(NamedTuple):
    id: int
    kept: Kept


def _there(unit: Unit, loan_ids: Sequence[int]) -> dict[int, dict[tuple[date, str], _There]]:
    n, d = _NOTICES.c, _DELIVERIES.c
    query = (
        select(n.loan_id, n.due_on, n.kind, n.id, n.created_on, n.cancelled_on, n.cancel_reason, d.id)
        .outerjoin(_DELIVERIES, and_(d.notice_id == n.id, d.live))
        .where(among(unit.connection, n.loan_id, loan_ids))
        .order_by(n.loan_id, n.due_on, n.kind)
    )
    found: dict[int, dict[tuple[date, str], _There]] = {}
    for loan_id, due_on, kind, notice, created_on, cancelled_on, reason, delivery in unit.connection.execute(query):
        kept = Kept(created_on, cancelled_on, reason, delivery is not None)
        found.setdefault(loan_id, {})[due_on, kind] = _There(notice, kept)
    return found


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


def _steps(row: _There, called: Called | None, gone_as: str) -> Iterator[_Step]:
    """What is to be done to a notice that is there, if anything."""
    kept, (on, reason) = row.kept, ending(row.kept, called, gone_as)
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
