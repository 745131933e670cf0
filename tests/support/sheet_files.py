"""Helpers that make sheets from rows with named columns, write the sheets as csv or xlsx files, and import them."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, timedelta
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Engine
from xlsxwriter import Workbook

from ledger.errors import Fault
from ledger.imports.columns import COLUMNS
from ledger.imports.reading import SheetFaults, in_order, read_sheet, read_table
from ledger.operations.sheets import intake
from ledger.operations.sheets.import_run import Importer
from ledger.operations.sheets.intake import Outcome
from ledger.unit_of_work import Unit
from tests.support.county_desk import BANK, at_desk, card

TODAY = date(2016, 12, 31)
OFFICER = Importer("officer", BANK)
_numbers = count(1)

Row = dict[str, Any]


def loan_row(**fields: Any) -> dict[str, Any]:
    """Return the row of a loan that breaks no rule once its household is registered, with some cells set."""
    number = next(_numbers)
    return {
        "contract_no": f"HT-{number:06d}",
        "registry_no": f"J{number:06d}",
        "borrower_name": "刘福",
        "id_card": card_of(number),
        "principal": "50000.00",
        "annual_rate": "4.75%",
        "term_months": "36",
        "signed_on": "2016-05-09",
        "disbursed_on": "2016-05-10",
        "purpose": "脐橙种植",
    } | fields


def card_of(number: int) -> str:
    """Return a different identity card for each number; in 2016 the card's owner is 31 to 56 years old."""
    return card((date(1961, 1, 1) + timedelta(days=number % 9000)).isoformat(), number // 9000)


def home_row(loan: Row, **fields: Any) -> dict[str, Any]:
    """Return the row of the household register for the borrower of a loan, with some cells set."""
    return {
        "registry_no": loan["registry_no"],
        "county": "360781",
        "town": "叶坪镇",
        "village": "大胜村",
        "category": "一般贫困户",
        "registered_on": "2014-05-01",
        "name": loan["borrower_name"],
        "id_card": loan["id_card"],
        "relation": "户主",
    } | fields


def paid_row(loan: Row, **fields: Any) -> dict[str, Any]:
    """Return the row of a repayment of the loan's first interest bill, with some cells set."""
    return {
        "contract_no": loan["contract_no"],
        "amount": "277.08",
        "paid_on": "2016-06-21",
        "channel": "转账",
        "receipt_no": f"HD-{next(_numbers):06d}",
    } | fields


def csv_of(
    kind: str, rows: Sequence[Row], encoding: str = "utf-8-sig", heading: Mapping[str, str] | None = None
) -> bytes:
    """Return rows as a csv file with Chinese headings; `heading` gives other headings for some columns."""
    names = [column for column in COLUMNS[kind] if any(column.name in row for row in rows)]
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    lines.writerow([(heading or {}).get(column.name, column.zh) for column in names])
    lines.writerows([[row.get(column.name, "") for column in names] for row in rows])
    return file.getvalue().encode(encoding)


def xlsx_of(kind: str, rows: Sequence[Row]) -> bytes:
    """Return rows as a workbook with English headings; texts, numbers and dates keep their types."""
    names = [column.name for column in COLUMNS[kind] if any(column.name in row for row in rows)]
    return workbook([names, *([row.get(name, "") for name in names] for row in rows)])


def workbook(lines: Iterable[Sequence[Any]], *more: tuple[str, Iterable[Sequence[Any]]]) -> bytes:
    """Return a workbook with lines of cells on its first page, and further pages by name."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "default_date_format": "yyyy-mm-dd"}
    book = Workbook(file, options)
    for name, page_lines in (("数据", lines), *more):
        page = book.add_worksheet(name)
        for number, line in enumerate(page_lines):
            for place, cell in enumerate(line):
                page.write_string(number, place, cell) if isinstance(cell, str) else page.write(number, place, cell)
    book.close()
    return file.getvalue()


def beginning(engine: Engine, user: str = "officer", today: date = TODAY) -> intake.Begin:
    """Return a function that begins a new transaction of a user."""
    return partial(at_desk, engine, user, today)


def take_in(
    engine: Engine, kind: str, data: bytes, importer: Importer = OFFICER, *, today: date = TODAY, **how: Any
) -> Outcome:
    """Import a csv file of a kind of sheet and return the outcome."""
    table = read_table(kind, read_sheet(data, f"{kind}.csv"))
    return intake.take_in(beginning(engine, importer.user, today), importer, table, **how)


def register(engine: Engine, loans: Iterable[Row], **fields: Any) -> None:
    """Register the households of the borrowers of loans."""
    homes = {loan["registry_no"]: home_row(loan, **fields) for loan in loans}
    take_in(engine, "households", csv_of("households", list(homes.values())))


def faults_of(engine: Engine, kind: str, data: bytes, importer: Importer = OFFICER, **how: Any) -> list[Fault]:
    """Return the faults of a file; raise AssertionError where the file is imported."""
    try:
        done = take_in(engine, kind, data, importer, **how)
    except SheetFaults as refusal:
        return refusal.found
    raise AssertionError(f"taken in: {done}")


def codes_of(faults: Iterable[Fault]) -> list[tuple[int, str, str]]:
    """Return the row, column and code of each fault, row by row."""
    return [(fault.row, fault.column, fault.code) for fault in in_order(faults)]


class Cut(Exception):
    """An error that tests raise to simulate a machine that stops."""


def stopping(engine: Engine, at: int, *, inside: bool) -> Callable[[], AbstractContextManager[Unit]]:
    """Return a function that begins transactions, of which number `at` raises Cut.

    The error is raised at the end of the transaction if `inside`, else at the start of the transaction.
    """
    begun = 0

    @contextmanager
    def begin() -> Iterator[Unit]:
        nonlocal begun
        begun += 1
        if begun == at and not inside:
            raise Cut
        with beginning(engine)() as unit:
            yield unit
            if begun == at:
                raise Cut

    return begin
