"""The review of sheets of loans and repayments by a second person, who confirms or rejects a sheet (导入复核)."""

from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.database import table_of
from ledger.errors import NotFound, WrongStatus
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.sheets.import_run import Importer
from ledger.operations.sheets.intake import KINDS, check_may_import, locked
from ledger.operations.sheets.workflow import SHEET
from ledger.statuses import SheetStep
from ledger.tables.loans import Loan
from ledger.tables.users import User
from ledger.tables.work import Import
from ledger.unit_of_work import Unit
from ledger.workflow import check, move, take

_LOANS = table_of(Loan)


def importer_of(session: Session, username: str, kind: str) -> Importer:
    """Return a person in the role of importer for a kind of sheet.

    Raise NotFound for an unknown kind or person, and KindNotYours where the role does not import the kind.
    """
    user = session.get(User, username)
    if user is None or not user.active:
        raise NotFound(what="user", id=username)
    check_may_import(user.role, kind)
    return Importer(user.username, user.bank, frozenset(row.county for row in user.counties))


def approve(unit: Unit, import_id: int, on: date | None = None) -> Import:
    """Confirm a sheet of loans or repayments (复核); the person must not be the importer.

    Raise NotFound, WrongStatus, SamePerson, FutureDate.
    """
    row = _locked(unit, import_id, SheetStep.APPROVE)
    take(unit, SHEET, row, SheetStep.APPROVE, on)
    row.decision = ""
    unit.connection.execute(
        update(_LOANS)
        .where(_LOANS.c.import_id == row.id, _LOANS.c.disbursed_on.is_not(None))
        .values(approved_by=unit.user, approved_on=row.decided_on)
    )
    return row


def reject(unit: Unit, import_id: int, reason: str, on: date | None = None) -> Import:
    """Reject a sheet (退回), and reverse in red its rows and the interest bills and status changes of its loans.

    A sheet whose booking was interrupted can be rejected too. Raise NotFound, WrongStatus, SamePerson, FutureDate, and
    the refusals of the kind's `undo` while a later record of a person depends on a row.
    """
    row = _locked(unit, import_id, SheetStep.REJECT)
    check(unit, SHEET, row, SheetStep.REJECT, on, reason=reason)
    undo = KINDS[row.kind].undo
    assert undo is not None
    unit.origin = f"import/{row.id}"
    undo(unit, row.id, ReversalReason(reason))
    row.decision = reason
    move(unit, SHEET, row, SheetStep.REJECT, on, reason=reason)
    return row


def _locked(unit: Unit, import_id: int, step: SheetStep) -> Import:
    """Return the import to be confirmed or rejected, locked; raise NotFound, WrongStatus."""
    row = unit.session.get(Import, import_id)
    if row is None:
        raise NotFound(what="import", id=str(import_id))
    if KINDS[row.kind].undo is None:
        raise WrongStatus(status=row.status, allowed="-")  # Nobody confirms or rejects a register.
    return locked(unit, import_id, step)
