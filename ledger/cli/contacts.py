"""The command `contacts`: records phone numbers and e-mail addresses of borrowers from a sheet."""

import sys
from pathlib import Path

import click

from ledger.cli.context import context, fault_line, tell
from ledger.errors import Fault, NotFound
from ledger.imports.cells import Text, written
from ledger.imports.columns import Column
from ledger.imports.reading import SheetFaults, Table, read_columns, read_sheet
from ledger.labels import Said
from ledger.operations.registry import contacts
from ledger.operations.registry.contacts import Reached, read_email, read_phone
from ledger.operations.sheets.review import importer_of
from ledger.unit_of_work import Unit

FAULTY = 1
"""The exit status for a sheet with faults; no row of a sheet with faults is recorded."""

COLUMNS = (
    Column(
        "number",
        Text(40),
        "户编号或统一社会信用代码，按文本填写",
        "360781000001",
        also=("户编号", "统一社会信用代码", "registry_no", "uscc"),
    ),
    Column(
        "phone",
        lambda cell: read_phone(written(cell)),
        "按文本填写",
        "13800000000",
        needed=False,
        also=("电话", "手机号"),
    ),
    Column("email", lambda cell: read_email(written(cell)), "", "", needed=False, also=("邮箱",)),
)


@click.command(name="contacts")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, help="a user who may change the register, for borrowers of that user's counties")
def take_in(file: Path, user: str) -> None:
    """Load the phones and e-mail addresses of borrowers from a sheet, all rows or none.

    The columns are number (户编号 or 统一社会信用代码), phone, email. A row replaces the stored contact, and an empty
    cell deletes it.
    """
    with context() as ctx:
        try:
            with ctx.unit("contacts", user) as unit:
                count = _keep(unit, read_columns("contacts", COLUMNS, read_sheet(file.read_bytes(), file.name)))
        except SheetFaults as faults:
            for fault in faults.found:
                tell(fault_line(fault), err=True)
            sys.exit(FAULTY)
    tell(Said(f"contacts: {count} kept", f"联系方式：已保存 {count} 条"))


def _keep(unit: Unit, table: Table) -> int:
    counties = importer_of(unit.session, unit.user, "households").counties
    rows = {number: Reached(phone, email) for number, phone, email in table.rows if number is not None}
    unknown = contacts.set_all(unit, rows, counties)
    if table.faults or unknown:
        raise SheetFaults([*table.faults, *_unknown(table, unknown)])
    return len(rows)


def _unknown(table: Table, unknown: set[str]) -> list[Fault]:
    return [
        Fault.of(number, "number", NotFound(what="borrower", id=row[0]))
        for number, row in zip(table.numbers, table.rows, strict=True)
        if row[0] in unknown
    ]
