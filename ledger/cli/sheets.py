"""The command `import`, which checks and books a sheet with the rights of a given user."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from ledger.cli.context import context, fault_line, refusal_line, tell
from ledger.file_store import FileStore
from ledger.imports.reading import SheetFaults, read_sheet, read_table
from ledger.imports.totals import AmountTotal
from ledger.labels import Said, label
from ledger.money import plain
from ledger.operations.sheets import intake
from ledger.operations.sheets.review import importer_of
from ledger.settings import make_home

FAULTY = 1
"""The exit status for a sheet with faults; no row of a sheet with faults is booked."""


@click.command(name="import")
@click.argument("kind", type=click.Choice(list(intake.KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, help="the importer: an officer of the bank, or a user who may keep the register")
@click.option("--dry-run", is_flag=True, help="only check the sheet and store nothing")
@click.option("--sheet", default="", help="the page of a workbook with several filled pages")
def import_sheet(kind: str, file: Path, user: str, dry_run: bool, sheet: str) -> None:
    """Check a whole sheet (xlsx, xls, ods or csv) and book its rows; loans and repayments then wait for a checker.

    Importing a file twice changes nothing; an interrupted import continues where it stopped.
    """
    with context() as ctx:
        begin = partial(ctx.unit, "import", user)
        with begin() as unit:
            importer = importer_of(unit.session, user, kind)
        try:
            data = file.read_bytes()
            table = read_table(kind, read_sheet(data, file.name, sheet))
            if not dry_run:
                FileStore(make_home(ctx.settings)).put(data)
                table = replace(table, stored=True)
            done = intake.take_in(begin, importer, table, dry_run=dry_run)
        except SheetFaults as faults:
            for fault in faults.found:
                tell(fault_line(fault), err=True)
            tell(refusal_line(faults), err=True)
            sys.exit(FAULTY)
    for line in [*table.notes(), *map(_total, table.totals)]:
        tell(line)
    tell(_result(done, dry_run=dry_run))


def _total(total: AmountTotal) -> Said:
    """Return the sentence with the unit, count, sum, smallest and largest amount of a column."""
    least, most = (plain(fen) if fen is not None else "-" for fen in (total.smallest, total.largest))
    return Said(
        f"{total.heading} in {total.unit}: {total.count} amounts, sum {plain(total.sum)}, from {least} to {most} yuan",
        f"{total.heading}（按{total.unit}读入）：{total.count} 笔，合计 {plain(total.sum)} 元，{least} 至 {most}",
    )


def _result(done: intake.Outcome, *, dry_run: bool) -> Said:
    """Return the sentence that tells the user how many rows of the sheet were booked."""
    end = Said(f", {done.ready} would be booked", f"，可登记 {done.ready} 行")
    if not dry_run:
        end = Said(f", import {done.id}", f"，导入批次 {done.id}")
    sheet, status = label("sheet", done.kind, "zh"), label("import_status", done.status, "zh")
    return Said(
        f"{done.kind} {done.status}: {done.rows} rows, {done.booked} booked, {done.unchanged} unchanged{end}",
        f"{sheet}{status}：共 {done.rows} 行，登记 {done.booked} 行，无变化 {done.unchanged} 行{end.zh}",
    )
