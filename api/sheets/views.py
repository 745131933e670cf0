"""The views that check, book and review imported sheets, show the progress of imports, and give templates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from flask import Response
from flask_smorest.fields import Upload
from marshmallow.fields import Integer, List, Nested, String
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from api.core import edge, errors
from api.core.fields import Choice, Code, Day, Flag, Id, Text, Yuan
from api.core.idempotency import Reply
from api.core.messages import language
from api.core.paging import Listing
from api.core.routes import Blueprint, replied, to_json
from api.core.schemas import Answer, Body, Query
from api.sheets import runs
from ledger.errors import NotFound, RuleViolation
from ledger.file_store import FileStore
from ledger.imports.columns import COLUMNS
from ledger.imports.reading import FAULTS_MAX, SheetFaults, Table, read_sheet, read_table
from ledger.imports.templates import csv_template, xlsx_template
from ledger.operations.sheets import intake, review
from ledger.operations.sheets.import_run import Importer
from ledger.operations.sheets.intake import Outcome
from ledger.statuses import SheetStatus
from ledger.tables.users import UserCounty
from ledger.tables.work import Import
from ledger.unit_of_work import Unit

ROWS_AT_ONCE = 10_000
"""The largest number of rows that a request books at once; a larger sheet is answered with 202 and booked later."""

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

blueprint = Blueprint("imports", "/imports", "导入: sheets of households, organisations, loans, repayments")


class ImportQuery(Query):
    """`dry_run=true` checks only; `sheet` names the page of a workbook with several filled pages."""

    dry_run = Flag(load_default=False)
    sheet = Text(most=100, load_default="")


class ImportFiles(Body):
    """The sheet: xlsx, xls, xlsb, ods, or text in UTF-8, GB18030 or UTF-16 with commas, tabs or semicolons."""

    file = Upload(required=True)


class FaultAnswer(Answer):
    """One thing wrong with one row; `row` is the sheet's own number, `column` its name in English.

    `cell` is the cell as a spreadsheet names it, such as E5, and `heading` the column's heading in the sheet; both are
    empty where no single cell is wrong.
    """

    row = Integer(required=True)
    column = String(required=True)
    code = String(required=True)
    message = String(required=True)
    cell = String(required=True)
    heading = String(required=True)


class AmountAnswer(Answer):
    """The amounts of one column: the unit read, and count, sum, smallest and largest in yuan."""

    column = String(required=True)
    heading = String(required=True)
    unit = String(required=True)
    count = Integer(required=True)
    sum = Yuan(required=True)
    smallest = Yuan(required=True, allow_none=True)
    largest = Yuan(required=True, allow_none=True)


class ImportTaken(Answer):
    """导入结果; `id` is null where nothing is kept, `ready` is what a dry run would have booked.

    `amounts` are to be compared with the totals of the paper. `hidden_rows` are rows that the file hides and that are
    read like the others; null where the format of the file does not tell. `notes` says it in words.
    """

    id = Id(required=True, allow_none=True)
    kind = Choice(*COLUMNS, required=True)
    status = Choice(*SheetStatus, required=True)
    rows = Integer(required=True)
    booked = Integer(required=True)
    unchanged = Integer(required=True)
    ready = Integer(required=True)
    faults = List(Nested(FaultAnswer), required=True)
    amounts = List(Nested(AmountAnswer), required=True)
    hidden_rows = List(Integer(), required=True, allow_none=True)
    notes = List(String(), required=True)


class ImportAnswer(Answer):
    """导入批次"""

    id = Id(required=True)
    kind = Choice(*COLUMNS, required=True)
    bank = Code(required=True, allow_none=True)
    status = Choice(*SheetStatus, required=True)
    rows = Integer(required=True)
    booked = Integer(required=True)
    unchanged = Integer(required=True)
    faults = List(Nested(FaultAnswer), required=True)
    file_name = String(required=True)
    hash = String(required=True, metadata={"description": "SHA-256 of the file: the document of what it booked"})
    made_by = String(required=True)
    made_on = Day(required=True)
    decided_by = String(required=True, allow_none=True)
    decided_on = Day(required=True, allow_none=True)
    decision = String(required=True)


class ImportFilter(Query):
    """Which imports."""

    kind = Choice(*COLUMNS)
    status = Choice(*SheetStatus)


class ImportDecisionBody(Body):
    """复核"""

    on = Day(load_default=edge.today)


class RejectionBody(ImportDecisionBody):
    """退回整批导入"""

    reason = Text(most=500, required=True)


@blueprint.raw(
    "POST",
    "/<name:kind>",
    asks=ImportQuery,
    files=ImportFiles,
    keyed=True,
    answers={200: ImportTaken, 201: ImportTaken, 202: ImportTaken},
)
def take_in(kind: str, dry_run: bool, sheet: str, file: FileStorage) -> Response:
    """导入: check a sheet whole and book it, all or nothing; the same file twice changes nothing.

    Loans and repayments wait for a checker's approval. With a fault it is refused (422) with every fault of every row
    in `faults`; a dry run answers them with 200, and needs no key. Cut off, the same file sent again goes on.
    """
    importer = _importer(kind)
    table = _read(kind, file, sheet, keep=not dry_run)
    if dry_run:
        return _tried(kind, importer, table)
    return _answered(_recorded(importer, table))


@blueprint.listing("", row=ImportAnswer, asks=ImportFilter)
def listed(session: Session, **filters: Any) -> Listing:
    """Imports in the asker's scope, oldest first."""
    query = select(Import).filter_by(**filters).where(*_in_scope())
    return Listing(query, key=(Import.id,), show=lambda _session, rows: [_shown(row) for row in rows])


@blueprint.get("/<id:import_id>", answer=ImportAnswer)
def show(session: Session, import_id: int) -> dict[str, Any]:
    """An import, its progress while it is booked, its faults where it failed."""
    return _shown(import_in_scope(session, import_id))


@blueprint.post("/<id:import_id>/approval", body=ImportDecisionBody, answer=ImportAnswer)
def approve(unit: Unit, import_id: int, on: date) -> dict[str, Any]:
    """复核: confirm a sheet of loans or repayments, by another person than its importer."""
    import_in_scope(unit, import_id)
    return _shown(review.approve(unit, import_id, on))


@blueprint.post("/<id:import_id>/rejection", body=RejectionBody, answer=ImportAnswer)
def reject(unit: Unit, import_id: int, reason: str, on: date) -> dict[str, Any]:
    """退回: reverse a sheet's rows and every line and transition billed on them, in red."""
    import_in_scope(unit, import_id)
    return _shown(review.reject(unit, import_id, reason, on))


@blueprint.raw("GET", "/templates/<name:kind>.xlsx", answers={200: _XLSX})
def template(kind: str) -> Response:
    """导入模板: an empty workbook of a kind, its columns as text, what belongs into them beside."""
    return _file(kind, xlsx_template, _XLSX, "xlsx")


@blueprint.raw("GET", "/templates/<name:kind>.csv", answers={200: "text/csv"})
def template_csv(kind: str) -> Response:
    """The same as csv."""
    return _file(kind, csv_template, "text/csv", "csv")


def _file(kind: str, write: Any, media: str, ending: str) -> Response:
    if kind not in COLUMNS:
        raise NotFound(what="import kind", id=kind)
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{ending}"'}
    return Response(write(kind), mimetype=media, headers=headers)


def _importer(kind: str) -> Importer:
    person = edge.person()
    intake.check_may_import(person.role, kind)
    return Importer(person.username, person.scope.bank, person.scope.counties)


def _read(kind: str, file: FileStorage, sheet: str, *, keep: bool) -> Table | RuleViolation:
    """Return the table of a sheet; for an unusable sheet, return the refusal, which the caller raises later.

    With `keep`, the file is stored before its rows are booked, so that no booked row lacks its document.
    """
    try:
        data = file.read()
        table = read_table(kind, read_sheet(data, file.filename or "", sheet))
        if keep:
            FileStore(edge.service().settings.home).put(data)
        return replace(table, stored=keep)
    except RuleViolation as refusal:
        return refusal
    finally:
        file.seek(0)  # The check of the idempotency key reads the file again.


def _recorded(importer: Importer, table: Table | RuleViolation) -> Reply:
    """Book a sheet once for its idempotency key and return the reply; a large sheet is booked after the reply."""

    def act(unit: Unit) -> Reply:
        if isinstance(table, RuleViolation):
            raise _worded(table)
        if len(table.rows) > ROWS_AT_ONCE:
            return Reply(202, to_json(_announced(unit, importer, table, dry_run=False)))
        try:
            outcome = intake.take_in_at_once(unit, importer, table)
        except RuleViolation as refusal:
            raise _worded(refusal) from None
        return Reply(200 if outcome.id is None else 201, to_json(ImportTaken().dump(_shown_outcome(outcome, table))))

    reply = runs.until_alone(lambda: edge.recorded(act, keyed=True))
    if reply.status == 202 and isinstance(table, Table):
        # A replayed reply also starts the booking of the sheet, since the service may have stopped after the first
        # reply.
        runs.start(int(json.loads(reply.body)["id"]), importer, table, dry_run=False)
    return reply


def _tried(kind: str, importer: Importer, table: Table | RuleViolation) -> Response:
    if isinstance(table, RuleViolation) and not isinstance(table, SheetFaults):
        raise table
    if isinstance(table, Table) and len(table.rows) > ROWS_AT_ONCE:
        with edge.writing() as unit:
            announced = _announced(unit, importer, table, dry_run=True)
        runs.start(int(announced["id"]), importer, table, dry_run=True)
        return errors.answer(202, to_json(announced))
    try:
        if isinstance(table, RuleViolation):
            raise table
        answer = _shown_outcome(intake.take_in(edge.writing, importer, table, dry_run=True), table)
    except SheetFaults as refusal:
        facts = refusal.facts
        outcome = Outcome(None, kind, SheetStatus.FAILED, facts["rows"], 0, facts["unchanged"])
        read = table if isinstance(table, Table) else None
        answer = _shown_outcome(outcome, read) | {"faults": _worded_faults(refusal)}
    return errors.answer(200, to_json(ImportTaken().dump(answer)))


def _announced(unit: Unit, importer: Importer, table: Table, *, dry_run: bool) -> dict[str, Any]:
    import_id = intake.announce(unit, importer, table, dry_run=dry_run)
    status = SheetStatus.TRYING if dry_run else SheetStatus.CHECKING
    return dict(
        ImportTaken().dump(_shown_outcome(Outcome(import_id, table.kind, status, len(table.rows), 0, 0), table))
    )


def _shown_outcome(outcome: Outcome, table: Table | None) -> dict[str, Any]:
    amounts = [] if table is None else [asdict(total) for total in table.totals]
    hidden = [] if table is None else table.hidden
    notes = [] if table is None else [note.told(language()) for note in table.notes()]
    return asdict(outcome) | {"faults": [], "amounts": amounts, "hidden_rows": hidden, "notes": notes}


def _worded(refusal: RuleViolation) -> RuleViolation:
    """Return a refusal whose faults are worded in the language of the request, so that the reply can be stored."""
    if isinstance(refusal, SheetFaults):
        refusal.facts["faults"] = _worded_faults(refusal)
    return refusal


def _worded_faults(refusal: SheetFaults) -> list[dict[str, Any]]:
    chosen = language()
    return [
        {
            "row": fault.row,
            "column": fault.column,
            "code": fault.code,
            "message": getattr(fault, chosen),
            "cell": fault.cell,
            "heading": fault.heading,
        }
        for fault in refusal.found[:FAULTS_MAX]
    ]


def _answered(reply: Reply) -> Response:
    """Return the response to a sheet; a refused sheet's response has the counts and faults at the top level too."""
    if reply.status == 422 and "faults" in (refusal := json.loads(reply.body))["facts"]:
        outcome = {name: refusal["facts"].pop(name) for name in ("rows", "booked", "unchanged", "faults")}
        return replied(Reply(reply.status, to_json(refusal | outcome), reply.replayed))
    return replied(reply)


def _in_scope() -> list[ColumnElement[bool]]:
    """Return the conditions for visible imports; a county's office sees only imports made by the office's own users."""
    scope = edge.person().scope
    if scope.bank is not None or not scope.counties:
        return []
    colleagues = select(UserCounty.username).where(UserCounty.county.in_(sorted(scope.counties)))
    return [Import.bank.is_(None), Import.made_by.in_(colleagues)]


def import_in_scope(where: Session | Unit, import_id: int) -> Import:
    """Return an import that the user may see; raise NotFound for any other import."""
    edge.find(where, Import, import_id)
    session = where.session if isinstance(where, Unit) else where
    row = session.execute(select(Import).where(Import.id == import_id, *_in_scope())).scalar()
    if row is None:
        raise NotFound(what="import", id=str(import_id))
    return row


def _shown(row: Import) -> dict[str, Any]:
    chosen = language()
    faults: Sequence[Mapping[str, Any]] = json.loads(row.faults)
    fields = {name: getattr(row, name) for name in ImportAnswer().dump_fields if name != "faults"}
    worded = [{"cell": "", "heading": "", **fault, "message": fault[chosen]} for fault in faults]
    return fields | {"faults": worded}
