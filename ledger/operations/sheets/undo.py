"""Operations that reverse in red a sheet's booked rows and their loans' bills and status changes (退回整批导入)."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, update

from ledger.catalogue import by_calendar
from ledger.database import among, table_of, update_rows, write_rows
from ledger.errors import RuleViolation
from ledger.events import Event, LoanDisbursed
from ledger.ids import new_ids
from ledger.operations.notices import issue
from ledger.operations.servicing import backdating, load, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.sheets.loan_booking import StoredStatusChange
from ledger.statuses import LoanStatus, RequestStatus
from ledger.tables.loans import Approval, Loan, Repayment, StatusChange
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_REPAYMENTS = table_of(Repayment)
_CHANGES = table_of(StatusChange)
_TOGETHER = 5000
"""The largest number of loans that are read and reversed together."""


class RestsOnImport(RuleViolation):
    code = "rests_on_it"
    zh = "合同 {contract_no} 在导入之后已有业务（{event}，{found}），不能退回本次导入；请先冲销其后的业务"
    en = "{event} of {found} rests on contract {contract_no} of the sheet; reverse what came after it first"


def undo_loans(unit: Unit, import_id: int, reason: ReversalReason) -> None:
    """Reverse the interest bills, status changes and disbursements of a sheet's loans, and set the loans to returned.

    A returned loan may be amended and submitted by people, or booked by a corrected sheet. Raise RestsOnImport while a
    record that a person made on one of the loans is not reversed.
    """
    c = _LOANS.c
    ids = (
        unit.connection.execute(
            select(c.id).where(c.import_id == import_id, c.disbursed_on.is_not(None)).order_by(c.id)
        )
        .scalars()
        .all()
    )
    load.lock(unit, ids)
    for some in _slices(ids):
        _refuse_requested(unit, some)
        posted = backdating.unreversed(unit, some)
        for recorded in posted:
            event = recorded.event
            if not _follows(event):
                _refuse(unit, event.loan, type(event).__name__, event.effective_on)
        backdating.undo(unit, posted, reason)
        _return(unit, some, reason)


def undo_repayments(unit: Unit, import_id: int, reason: ReversalReason) -> None:
    """Reverse the repayments of a sheet, and compute again the later days of each loan without the repayments.

    Raise RestsOnLater where a later record depends on a repayment, CreditOverdrawn where credit from a repayment of the
    sheet has been used.
    """
    c = _REPAYMENTS.c
    rows = unit.connection.execute(
        select(c.id, c.loan_id, c.event_id).where(c.import_id == import_id, c.live.is_(True)).order_by(c.loan_id)
    ).all()
    load.lock(unit, {row.loan_id for row in rows})
    of_loan: dict[int, list[int]] = {}
    for row in rows:
        of_loan.setdefault(row.loan_id, []).append(row.event_id)
    for some in _slices(list(of_loan)):
        run.undo_transactions(unit, {loan_id: of_loan[loan_id] for loan_id in some}, reason)
    update_rows(unit.connection, _REPAYMENTS, ("live",), [(None, row.id) for row in rows])


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _TOGETHER):
        yield ids[start : start + _TOGETHER]


def _follows(event: Event) -> bool:
    """Return whether an event is a disbursement, or follows from a disbursement by the passing of days alone."""
    return by_calendar(event) or isinstance(event, LoanDisbursed)


def _refuse_requested(unit: Unit, loan_ids: Sequence[int]) -> None:
    """Raise RestsOnImport where a request about one of the given loans is pending."""
    waiting = unit.session.execute(
        select(Approval.loan_id, Approval.kind, Approval.made_on)
        .where(among(unit.connection, Approval.__table__.c.loan_id, loan_ids), Approval.status == RequestStatus.PENDING)
        .limit(1)
    ).first()
    if waiting is not None:
        _refuse(unit, waiting.loan_id, waiting.kind, waiting.made_on)


def _refuse(unit: Unit, loan_id: int | None, event: str, on: Any) -> None:
    contract_no = unit.connection.execute(select(_LOANS.c.contract_no).where(_LOANS.c.id == loan_id)).scalar()
    raise RestsOnImport(rule="1", contract_no=contract_no, event=event, found=on)


def _return(unit: Unit, loan_ids: Sequence[int], reason: ReversalReason) -> None:
    """Set loans to returned and begin a new generation of each, so that their later calendar events get new keys."""
    c = _LOANS.c
    chosen = among(unit.connection, c.id, loan_ids)
    before = unit.connection.execute(select(c.id, c.status).where(chosen)).all()
    emptied = dict.fromkeys(
        (
            "approved_by",
            "approved_on",
            "disbursed_by",
            "disbursed_on",
            "original_due_on",
            "due_on",
            "rolled_on",
            "first_disbursed_on",
            "billed_to",
            "next_step_on",
        )
    )
    unit.connection.execute(
        update(_LOANS)
        .where(chosen)
        .values(**emptied, status=LoanStatus.RETURNED, return_reason=reason.reason, generation=c.generation + 1)
    )
    issue.reconcile_before_commit(unit, loan_ids)
    changes = [
        StoredStatusChange(
            id=change_id,
            loan_id=row.id,
            from_status=row.status,
            to_status=LoanStatus.RETURNED,
            on_day=unit.today,
            by_user=unit.user,
            reason=reason.reason,
            recorded_at=unit.recorded_at,
        )
        for change_id, row in zip(new_ids(len(before)), before, strict=True)
    ]
    write_rows(unit.connection, {_CHANGES: changes})
