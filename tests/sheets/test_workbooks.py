"""Tests of what a workbook shows beside its values: hidden rows, merged cells, formats, hidden pages, and its size."""

import io
import resource
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from ledger.errors import RuleViolation
from ledger.imports.reading import Table, read_sheet, read_table
from ledger.imports.workbooks import pages_of
from ledger.imports.xlsx_scan import column_letters, column_number
from tests.sheets.test_as_clerks_make_them import HEAD, NAMES, line
from tests.support.sheet_files import codes_of, loan_row, workbook

Draw = Callable[[Any, Any], None]


def made(draw: Draw, **options: Any) -> bytes:
    """Return a workbook that `draw` fills: the function gets the workbook and its first page."""
    file = io.BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, **options})
    draw(book, book.add_worksheet("台账"))
    book.close()
    return file.getvalue()


def write(page: Any, rows: list[list[Any]]) -> None:
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)


def read(data: bytes, kind: str = "loans") -> Table:
    return read_table(kind, read_sheet(data, "台账"))


def test_hidden_and_filtered_rows_are_read_and_told() -> None:
    def draw(_book: Any, page: Any) -> None:
        write(page, [HEAD, *(line() for _ in range(4))])
        page.set_row(2, options={"hidden": True})
        page.set_row(4, None, None, {"hidden": True})

    table = read(made(draw))
    assert (len(table.rows), table.hidden) == (4, [3, 5])
    assert [note.told("zh") for note in table.notes()] == ["第 3、5 行（共 2 行）被隐藏，也已读入"]


def test_a_vertically_merged_cell_holds_for_all_its_rows() -> None:
    names = ["户编号", "县", "乡镇", "村", "贫困户属性", "建档立卡日期", "姓名", "身份证号", "与户主关系"]
    people = [("刘福", "362132197003155019", "户主"), ("陈香", "362132197003155027", "配偶")]

    def draw(book: Any, page: Any) -> None:
        page.write_row(0, 0, names)
        for place, value in enumerate(("I10", "360781", "镇", "村", "一般贫困户", "2014-05-01")):
            page.merge_range(1, place, 2, place, value, book.add_format())
        for number, person in enumerate(people, 1):
            page.write_row(number, 6, person)

    table = read(made(draw), "households")
    assert table.faults == []
    assert [(row.registry_no, row.town, row.name) for row in table.rows] == [
        ("I10", "镇", "刘福"),
        ("I10", "镇", "陈香"),
    ]


def test_a_percent_cell_under_a_percent_heading_is_refused() -> None:
    def draw(book: Any, page: Any) -> None:
        head = [("年利率（%）" if cell == "年利率" else cell) for cell in HEAD]
        write(page, [head, line(annual_rate=4.75), line()])
        page.write_number(2, HEAD.index("年利率"), 4.75, book.add_format({"num_format": "0.00%"}))

    assert codes_of(read(made(draw)).faults) == [(3, "annual_rate", "rate_unfit")]


@pytest.mark.parametrize("format", ["yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"', "[$-804]yyyy/m/d", "m/d/yy"])
@pytest.mark.parametrize("epoch", [False, True])
def test_a_real_date_of_any_format_and_epoch(format: str, epoch: bool) -> None:
    def draw(book: Any, page: Any) -> None:
        write(page, [HEAD, line()])
        shown = book.add_format({"num_format": format})
        page.write_datetime(1, HEAD.index("放款日期"), date(2016, 5, 10), shown)

    assert read(made(draw, date_1904=epoch)).rows[0].disbursed_on == date(2016, 5, 10)


def test_hidden_pages_and_those_of_wps_are_left_out() -> None:
    def draw(book: Any, page: Any) -> None:
        write(page, [HEAD, line()])
        for name in ("字典", "WpsReserved_CellImgList"):
            other = book.add_worksheet(name)
            other.write_row(0, 0, ["一般贫困户"])
            other.hide() if name == "字典" else None

    assert len(read(made(draw)).rows) == 1


def formatted_to_the_end(book: Any, page: Any) -> None:
    """Fill a page as WPS does, whose empty formatted rows reach the last row of a page."""
    write(page, [HEAD, line()])
    shown = book.add_format({"bold": True})
    for number in (5, 1_048_575):
        page.write_blank(number, 0, None, shown)
    page.write_blank(3, 16_383, None, shown)


def test_empty_formatted_cells_never_count() -> None:
    assert len(read(made(formatted_to_the_end)).rows) == 1


def bombed(part: str, fill: bytes, times: int) -> bytes:
    """Return a workbook one part of which unpacks to `times` repetitions of some bytes."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([HEAD, line()]))) as good,
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for name in good.namelist():
            if name == part:
                with bad.open(name, "w") as out:
                    out.write(good.read(name)[:-20])
                    for _ in range(times):
                        out.write(fill)
            else:
                bad.writestr(name, good.read(name))
    return data.getvalue()


def far(row: int, column: int) -> bytes:
    def draw(_book: Any, page: Any) -> None:
        write(page, [HEAD, line()])
        page.write_string(row, column, "x")

    return made(draw)


def many_pages(book: Any, page: Any) -> None:
    write(page, [HEAD])
    for number in range(120):
        book.add_worksheet(f"{number}")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a value in the last column": lambda: far(3, 16_383),
    "a value in the last row": lambda: far(1_048_575, 0),
    "a sheet of blanks": lambda: bombed("xl/worksheets/sheet1.xml", b" " * 2**20, 400),
    "shared strings of blanks": lambda: bombed("xl/sharedStrings.xml", b" " * 2**20, 400),
    "styles of blanks": lambda: bombed("xl/styles.xml", b" " * 2**20, 400),
    "a list of pages of blanks": lambda: bombed("xl/workbook.xml", b" " * 2**20, 400),
    "a hundred pages and more": lambda: made(many_pages),
}


@pytest.mark.parametrize("case", list(HOSTILE))
def test_a_hostile_workbook_is_refused_quickly_and_with_little_memory(case: str) -> None:
    data = HOSTILE[case]()
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(RuleViolation) as refused:
        read(data)
    assert refused.value.code in ("sheet_too_large", "not_a_sheet")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 150, f"{grown:.0f} MB in {time.perf_counter() - start:.1f} s"


@given(cut=st.integers(0, 6000), flipped=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), max_size=4))
def test_a_damaged_workbook_is_read_or_refused_and_never_stops_the_service(
    cut: int, flipped: list[tuple[int, int]]
) -> None:
    data = bytearray(_GOOD[: len(_GOOD) - cut % len(_GOOD)] if cut % 3 == 0 else _GOOD)
    for place, value in flipped:
        if data:
            data[place % len(data)] = value
    with suppress(RuleViolation):  # Any other exception, a panic of the library included, fails the test.
        pages_of(bytes(data))


_GOOD = workbook([HEAD, [loan_row()[name] for name in NAMES]])


@given(st.integers(1, 16_384))
def test_letters_and_numbers_of_columns_agree(number: int) -> None:
    assert column_number(column_letters(number)) == number


def ods(rows: list[list[str]], repeated: int = 1) -> bytes:
    """Return an OpenDocument spreadsheet with one page; the last row is repeated `repeated` times."""
    cells = [
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        for row in rows
    ]
    lines = [f"<table:table-row>{row}</table:table-row>" for row in cells[:-1]]
    lines.append(f'<table:table-row table:number-rows-repeated="{repeated}">{cells[-1]}</table:table-row>')
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{names}office:1.0" '
        f'xmlns:table="{names}table:1.0" xmlns:text="{names}text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="台账">{"".join(lines)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{names}manifest:1.0"/>')
        packed.writestr("content.xml", content)
    return file.getvalue()


def test_a_format_without_hidden_rows_is_read_by_a_child_process_and_says_so() -> None:
    table = read(ods([HEAD, line()]))
    assert (table.rows[0].principal, table.hidden) == (5_000_000, None)
    assert [note.told("zh") for note in table.notes()] == ["此格式看不出哪些行被隐藏，隐藏的行也已读入"]


@pytest.mark.parametrize("repeated", [500_000, 10**9])
def test_a_row_repeated_without_end_stops_only_the_child(repeated: int) -> None:
    with pytest.raises(RuleViolation) as refused:
        read(ods([HEAD, line()], repeated))
    assert refused.value.code in ("sheet_too_large", "not_a_sheet")
