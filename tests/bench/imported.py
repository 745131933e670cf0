"""The benchmark of importing a bank's loan register, from reading the bytes of the file to the last commit."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, select
from xlsxwriter import Workbook

from ledger.database import write_rows
from ledger.imports.columns import COLUMNS
from ledger.imports.reading import read_sheet, read_table
from ledger.operations.sheets import intake
from ledger.operations.sheets.import_run import Importer
from ledger.tables import borrowers
from ledger.tables.reference import County
from ledger.unit_of_work import work
from tests.bench import replay
from tests.bench.bars import Result
from tests.bench.replay import Row
from tests.bench.rounds import Side, Spread, interleaved, ratios, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store, on_copies, opened
from tests.support.sheet_files import card_of

_HOUSEHOLDS: Any = borrowers.Household.__table__
_MEMBERS: Any = borrowers.Member.__table__
_BANK, _TODAY = "GZRCB", date(2016, 12, 31)
_NAMED = (
    "contract_no",
    "registry_no",
    "borrower_name",
    "id_card",
    "principal",
    "annual_rate",
    "term_months",
    "signed_on",
    "disbursed_on",
    "purpose",
    "security",
    "endorsements",
)
_AT_ONCE = 20_000


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare the time to import a CSV file with the time to write the file's rows with the bare driver.

    Then measure the additional time to read an XLSX file.
    """
    rows = list(_rows(size.imported))
    as_csv = _csv(rows)
    store.template("households", partial(_register, count=size.imported))
    with opened(store, "households") as engine:
        _take_in(engine, as_csv)
        transactions, expected = replay.captured(engine, "import/%", stands=False, lent=True), _lent(engine)
    assert len(expected) == size.imported

    def right(engine: Engine) -> bool:
        return _lent(engine) == expected

    sides = {
        "ledger": on_copies(store, "households", partial(_take_in, data=as_csv), right),
        "floor": on_copies(store, "households", partial(replay.write_all, transactions), right),
    }
    took = interleaved(sides, size.rounds)
    seconds = {name: Spread.of(values).median for name, values in took.items()}
    absolute = f"{seconds['ledger']:.2f} s / {seconds['floor']:.2f} s"
    yield Result("import", store.name, ratios(took["ledger"], took["floor"]), absolute)
    yield _added(store, size, rows, as_csv)


def _added(store: Store, size: Size, rows: list[list[str]], as_csv: bytes) -> Result:
    """Measure only the reading of files, since the booking of rows does not depend on the file format."""
    as_xlsx = _xlsx(rows)
    assert _table(as_xlsx).rows == _table(as_csv).rows
    sides: dict[str, Side] = {
        "xlsx": partial(stopwatch, partial(_table, as_xlsx)),
        "csv": partial(stopwatch, partial(_table, as_csv)),
        "bare": partial(stopwatch, partial(_bare, as_xlsx)),
    }
    took = interleaved(sides, size.rounds)
    added = [xlsx - plain for xlsx, plain in zip(took["xlsx"], took["csv"], strict=True)]
    seconds = Spread.of(added).median, Spread.of(took["bare"]).median
    return Result("sheet", store.name, ratios(added, took["bare"]), f"{seconds[0]:.2f} s / {seconds[1]:.2f} s")


def _rows(count: int) -> Iterator[list[str]]:
    """Return one loan row for each household, with dates spread over half a year and loans in all counties."""
    for number in range(count):
        signed_on = date(2016, 5, 9) + timedelta(days=number * 7 % 180)
        yield [
            f"HT-2016-{number:06d}",
            f"3607{number:08d}",
            "刘福",
            card_of(number),
            f"{10_000 + number % 81 * 500}.00",
            "4.75%",
            ("36", "48", "60")[number % 3],
            signed_on.isoformat(),
            (signed_on + timedelta(days=number % 5)).isoformat(),
            ("脐橙种植", "养鸡", "茶叶")[number % 3],
            "信用",
            "村委会、驻村工作队、乡镇",
        ]


def _headings() -> list[str]:
    zh = {column.name: column.zh for column in COLUMNS["loans"]}
    return [zh[name] for name in _NAMED]


def _csv(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([_headings(), *rows])
    return file.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[str]]) -> bytes:
    file = io.BytesIO()
    book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet()
    for number, row in enumerate([_headings(), *rows]):
        page.write_row(number, 0, row)
    book.close()
    return file.getvalue()


def _table(data: bytes) -> Any:
    return read_table("loans", read_sheet(data, "register"))


def _bare(data: bytes) -> list[Any]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def _register(engine: Engine, count: int) -> None:
    """Register the household and the head of household of every borrower in the loan register."""
    with engine.connect() as connection:
        counties = connection.execute(select(County.id).order_by(County.id)).scalars().all()
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        homes: list[Row] = [
            (
                number + 1,
                f"3607{number:08d}",
                counties[number % len(counties)],
                "叶坪镇",
                "大胜村",
                "general",
                date(2014, 5, 1),
                None,
            )
            for number in numbers
        ]
        heads: list[Row] = [
            (number + 1, number + 1, "刘福", card := card_of(number), date.fromisoformat(card[6:14]), "户主", True)
            for number in numbers
        ]
        with engine.begin() as connection:
            write_rows(connection, {_HOUSEHOLDS: homes, _MEMBERS: heads})


def _take_in(engine: Engine, data: bytes) -> None:
    intake.take_in(
        lambda: work(engine, user="officer", today=_TODAY, clock=_now), Importer("officer", _BANK), _table(data)
    )


def _now() -> datetime:
    return datetime.now(UTC)


_LENT = (
    "SELECT n.contract_no, n.county, n.household_id, n.member_id, n.principal_fen, n.annual_rate, n.benchmark_rate, "
    "n.term_months, n.signed_on, n.disbursed_on, n.due_on, n.rolled_on, n.next_step_on, n.endorsements, e.kind, "
    "e.effective_on, e.document, p.book, p.debit, p.credit, p.fen, f.rows, f.total FROM loans n "
    "JOIN events e ON e.loan_id = n.id JOIN entries v ON v.event_id = e.id JOIN postings p ON p.entry_id = v.id "
    "JOIN footers f ON f.entry_id = v.id ORDER BY n.contract_no, p.number"
)


def _lent(engine: Engine) -> list[Row]:
    """Return the loans and vouchers booked from the loan register, without ids and times of recording."""
    with replay.driver(engine) as raw:
        return list(raw.execute(_LENT))
