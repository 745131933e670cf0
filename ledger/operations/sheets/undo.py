"""Taking back what a sheet booked (退回整批导入): its rows and everything that followed from them, in red."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select, update

from ledger.catalogue import by_calendar
from ledger.database import among, update_rows, write_rows
from ledger.errors import RuleViolation
from ledger.events import Event, LoanDisbursed
from ledger.ids import new_ids
from ledger.operations.notices import issue
from ledger.operations.servicing import backdating, load, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.statuses import LoanStatus, RequestStatus
from ledger.tables.loans import Approval, Loan, Repayment, StatusChange
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_REPAYMENTS: Any = Repayment.__table__
_CHANGES: Any = StatusChange.__table__
_TOGETHER = 5000


class RestsOnImport(RuleViolation):
    code = "rests_on_it"
    zh = "合同 {contract_no} 在导入之后已有业务（{event}，{found}），不能退回本次导入；请先冲销其后的业务"
    en = "{event} of {found} rests on contract {contract_no} of the sheet; reverse what came after it first"


def undo_loans(unit: Unit, import_id: int, reason: ReversalReason) -> None:
    """Loans of a sheet were never paid out: bills, transitions and disbursements are reversed, the loans returned.

    A returned loan may be amended and submitted by people, or booked anew by a corrected sheet. Raises
    RestsOnImport while anything a person recorded stands on one of them.
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
        _refuse_asked(unit, some)
        posted = backdating.unreversed(unit, some)
        for each in posted:
            if not _follows(each.event):
                _refuse(unit, each.event.loan, type(each.event).__name__, each.event.effective_on)
        backdating.undo(unit, posted, reason)
        _return(unit, some, reason)


def undo_repayments(unit: Unit, import_id: int, reason: ReversalReason) -> None:
    """Repayments of a sheet were never received: each loan's later transactions are applied again without them.

    Raises RestsOnLater where a later record rests on one of them, CreditOverdrawn where its money is gone.
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
    """Whether an event is the disbursement, or followed from it by the calendar alone."""
    return by_calendar(event) or isinstance(event, LoanDisbursed)


def _refuse_asked(unit: Unit, loan_ids: Sequence[int]) -> None:
    """What one person asked and waits for another rests on the loan too."""
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
    """Back to the desk, in a new generation: what the calendar calls for later has keys of its own."""
    c = _LOANS.c
    chosen = among(unit.connection, c.id, loan_ids)
    before = unit.connection.execute(select(c.id, c.status).where(chosen)).all()
    nothing = dict.fromkeys(
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
        .values(**nothing, status=LoanStatus.RETURNED, return_reason=reason.reason, generation=c.generation + 1)
    )
    issue.follow(unit, loan_ids)
    write_rows(
        unit.connection,
        {
            _CHANGES: [
                (
                    change,
                    row.id,
                    row.status,
                    LoanStatus.RETURNED,
                    unit.today,
                    unit.user,
                    reason.reason,
                    unit.recorded_at,
                )
                for change, row in zip(new_ids(len(before)), before, strict=True)
            ]
        },
    )
