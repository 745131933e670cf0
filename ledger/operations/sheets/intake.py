"""Sheets into the books: checked whole, booked in chunks under the import's id, confirmed or taken back.

Nothing is booked of a sheet with a fault. Cut off between two chunks, the same file sent again by the same person
goes on where it stopped: what is there is not booked twice.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from psycopg.errors import UniqueViolation
from sqlalchemy import select

from ledger.errors import Conflict, Fault, Refusal, WrongStatus
from ledger.ids import new_id
from ledger.imports.reading import FAULTS_MAX, SheetFaults, Table
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.sheets import households, loan_booking, loan_checks, organisations, repayments
from ledger.operations.sheets.import_run import CHUNK_ROWS, Booked, Importer, Kind, Run, in_slices
from ledger.operations.sheets.undo import undo_loans, undo_repayments
from ledger.operations.sheets.workflow import SHEET, UNFINISHED
from ledger.retries import retried
from ledger.statuses import SheetStatus, SheetStep
from ledger.tables.work import Import
from ledger.unit_of_work import Unit
from ledger.workflow import check_status, move

Begin = Callable[[], AbstractContextManager[Unit]]
"""Begins a transaction: each of its own, or always the one that the caller has begun."""

T = TypeVar("T")
P = ParamSpec("P")
Step = Callable[Concatenate[Unit, P], T]

KINDS: Final[Mapping[str, Kind]] = {
    "households": Kind(households.check, households.parts, households.book),
    "organisations": Kind(organisations.check, in_slices, organisations.book),
    "loans": Kind(loan_checks.check, in_slices, loan_booking.book, undo_loans),
    "repayments": Kind(repayments.check, repayments.parts, repayments.book, undo_repayments, rehearsed=True),
}

_ABANDONED = "导入中止 import abandoned"


class RecordedMeanwhile(Conflict):
    code = "stale"
    zh = "表中的行同时由他人登记，请重新导入"
    en = "somebody else recorded rows of the sheet at this moment; send it again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sheet. `id` is None where nothing is kept; `ready` counts what a dry run would have booked."""

    id: int | None
    kind: str
    status: str
    rows: int
    booked: int
    unchanged: int
    ready: int = 0


class _Rehearsed(Exception):
    """Ends a transaction that was only tried."""


def take_in(
    begin: Begin,
    importer: Importer,
    table: Table,
    *,
    dry_run: bool = False,
    whole: bool = False,
    announced: int | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Outcome:
    """Check a sheet and book it. `whole`: `begin` gives the one transaction that its caller ends.

    `announced` is the id under which its progress is looked at. Registers, which no checker confirms, are written in
    one transaction always. Raises SheetFaults with every fault of every row, RecordedMeanwhile, and a refusal that
    concerns no row; nothing stands then: what was booked in chunks is taken back in red.
    """
    how = KINDS[table.kind]
    run = Run(importer, table.again(), announced)
    try:
        if how.undo is None and not dry_run and not whole:
            return _again(begin, _in_one, how, run, chunk_rows)
        return _take(begin, how, run, chunk_rows, dry_run=dry_run, whole=whole)
    except UniqueViolation:
        raise RecordedMeanwhile() from None
    except Refusal as refusal:
        if run.import_id is not None and not whole:
            _fail(begin, how, run.import_id, refusal)
        raise


def announce(unit: Unit, importer: Importer, table: Table, *, dry_run: bool = False) -> int:
    """Keep a sheet as one that will be checked, and booked if it may be; answers the id to look at.

    The same file that the same person sent before and that is not finished keeps its id.
    """
    found = None if dry_run else _unfinished(unit, importer, table)
    return (
        _add(unit, importer, table, SheetStatus.TRYING if dry_run else SheetStatus.CHECKING).id
        if found is None
        else found
    )


def _in_one(unit: Unit, how: Kind, run: Run, chunk_rows: int) -> Outcome:
    fresh = Run(run.importer, run.table.again(), run.import_id)
    return _take(lambda: nullcontext(unit), how, fresh, chunk_rows, dry_run=False, whole=True)


def _take(begin: Begin, how: Kind, run: Run, chunk_rows: int, *, dry_run: bool, whole: bool) -> Outcome:
    table = run.table
    if run.import_id is None and not dry_run:
        run.import_id = _once(begin, _unfinished, run.importer, table)
    step = chunk_rows if how.undo is not None else len(table.rows)
    for start in range(0, len(table.rows), step):
        _once(begin, how.check, run, range(start, min(start + step, len(table.rows))))
    if how.rehearsed and not whole and not table.faults:
        for chunk in how.parts(run, chunk_rows):
            table.faults += _rehearse(begin, how, run, chunk)
    _refuse_faults(run, table.faults)
    if dry_run or (not run.ready and run.import_id is None):
        status = SheetStatus.CHECKED if dry_run else SheetStatus.UNCHANGED
        if run.import_id is not None:
            _once(begin, _end, run, status)
        return Outcome(run.import_id, table.kind, status, len(table.rows), 0, run.unchanged, len(run.ready))
    run.import_id = _once(begin, _open, run)
    faults: list[Fault] = []
    for chunk in how.parts(run, chunk_rows):
        booked = _once(begin, _book, how, run, chunk) if whole else _again(begin, _book_or_refuse, how, run, chunk)
        faults += booked.faults
    _refuse_faults(run, faults)
    return _once(begin, _finish, run)


def _once(begin: Begin, act: Step[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    with begin() as unit:
        return act(unit, *arguments, **named)


def _again(begin: Begin, act: Step[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """In a transaction of its own, once more when somebody else wrote a row first: it is seen then, and compared."""
    tried = partial(_once, begin, act, *arguments, **named)
    for _ in range(2):
        with suppress(UniqueViolation):
            return retried(tried)
    return retried(tried)


def _rehearse(begin: Begin, how: Kind, run: Run, chunk: Any) -> list[Fault]:
    """Book a chunk, look at its faults, and leave nothing of it."""
    faults: list[Fault] = []

    def try_it(unit: Unit) -> None:
        faults[:] = how.book(unit, run, chunk).faults
        raise _Rehearsed

    with suppress(_Rehearsed):
        _once(begin, try_it)
    return faults


def _refuse_faults(run: Run, faults: Iterable[Fault]) -> None:
    if found := list(faults):
        raise SheetFaults(found, rows=len(run.table.rows), booked=0, unchanged=run.unchanged)


def _unfinished(unit: Unit, importer: Importer, table: Table) -> int | None:
    """The import of the same file by the same person that was cut off."""
    query = select(Import.id).where(
        Import.status.in_(UNFINISHED),
        Import.kind == table.kind,
        Import.hash == table.sheet.hash,
        Import.made_by == importer.user,
    )
    return unit.session.execute(query.order_by(Import.id).limit(1)).scalar()


def _add(unit: Unit, importer: Importer, table: Table, status: SheetStatus) -> Import:
    row = Import(
        id=new_id(),
        kind=table.kind,
        bank=importer.bank,
        file_name=table.sheet.file_name,
        hash=table.sheet.hash,
        status=status,
        rows=len(table.rows),
        booked=0,
        unchanged=0,
        faults="[]",
        made_by=importer.user,
        made_on=unit.today,
        made_at=unit.recorded_at,
    )
    unit.session.add(row)
    unit.session.flush()
    return row


def held(unit: Unit, import_id: int, step: SheetStep) -> Import:
    """An import, locked to the end of the transaction; raises NoResultFound, WrongStatus."""
    row = unit.session.get_one(Import, import_id, with_for_update=True, populate_existing=True)
    check_status(SHEET, row, step)
    return row


def _open(unit: Unit, run: Run) -> int:
    """The import under whose id the chunks are booked; it knows what it booked before it was cut off."""
    if run.import_id is None:
        row = _add(unit, run.importer, run.table, SheetStatus.BOOKING)
    else:
        row = held(unit, run.import_id, SheetStep.OPEN)
    if row.status in UNFINISHED:
        row.unchanged = run.unchanged
        move(unit, SHEET, row, SheetStep.OPEN)
    return row.id


def _book(unit: Unit, how: Kind, run: Run, chunk: Any) -> Booked:
    assert run.import_id is not None
    row = held(unit, run.import_id, SheetStep.BOOK)
    unit.origin = f"import/{row.id}"
    booked = how.book(unit, run, chunk)
    row.booked += booked.booked
    return booked


def _book_or_refuse(unit: Unit, how: Kind, run: Run, chunk: Any) -> Booked:
    booked = _book(unit, how, run, chunk)
    _refuse_faults(run, booked.faults)
    return booked


def _finish(unit: Unit, run: Run) -> Outcome:
    assert run.import_id is not None
    row = held(unit, run.import_id, SheetStep.FINISH)
    move(unit, SHEET, row, SheetStep.FINISH, to=SheetStatus.BOOKED if row.booked else SheetStatus.UNCHANGED)
    row.unchanged = row.rows - row.booked  # also what somebody else recorded the same meanwhile
    return Outcome(row.id, row.kind, row.status, row.rows, row.booked, row.unchanged)


def _end(unit: Unit, run: Run, status: SheetStatus) -> None:
    assert run.import_id is not None
    row = held(unit, run.import_id, SheetStep.CHECK)
    row.unchanged = run.unchanged
    move(unit, SHEET, row, SheetStep.CHECK, to=status)


def _fail(begin: Begin, how: Kind, import_id: int, refusal: Refusal) -> None:
    """Take back what was booked and keep why; where that is refused, a checker has to look at it."""

    def fail(unit: Unit, *, undo: bool) -> None:
        row = held(unit, import_id, SheetStep.FAIL)
        row.faults = faults_text(refusal)
        if row.status == SheetStatus.BOOKING and how.undo is not None:
            if not undo:
                return
            how.undo(unit, import_id, ReversalReason(_ABANDONED))
        row.booked = 0
        move(unit, SHEET, row, SheetStep.FAIL)

    try:
        _again(begin, fail, undo=True)
    except WrongStatus:
        return  # decided by somebody meanwhile
    except Refusal:
        _again(begin, fail, undo=False)


def faults_text(refusal: Refusal) -> str:
    """What was wrong with a sheet, as it is kept: at most FAULTS_MAX rows, in both languages."""
    found = refusal.found if isinstance(refusal, SheetFaults) else [Fault.of(0, "", refusal)]
    return json.dumps(
        [
            {"row": fault.row, "column": fault.column, "code": fault.code, "zh": fault.zh, "en": fault.en}
            for fault in found[:FAULTS_MAX]
        ],
        ensure_ascii=False,
    )
