"""Property tests: a random register in the dress of a random clerk is read back exactly."""

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from ledger.imports.reading import Table, read_sheet, read_table
from tests.sheets.test_as_clerks_make_them import NAMES
from tests.support.sheet_files import card_of

FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
UNITS = {"": 1, "（元）": 1, "（千元）": 1000, "(万元)": 10_000}


@dataclass(frozen=True)
class Loan:
    """One row of a register, as the ledger should read the row; the amount is in fen."""

    contract_no: str
    name: str
    fen: int
    rate: Decimal
    months: int
    day: date


@st.composite
def loans(draw: Any) -> Loan:
    return Loan(
        f"HT-{draw(st.integers(0, 10**9))}",
        draw(st.sampled_from(["刘福", "陈香", "阿卜杜·买买提", "John Smith"])),
        draw(st.integers(1, 10**9)),
        draw(st.sampled_from([Decimal("0.0475"), Decimal("0.0435"), Decimal("0.049")])),
        draw(st.integers(1, 60)),
        draw(st.dates(date(2016, 1, 1), date(2020, 12, 31))),
    )


@st.composite
def sheets(draw: Any) -> tuple[list[Loan], list[list[Any]], list[int], bool]:
    """Return a register, the lines of its sheet, the numbers of the hidden rows, and whether it is a text file."""
    register = draw(st.lists(loans(), min_size=1, max_size=6, unique_by=lambda loan: loan.contract_no))
    as_text = draw(st.booleans())
    unit, on_line = draw(st.sampled_from(list(UNITS))), draw(st.booleans())
    headings = NAMES | {"principal": f"贷款金额{'' if on_line else unit}", "annual_rate": "年利率（%）"}
    order = draw(st.permutations(list(NAMES)))
    left = draw(st.integers(0, 2))
    lines: list[list[Any]] = [["某行放款台账"], []][: draw(st.integers(0, 2))]
    if on_line and unit:
        lines.append(["", f"单位：{unit.strip('（）()')}"])
    lines.append([headings[name] for name in order])
    first = len(lines) + 1
    for number, loan in enumerate(register):
        cells = draw(cells_of(loan, number, UNITS[unit], as_text=as_text))
        lines.append([cells[name] for name in order])
    hidden = [first + place for place in range(len(register)) if draw(st.booleans())]
    if draw(st.booleans()):
        total = Decimal(sum(loan.fen for loan in register)) / 100 / UNITS[unit]
        words = {order[0]: "合计"} if order[0] not in ("principal",) else {}
        if words and order[0] not in ("contract_no", "registry_no"):
            lines.append([words.get(name, f"{total:f}" if name == "principal" else "") for name in order])
    if draw(st.booleans()):
        lines.append(["制表：李", "", "审核：王"])
    return register, [[""] * left + row if row else row for row in lines], hidden, as_text


@st.composite
def cells_of(draw: Any, loan: Loan, number: int, factor: int, *, as_text: bool) -> dict[str, Any]:
    """Return the cells of a loan, each in one of the spellings that clerks use."""
    yuan = Decimal(loan.fen) / 100 / factor
    day = loan.day
    days = [
        f"{day:%Y-%m-%d}",
        f"{day.year}-{day.month}-{day.day}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month:02d}.{day.day:02d}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
    ]
    plain = f"{yuan:f}"
    amounts: list[Any] = [plain, f" {plain} ", plain.translate(FULL_WIDTH), f"￥{plain}"]
    dates: list[Any] = [*days, days[0].translate(FULL_WIDTH)]
    months: list[Any] = [str(loan.months), f"{loan.months}个月"]
    if not as_text:
        amounts.append(yuan)  # A workbook stores the amount as a binary number.
        dates.append(day)
        months.append(loan.months)
    names = [loan.name, f" {loan.name} ", loan.name.replace("·", "•")]
    names += [f"{loan.name[0]} {loan.name[1]}"] if len(loan.name) == 2 else []
    numbers = [loan.contract_no, loan.contract_no.lower(), loan.contract_no.translate(FULL_WIDTH)]
    return {
        "contract_no": draw(st.sampled_from(numbers)),
        "registry_no": f"J{number}",
        "borrower_name": draw(st.sampled_from(names)),
        "id_card": card_of(number + 1),
        "principal": draw(st.sampled_from(amounts)),
        "annual_rate": f"{(loan.rate * 100).normalize():f}",
        "term_months": draw(st.sampled_from(months)),
        "signed_on": f"{day:%Y-%m-%d}",
        "disbursed_on": draw(st.sampled_from(dates)),
        "purpose": "脐橙",
    }


def file_of(lines: list[list[Any]], hidden: list[int], encoding: str, separator: str, *, as_text: bool) -> bytes:
    if as_text:
        quoted = [separator.join(f'"{cell}"' for cell in line) for line in lines]
        return "\r\n".join(quoted).encode(encoding)
    file = io.BytesIO()
    book = Workbook(file, {"in_memory": True, "default_date_format": "yyyy/m/d"})
    page = book.add_worksheet("台账")
    for number, line in enumerate(lines):
        for place, cell in enumerate(line):
            page.write_string(number, place, cell) if isinstance(cell, str) else page.write(number, place, cell)
        if number + 1 in hidden:
            page.set_row(number, options={"hidden": True})
    book.close()
    return file.getvalue()


@given(sheets(), st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]), st.sampled_from([",", "\t", ";"]))
def test_a_register_in_any_dress_is_read_back_exactly(
    made: tuple[list[Loan], list[list[Any]], list[int], bool], encoding: str, separator: str
) -> None:
    register, lines, hidden, as_text = made
    data = file_of(lines, hidden, encoding, separator, as_text=as_text)
    table = read_table("loans", read_sheet(data, "台账"))
    assert [fault.zh for fault in table.faults] == []
    assert loans_in(table) == register
    assert table.hidden == ([] if as_text else hidden)


def loans_in(table: Table) -> list[Loan]:
    return [
        Loan(row.contract_no, row.borrower_name, row.principal, row.annual_rate, row.term_months, row.disbursed_on)
        for row in table.rows
    ]
