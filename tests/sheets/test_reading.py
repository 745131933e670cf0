"""Tests that encodings, headings and cells of imported files are checked strictly.

A file that is not a sheet is refused with one error only.
"""

import gc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import RuleViolation
from ledger.imports import limits, reading
from ledger.imports.cells import day
from ledger.imports.columns import COLUMNS, EXAMPLE
from ledger.imports.quantities import Amount, Months, Rate
from ledger.imports.reading import SheetFaults, Table, read_sheet, read_table
from ledger.imports.templates import csv_template, xlsx_template
from ledger.imports.workbooks import NOTES
from tests.support.sheet_files import codes_of, csv_of, loan_row, paid_row, workbook, xlsx_of

ONE = loan_row()
LINE = [ONE[column.name] for column in COLUMNS["loans"] if column.name in ONE]
NAMES = [column.name for column in COLUMNS["loans"] if column.name in ONE]


def read(data: bytes, kind: str = "loans") -> Table:
    return read_table(kind, read_sheet(data, "sheet"))


@pytest.mark.parametrize(
    "case, data",
    [
        ("csv in UTF-8 with its mark", csv_of("loans", [ONE], "utf-8-sig")),
        ("csv in UTF-8 without", csv_of("loans", [ONE], "utf-8")),
        ("csv as Chinese spreadsheets save it", csv_of("loans", [ONE], "gb18030")),
        ("xlsx", xlsx_of("loans", [ONE])),
    ],
)
def test_the_same_rows_come_out_of_every_kind_of_file(case: str, data: bytes) -> None:
    assert read(data).rows == read(csv_of("loans", [ONE])).rows
    assert read(data).rows[0][:4] == (ONE["contract_no"], ONE["registry_no"], None, "刘福")


@pytest.mark.parametrize(
    "case, data, code",
    [
        ("nothing at all", b"", "sheet_empty"),
        ("a heading alone", csv_of("loans", [ONE]).splitlines()[0], "sheet_empty"),
        ("blank rows alone", csv_of("loans", [ONE]).splitlines()[0] + b"\n,,,\n \n", "sheet_empty"),
        ("the old xls", bytes.fromhex("D0CF11E0A1B11AE1") + b"0" * 500, "not_a_sheet"),
        ("a zip that is no workbook", b"PK\x03\x04" + b"0" * 500, "not_a_sheet"),
        ("bytes of no encoding", "合同编号\n".encode("gb18030") + b"\xff\xff\n", "sheet_encoding"),
        ("UTF-16 without its mark", "合同编号,户编号\n1,2".encode("utf-16-le"), "not_a_sheet"),
        ("a quote never closed", b'contract_no\n"HT-1\n', "not_a_sheet"),
        ("a NUL in it", b"contract_no\nHT\x001\n", "not_a_sheet"),
        ("two pages with something on them", workbook([NAMES, LINE], ("二月", [["HT-2"]])), "several_sheets"),
    ],
)
def test_what_is_no_sheet_is_refused_as_a_whole(case: str, data: bytes, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        read(data)
    assert refused.value.code == code


def test_a_sheet_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ROWS_MAX", 3)
    rows = [loan_row() for _ in range(4)]
    for data in (csv_of("loans", rows), xlsx_of("loans", [*rows, *rows])):
        with pytest.raises(limits.SheetTooLarge) as refused:
            read(data)
        assert refused.value.facts["unit"] == "rows"
    monkeypatch.setattr(limits, "FILE_BYTES_MAX", 100)
    with pytest.raises(limits.SheetTooLarge):
        read(csv_of("loans", rows))
    monkeypatch.setattr(limits, "FILE_BYTES_MAX", 10**6)
    monkeypatch.setattr(limits, "UNPACKED_BYTES_MAX", 1000)
    with pytest.raises(limits.SheetTooLarge) as refused:
        read(xlsx_of("loans", rows[:2]))
    assert refused.value.facts["unit"] == "bytes unpacked"


def test_a_page_of_notes_and_empty_pages_are_no_second_table() -> None:
    assert len(read(workbook([NAMES, LINE], (NOTES, [["怎么填"]]), ("空", []))).rows) == 1


@pytest.mark.parametrize(
    "case, names, faults",
    [
        ("a column missing", [*NAMES[:-1], ""], [(1, "purpose", "column_missing")]),
        ("a column twice, in two languages", [*NAMES, "贷款用途"], [(1, "purpose", "column_twice")]),
        ("a column of another sheet", [*NAMES, "带动方式"], [(1, "带动方式", "column_unknown")]),
        (
            "neither household nor organisation",
            ["x" if name == "registry_no" else name for name in NAMES],
            [(1, "x", "column_unknown"), (1, "registry_no", "column_missing")],
        ),
        (
            "several things wrong",
            ["合同", *NAMES[1:], "用途"],
            [(1, "合同", "column_unknown"), (1, "contract_no", "column_missing"), (1, "purpose", "column_twice")],
        ),
    ],
)
def test_headings_that_do_not_fit_are_told_together(
    case: str, names: list[str], faults: list[tuple[int, str, str]]
) -> None:
    with pytest.raises(SheetFaults) as refused:
        read(workbook([names, [*LINE, "更多"]]))
    assert codes_of(refused.value.found) == faults


@pytest.mark.parametrize(
    "case, heading",
    [
        ("with its unit in brackets", "贷款本金（元）"),
        ("with a star", "* 贷款本金"),
        ("another word", "借款金额"),
        ("English", "Principal"),
        ("English, spaced", "PRINCIPAL (yuan)"),
        ("as in the template", "贷款本金 principal"),
    ],
)
def test_a_heading_is_known_by_many_names(case: str, heading: str) -> None:
    assert read(csv_of("loans", [ONE], heading={"principal": heading})).rows[0][5] == 5_000_000


def test_columns_stand_in_any_order_and_serial_numbers_and_remarks_are_left_aside() -> None:
    names, line = ["备注", *reversed(NAMES), "序号"], ["好", *reversed(LINE), "1"]
    assert read(workbook([names, line])).rows == read(csv_of("loans", [ONE])).rows


def test_rows_keep_the_sheets_own_numbers_past_blank_lines_and_line_breaks_in_cells() -> None:
    rows = [ONE, loan_row(purpose="脐橙\n种植"), loan_row(principal="x")]
    data = csv_of("loans", rows).replace(b"\r\n", b"\r\n\r\n", 1)
    assert codes_of(read(data).faults) == [(4, "purpose", "text_unfit"), (5, "principal", "amount_unfit")]
    lines = [[], [""], NAMES, LINE, [], [*LINE[:4], "x", *LINE[5:]]]
    assert codes_of(read(workbook(lines)).faults) == [(6, "principal", "amount_unfit")]


def test_a_row_longer_than_the_heading_is_a_fault_and_a_shorter_one_has_empty_cells() -> None:
    short, long = ",".join(LINE[:5]), ",".join([*LINE, "", "多"])
    data = f"{','.join(NAMES)}\n{short}\n{long}\n{','.join([*LINE, '', ''])}\n".encode()
    assert codes_of(read(data).faults) == [
        *((2, name, "cell_empty") for name in NAMES[5:]),
        (3, "", "row_too_long"),
    ]


def test_identifiers_kept_as_numbers_are_refused() -> None:
    floats = {"contract_no": 20160001, "registry_no": 360781000001, "id_card": 360781198005010019}
    faults = read(xlsx_of("loans", [ONE | floats])).faults
    assert codes_of(faults) == [(2, name, "number_not_text") for name in floats]
    assert "360781198005010019" not in " ".join(fault.zh + str(fault.facts) for fault in faults)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        (50000, 5_000_000),
        (50000.1, 5_000_010),
        (277.08, 27_708),
        (0.29, 29),
        (1234567890.12, 123_456_789_012),
        (277.085, None),
        (-5, None),
        (1e20, None),
    ],
)
def test_an_amount_kept_as_a_number_is_what_was_typed_or_refused(typed: Any, fen: int | None) -> None:
    table = read(xlsx_of("loans", [ONE | {"principal": typed, "annual_rate": 0.0475}]))
    if fen is None:
        assert codes_of(table.faults) == [(2, "principal", "amount_unfit")]
    else:
        assert (table.faults, table.rows[0][5], str(table.rows[0][6])) == ([], fen, "0.0475")


def test_whole_months_and_real_dates_may_come_from_a_workbook() -> None:
    table = read(xlsx_of("loans", [ONE | {"term_months": 36, "signed_on": date(2016, 5, 9)}]))
    assert table.faults == []
    assert table.rows[0][7:9] == (36, date(2016, 5, 9))


def test_what_looks_like_a_formula_is_a_text_and_a_formula_is_what_it_came_to() -> None:
    table = read(csv_of("loans", [ONE | {"purpose": '=HYPERLINK("http://example.org")'}]))
    assert table.rows[0][10] == '=HYPERLINK("http://example.org")'
    assert table.faults == []


@pytest.mark.parametrize(
    "case, reader, cell, value",
    [
        ("two decimals", Amount(), "50000.00", 5_000_000),
        ("no decimals", Amount(), "50000", 5_000_000),
        ("one decimal", Amount(), "0.5", 50),
        ("grouped", Amount(), "1,050,000.01", 105_000_001),
        ("blanks around", Amount(), " 20000.00\u3000", 2_000_000),
        ("grouped wrongly", Amount(), "50,00.00", None),
        ("parts of a fen", Amount(), "0.001", None),
        ("below zero", Amount(), "-1.00", None),
        ("with a sign", Amount(), "¥50000", 5_000_000),
        ("with an exponent", Amount(), "5e4", None),
        ("full-width digits", Amount(), "５００００", 5_000_000),
        ("a number as it was typed", Amount(), 50000.0, 5_000_000),
        ("a number within a millionth of a fen", Amount(), 0.1 + 0.2, 30),
        ("a percentage", Rate(), "4.75%", Decimal("0.0475")),
        ("a fraction", Rate(), "0.0475", Decimal("0.0475")),
        ("a percentage without its sign", Rate(), "4.75", None),
        ("a rate too fine", Rate(), "4.1234567%", None),
        ("nonsense", Rate(), "基准", None),
        ("ISO", day, "2016-05-10", date(2016, 5, 10)),
        ("slashes", day, "2016/5/10", date(2016, 5, 10)),
        ("Chinese", day, "2016年5月10日", date(2016, 5, 10)),
        ("a workbook's day", day, datetime.fromisoformat("2016-05-10"), date(2016, 5, 10)),
        ("a workbook's moment", day, datetime.fromisoformat("2016-05-10 08:30"), None),
        ("the American way", day, "5/10/2016", None),
        ("a short year", day, "16-05-10", None),
        ("no such day", day, "2016-02-30", None),
        ("a serial number", day, 42500.0, None),
        ("a serial number as text", day, "42500", None),
        ("text", Months(), "36", 36),
        ("a number", Months(), 36.0, 36),
        ("half a month", Months(), 36.5, None),
        ("a yes", Months(), True, None),
        ("words", Months(), "三年", None),
    ],
)
def test_a_cell_says_one_thing_or_is_refused(case: str, reader: Any, cell: Any, value: Any) -> None:
    if value is None:
        with pytest.raises(RuleViolation):
            reader(cell)
    else:
        assert reader(cell) == value


def test_the_same_cell_read_as_a_number_and_as_a_yes_is_not_confused() -> None:
    rows = [loan_row(term_months=cell) for cell in (1, True, "1")]
    assert codes_of(read(xlsx_of("loans", rows)).faults) == [(3, "term_months", "whole_unfit")]


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_a_template_is_read_by_its_own_columns_and_its_example_is_left_out(kind: str) -> None:
    for data in (xlsx_template(kind), csv_template(kind)):
        with pytest.raises(reading.SheetEmpty):
            read(data, kind)
        sheet = read_sheet(data, "template")
        sheet.page.rows[1][0] = sheet.page.rows[1][0].removeprefix(EXAMPLE)
        table = read_table(kind, sheet)
        assert table.faults == []
        assert table.given == {column.name for column in COLUMNS[kind]}


def test_the_defaults_of_columns_left_out_or_empty() -> None:
    assert read(csv_of("loans", [ONE])).rows[0][11:] == ("ganzhou-2016", "credit", None, ())
    given = ONE | {"scheme": "", "security": "保证", "endorsements": "乡镇、村委会"}
    assert read(csv_of("loans", [given])).rows[0][11:] == (
        "ganzhou-2016",
        "guarantee",
        None,
        ("village_committee", "township"),
    )
    assert read(csv_of("repayments", [paid_row(ONE)]), "repayments").rows[0][-1] == "credit"


def test_the_page_on_imports_names_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "imports.md").read_text("utf-8")
    for kind, columns in COLUMNS.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{kind}`")]
        assert [column.name for column in columns if column.name not in line] == []


def test_the_collector_runs_again_whatever_came_of_a_sheet() -> None:
    with pytest.raises(reading.SheetEmpty):
        read(b"")
    read(csv_of("loans", [ONE]))
    assert gc.isenabled()
