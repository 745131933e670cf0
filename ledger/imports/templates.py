"""Makes templates of sheets (导入模板), with columns formatted as text, notes on every column, and an example row."""

import csv
import io
from typing import Any

from xlsxwriter import Workbook

from ledger.imports.columns import COLUMNS, EXAMPLE, Column
from ledger.imports.workbooks import NOTES
from ledger.labels import label

_RULES = (
    "表头用这里的列名；列的先后不限，选填列可以删去。表头之上可以有标题和单位，之下可以有合计。",
    f"以“{EXAMPLE}”开头的示例行不会被导入，可以删去。",
    "编号、身份证号须按文本填写，存为数字会失真，将被拒绝；金额、利率、期限、日期可以是数字或日期。",
    "金额默认为元，表头可注明（元）（千元）（万元）；利率写作 4.75%，或在表头注明（%）后写 4.75。",
    "有一处错误，整张表都不登记；所有错误一次列出，改正后重新导入。已登记且内容相同的行自动跳过。",
)


def xlsx_template(kind: str) -> bytes:
    """Return the template of a kind of sheet as a workbook; raise KeyError for an unknown kind."""
    columns = COLUMNS[kind]
    file = io.BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    heading = book.add_format({"bold": True, "bg_color": "#DDE8F5", "border": 1, "num_format": "@"})
    text, example = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "font_color": "#888888"})
    page = book.add_worksheet(label("sheet", kind, "zh"))
    page.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        page.set_column(place, place, max(14, 2 * len(column.zh) + len(column.name)), text)
        page.write_string(0, place, column.heading, heading)
        page.write_string(1, place, _sample(place, column), example)
    _write_notes(book, columns, heading)
    book.close()
    return file.getvalue()


def csv_template(kind: str) -> bytes:
    """Return the template of a kind of sheet as csv in UTF-8 with a byte-order mark; raise KeyError if unknown."""
    columns = COLUMNS[kind]
    file = io.StringIO(newline="")
    lines = csv.writer(file)
    lines.writerow([column.heading for column in columns])
    lines.writerow([_sample(place, column) for place, column in enumerate(columns)])
    return file.getvalue().encode("utf-8-sig")


def _sample(place: int, column: Column) -> str:
    return f"{EXAMPLE}{column.sample}" if place == 0 else column.sample


def _write_notes(book: Workbook, columns: tuple[Column, ...], heading: Any) -> None:
    page = book.add_worksheet(NOTES)
    page.set_column(0, 1, 20)
    page.set_column(3, 3, 70)
    for place, title in enumerate(("列", "column", "必填", "填写要求")):
        page.write_string(0, place, title, heading)
    for number, column in enumerate(columns, 1):
        for place, cell in enumerate((column.zh, column.name, "是" if column.needed else "否", column.note)):
            page.write_string(number, place, cell)
    for number, rule in enumerate(_RULES, len(columns) + 2):
        page.write_string(number, 0, rule)
