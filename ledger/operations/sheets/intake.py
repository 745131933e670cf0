"""The intake of sheets: a sheet is checked as a whole, booked as an import, and later confirmed or rejected.

Where a sheet has a fault, no row of the sheet is booked. A large sheet is booked in chunks, one transaction each.
After an interruption the import continues when its importer sends the file again; no row is booked twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Final

from psycopg.errors import UniqueViolation
from sqlalchemy import select
from tenacity import Retrying, retry_if_exception

from ledger.errors import Fault, Forbidden, NotFound, Refusal, WrongStatus
from ledger.ids import new_id
from ledger.imports.columns import Numbered
from ledger.imports.reading import Table
from ledger.operations.registry.users import Role
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.sheets import households, loans, organisations, repayments
from ledger.operations.sheets.import_run import Booked, Importer, RecordedMeanwhile, Run, faults_text, original_of
from ledger.operations.sheets.undo import undo_loans, undo_repayments
from ledger.operations.sheets.workflow import SHEET, UNFINISHED
from ledger.retries import attempts, passing
from ledger.statuses import SheetStatus, SheetStep
from ledger.tables.work import Import
from ledger.unit_of_work import Unit
from ledger.workflow import check_status, move

CHUNK_ROWS = 5000
"""The largest number of rows that one transaction books (books.md promise 4)."""

Begin = Callable[[], AbstractContextManager[Unit]]
"""A function that begins a new transaction."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The functions that handle one kind of sheet.

    Only persons with a role in `importers` may import a sheet of the kind. `check` checks rows: each row is then ready,
    unchanged or faulty. `chunks` splits the ready rows into chunks of limited size, and `book` books one chunk. `undo`
    takes back the rows of an import. A kind without `undo` is a register: nobody confirms a register, all rows of a
    register are checked together, and one transaction books all its rows. The faults of a `rehearsed` kind appear only
    when rows are booked, so each chunk is first booked and rolled back.
    """

    importers: frozenset[Role]
    check: Callable[[Unit, Run, Sequence[Numbered]], None]
    chunks: Callable[[Sequence[Any], int], Iterator[Sequence[Any]]]
    book: Callable[[Unit, Run, Sequence[Any]], Booked]
    undo: Callable[[Unit, int, ReversalReason], None] | None = None
    rehearsed: bool = False


def _slices(ready: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ready), most):
        yield ready[start : start + most]


# The poverty office lists the registered households (scheme 1); a bank may import the households that borrow from it.
_KEEP_REGISTERS = frozenset({Role.POVERTY_OFFICE, Role.CITY_FINANCE, Role.BANK_OFFICER})
_LEND = frozenset({Role.BANK_OFFICER})

KINDS: Final[Mapping[str, Kind]] = {
    "households": Kind(_KEEP_REGISTERS, households.check, households.chunks, households.book),
    "organisations": Kind(_KEEP_REGISTERS, organisations.check, _slices, organisations.book),
    "loans": Kind(_LEND, loans.check, _slices, loans.book, undo_loans),
    "repayments": Kind(_LEND, repayments.check, repayments.chunks, repayments.book, undo_repayments, rehearsed=True),
}
"""The table of all kinds of sheets."""

_ABANDONED = "导入中止 import abandoned"


class KindNotYours(Forbidden):
    code = "not_yours"
    zh = "角色 {found:role} 不能导入 {kind:sheet}；可导入的角色：{limit:role}"
    en = "the role {found:role} does not import {kind:sheet}; it is for: {limit:role}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a sheet, with the numbers of rows booked and of rows that were unchanged.

    `id` is None where no import is stored. `ready` is the number of rows that a dry run would have booked.
    """

    id: int | None
    kind: str
    status: str
    rows: int
    booked: int
    unchanged: int
    ready: int = 0


class _Rehearsed(Exception):
    """An exception that rolls back the transaction of a chunk that was booked only to find its faults."""


def check_may_import(role: str, kind: str) -> None:
    """Raise NotFound for an unknown kind of sheet, and KindNotYours where the role does not import the kind."""
    if kind not in KINDS:
        raise NotFound(what="import kind", id=kind)
    if role not in KINDS[kind].importers:
        raise KindNotYours(kind=kind, found=role, limit=sorted(KINDS[kind].importers))


def take_in(
    begin: Begin,
    importer: Importer,
    table: Table,
    *,
    dry_run: bool = False,
    announced: int | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Outcome:
    """Check a sheet and book the sheet in transactions begun by `begin`; a dry run only checks.

    `announced` is the id of the import, if `announce` has stored the import before. Raise SheetFaults with every fault
    of every row, RecordedMeanwhile, and refusals that concern no row; chunks booked before a refusal are taken back in
    red.
    """
    run = Run(importer, table, announced)
    kind = KINDS[table.kind]
    try:
        if kind.undo is None and not dry_run:
            return _in_one_transaction(begin, run, chunk_rows)
        return _in_chunks(begin, kind, run, chunk_rows, dry_run=dry_run)
    except UniqueViolation:
        raise RecordedMeanwhile() from None
    except Refusal as refusal:
        if run.import_id is not None:
            _fail(begin, kind, run.import_id, refusal)
        raise


def take_in_at_once(unit: Unit, importer: Importer, table: Table, *, chunk_rows: int = CHUNK_ROWS) -> Outcome:
    """Check a sheet and book the sheet in the caller's transaction, which must be rolled back on a refusal.

    Raise SheetFaults with every fault of every row, RecordedMeanwhile, and refusals that concern no row.
    """
    try:
        return _at_once(unit, Run(importer, table), chunk_rows)
    except UniqueViolation:
        raise RecordedMeanwhile() from None


def announce(unit: Unit, importer: Importer, table: Table, *, dry_run: bool = False) -> int:
    """Store a sheet as an import to be checked and booked; return the id under which the import's progress is shown.

    Where the importer has an unfinished import of the same file, the id of the unfinished import is returned.
    """
    unfinished = None if dry_run else _unfinished(unit, importer, table)
    if unfinished is not None:
        return unfinished
    return _add(unit, importer, table, SheetStatus.TRYING if dry_run else SheetStatus.CHECKING).id


def _at_once(unit: Unit, run: Run, chunk_rows: int) -> Outcome:
    """Check a sheet, book its rows and finish its import, all in one transaction."""
    kind = KINDS[run.table.kind]
    if run.import_id is None:
        run.import_id = _unfinished(unit, run.importer, run.table)
    for rows in _parts(kind, run, chunk_rows):
        kind.check(unit, run, rows)
    run.refuse_faults()
    if not run.ready and run.import_id is None:
        return _not_booked(run, SheetStatus.UNCHANGED)
    run.import_id = _open(unit, run)
    for chunk in kind.chunks(run.ready, chunk_rows):
        run.faults += _book(unit, kind, run, chunk).faults
    run.refuse_faults()
    return _finish(unit, run)


def _in_one_transaction(begin: Begin, run: Run, chunk_rows: int) -> Outcome:
    for attempt in _attempts():
        with attempt, begin() as unit:
            return _at_once(unit, Run(run.importer, run.table, run.import_id), chunk_rows)
    raise AssertionError("the last attempt raises its error")


def _in_chunks(begin: Begin, kind: Kind, run: Run, chunk_rows: int, *, dry_run: bool) -> Outcome:
    """Check a sheet, book its rows and finish its import, with a separate transaction for each part of the work."""
    if run.import_id is None and not dry_run:
        with begin() as unit:
            run.import_id = _unfinished(unit, run.importer, run.table)
    for rows in _parts(kind, run, chunk_rows):
        with begin() as unit:
            kind.check(unit, run, rows)
    if kind.rehearsed and not run.faults:
        for chunk in kind.chunks(run.ready, chunk_rows):
            run.faults += _rehearse(begin, kind, run, chunk)
    run.refuse_faults()
    if dry_run or (not run.ready and run.import_id is None):
        status = SheetStatus.CHECKED if dry_run else SheetStatus.UNCHANGED
        if run.import_id is not None:
            with begin() as unit:
                _close(unit, run.import_id, run, status)
        return _not_booked(run, status)
    with begin() as unit:
        run.import_id = _open(unit, run)
    for chunk in kind.chunks(run.ready, chunk_rows):
        for attempt in _attempts():
            with attempt, begin() as unit:
                run.faults += _book(unit, kind, run, chunk).faults
                run.refuse_faults()
    with begin() as unit:
        return _finish(unit, run)


def _attempts() -> Retrying:
    """Return the attempts at a transaction, which is repeated after a temporary database error or a UniqueViolation.

    A UniqueViolation means that somebody else has just recorded a row of the sheet; the next attempt compares the
    sheet's row with the recorded row.
    """
    return attempts().copy(retry=retry_if_exception(lambda error: isinstance(error, UniqueViolation) or passing(error)))


def _parts(kind: Kind, run: Run, most: int) -> Iterator[Sequence[Numbered]]:
    """Yield the numbered rows of a sheet in parts of at most `most` rows; a register is one part."""
    numbers, rows = run.table.numbers, run.table.rows
    step = len(rows) if kind.undo is None else most
    for start in range(0, len(rows), step):
        yield list(zip(numbers[start : start + step], rows[start : start + step], strict=True))


def _rehearse(begin: Begin, kind: Kind, run: Run, chunk: Sequence[Any]) -> list[Fault]:
    """Return the faults of booking a chunk, and roll the booking back."""
    faults: list[Fault] = []
    with suppress(_Rehearsed), begin() as unit:
        faults += kind.book(unit, run, chunk).faults
        raise _Rehearsed
    return faults


def _not_booked(run: Run, status: SheetStatus) -> Outcome:
    return Outcome(run.import_id, run.table.kind, status, len(run.table.rows), 0, run.unchanged, len(run.ready))


def _unfinished(unit: Unit, importer: Importer, table: Table) -> int | None:
    """Return the id of the importer's interrupted import of the file, or None where no import was interrupted."""
    query = select(Import.id).where(
        Import.status.in_(UNFINISHED),
        Import.kind == table.kind,
        Import.hash == table.hash,
        Import.made_by == importer.user,
    )
    return unit.session.execute(query.order_by(Import.id).limit(1)).scalar()


def _add(unit: Unit, importer: Importer, table: Table, status: SheetStatus) -> Import:
    row = Import(
        id=new_id(),
        kind=table.kind,
        bank=importer.bank,
        file_name=table.file_name,
        hash=table.hash,
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
    if table.stored:
        unit.session.add(original_of(unit, row, table))
    return row


def locked(unit: Unit, import_id: int, step: SheetStep) -> Import:
    """Return an import, locked to the end of the transaction; raise NoResultFound, WrongStatus."""
    row = unit.session.get_one(Import, import_id, with_for_update=True, populate_existing=True)
    check_status(SHEET, row, step)
    return row


def _open(unit: Unit, run: Run) -> int:
    """Return the id of the import under which chunks are booked: a new import or an interrupted import."""
    if run.import_id is None:
        row = _add(unit, run.importer, run.table, SheetStatus.BOOKING)
    else:
        row = locked(unit, run.import_id, SheetStep.OPEN)
    if row.status in UNFINISHED:
        row.unchanged = run.unchanged
        move(unit, SHEET, row, SheetStep.OPEN)
    return row.id


def _book(unit: Unit, kind: Kind, run: Run, chunk: Sequence[Any]) -> Booked:
    assert run.import_id is not None
    row = locked(unit, run.import_id, SheetStep.BOOK)
    unit.origin = f"import/{row.id}"
    booked = kind.book(unit, run, chunk)
    row.booked += booked.rows
    return booked


def _finish(unit: Unit, run: Run) -> Outcome:
    assert run.import_id is not None
    row = locked(unit, run.import_id, SheetStep.FINISH)
    move(unit, SHEET, row, SheetStep.FINISH, to=SheetStatus.BOOKED if row.booked else SheetStatus.UNCHANGED)
    row.unchanged = row.rows - row.booked  # The unchanged rows include equal rows recorded by others.
    return Outcome(row.id, row.kind, row.status, row.rows, row.booked, row.unchanged)


def _close(unit: Unit, import_id: int, run: Run, status: SheetStatus) -> None:
    """End an import without any booked row."""
    row = locked(unit, import_id, SheetStep.CHECK)
    row.unchanged = run.unchanged
    move(unit, SHEET, row, SheetStep.CHECK, to=status)


def _fail(begin: Begin, kind: Kind, import_id: int, refusal: Refusal) -> None:
    """Take back the booked rows of an import and store the refusal.

    Where a row cannot be taken back, only the refusal is stored, and a checker has to reject the import.
    """
    try:
        for attempt in _attempts():
            with attempt, begin() as unit:
                row = locked(unit, import_id, SheetStep.FAIL)
                row.faults = faults_text(refusal)
                if row.status == SheetStatus.BOOKING and kind.undo is not None:
                    kind.undo(unit, import_id, ReversalReason(_ABANDONED))
                row.booked = 0
                move(unit, SHEET, row, SheetStep.FAIL)
    except WrongStatus:
        return  # A checker has rejected the import during the booking.
    except Refusal:
        for attempt in _attempts():
            with attempt, begin() as unit:
                row = locked(unit, import_id, SheetStep.FAIL)
                row.faults = faults_text(refusal)
                if row.status != SheetStatus.BOOKING or kind.undo is None:
                    row.booked = 0
                    move(unit, SHEET, row, SheetStep.FAIL)
