"""Tests that sheets as clerks make them are read exactly, or refused with the cell, the reason and the cure."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledger.errors import RuleViolation
from ledger.imports.quantities import Amount, Months, Rate
from ledger.imports.reading import SheetFaults, Table, read_sheet, read_table
from ledger.imports.units import MONTHLY_PER_MILLE, PERCENT, TEN_THOUSAND, YEARS
from ledger.policy.identifiers import identifier, person_name
from tests.support.sheet_files import codes_of, csv_of, loan_row, workbook

NAMES = {
    "contract_no": "合同编号",
    "registry_no": "户编号",
    "borrower_name": "借款人",
    "id_card": "身份证号",
    "principal": "贷款本金",
    "annual_rate": "年利率",
    "term_months": "期限月数",
    "signed_on": "签约日期",
    "disbursed_on": "放款日期",
    "purpose": "贷款用途",
}
HEAD = list(NAMES.values())


def line(**fields: Any) -> list[Any]:
    row = loan_row(**fields)
    return [row[name] for name in NAMES]


def read(data: bytes, kind: str = "loans", sheet: str = "") -> Table:
    return read_table(kind, read_sheet(data, "台账", sheet))


def headed(**headings: str) -> list[str]:
    return [headings.get(name, heading) for name, heading in NAMES.items()]


# 表头单位: heading, cell, amount in yuan or the refusal.
AMOUNTS = [
    ("贷款金额（万元）", "5", "50000.00"),
    ("贷款金额(万元)", 5.3, "53000.00"),
    ("贷款金额（千元）", "50", "50000.00"),
    ("贷款金额（元）", "50,000.00", "50000.00"),
    ("贷款金额", "5万元", "50000.00"),
    ("贷款金额", "5万", "50000.00"),
    ("贷款金额", "50000元", "50000.00"),
    ("贷款金额", "￥50,000", "50000.00"),
    ("贷款金额", "５００００", "50000.00"),
    ("贷款金额", 0.1 + 0.2, "0.30"),
    ("贷款金额（万元）", "5万元", "50000.00"),
    ("贷款金额（万元）", "50000元", "unit_contradicts"),
    ("贷款金额（元）", "5万元", "unit_contradicts"),
    ("贷款金额（美元）", "5", "unit_unknown"),
    ("贷款金额（大写）", "伍万元整", "unit_unknown"),
    ("贷款金额", "1.488,69", "amount_unfit"),
    ("贷款金额", "25,00", "amount_unfit"),
    ("贷款金额", "0.001", "amount_unfit"),
    ("贷款金额（万元）", "0.0000001", "amount_unfit"),
    ("贷款金额", "-5", "amount_unfit"),
]


@pytest.mark.parametrize(("heading", "cell", "wanted"), AMOUNTS)
def test_the_unit_of_an_amount(heading: str, cell: Any, wanted: str) -> None:
    told = outcome(heading, "principal", cell)
    assert (f"{told / 100:.2f}" if isinstance(told, int) else told) == wanted


RATES = [
    ("年利率", "4.75%", "0.0475"),
    ("年利率", "0.0475", "0.0475"),
    ("年利率（%）", "4.75", "0.0475"),
    ("年利率(%)", 4.75, "0.0475"),
    ("年利率%", "4.75", "0.0475"),
    ("年利率（‰）", "47.5", "0.0475"),
    ("月利率（‰）", "3.95", "0.0474"),
    ("年利率（%）", "0.0475", "rate_unfit"),
    ("年利率", "4.75", "rate_unfit"),
    ("利率（‰）", "3.95", "unit_unknown"),
    ("月利率", "0.00395", "unit_unknown"),
    ("月利率（%）", "0.395", "unit_unknown"),
]


@pytest.mark.parametrize(("heading", "cell", "wanted"), RATES)
def test_the_unit_of_a_rate(heading: str, cell: Any, wanted: str) -> None:
    assert str(outcome(heading, "annual_rate", cell)) == wanted


TERMS = [
    ("期限", "36", 36),
    ("期限（月）", "36", 36),
    ("贷款期限（年）", "3", 36),
    ("期限", "3年", 36),
    ("期限", "36个月", 36),
    ("期限（年）", "2.5", 30),
    ("期限（年）", "0.33", "whole_unfit"),
    ("期限（年）", "36个月", "unit_contradicts"),
]


@pytest.mark.parametrize(("heading", "cell", "wanted"), TERMS)
def test_the_unit_of_a_term(heading: str, cell: Any, wanted: int | str) -> None:
    assert outcome(heading, "term_months", cell) == wanted


def outcome(heading: str, name: str, cell: Any) -> Any:
    """Return the value of one cell under a heading in a workbook, or the code of the refusal."""
    try:
        table = read(workbook([headed(**{name: heading}), line(**{name: cell})]))
    except SheetFaults as refusal:
        return refusal.found[0].code
    return table.faults[0].code if table.faults else getattr(table.rows[0], name)


@pytest.mark.parametrize(
    ("case", "above", "wanted"),
    [
        ("a unit above the table", [["放款台账"], ["", "单位：万元"]], 5_000_000_000),
        ("in brackets", [["（单位：万元）"]], 5_000_000_000),
        ("an office, not a unit", [["单位：某农商银行"]], 500_000),
        ("an unknown unit", [["单位：百万元"]], "unit_unknown"),
    ],
)
def test_the_unit_above_the_table(case: str, above: list[list[str]], wanted: int | str) -> None:
    data = workbook([*above, HEAD, line(principal="5000")])
    assert said(lambda: read(data).rows[0].principal) == wanted


def test_a_line_of_units_below_the_head_counts_and_may_contradict_the_heading() -> None:
    units = ["", "", "", "", "（万元）", "%", "月", "", "", ""]
    row = read(workbook([HEAD, units, line(principal="5", annual_rate="4.75")])).rows[0]
    assert (row.principal, row.annual_rate) == (5_000_000, Decimal("0.0475"))
    with pytest.raises(SheetFaults) as refused:
        read(workbook([headed(principal="贷款本金（元）"), units, line()]))
    assert [(fault.cell, fault.code) for fault in refused.value.found] == [("E1", "unit_contradicts")]


IDENTIFIERS = [
    ("ht-2016-1", "HT-2016-1"),
    ("ＨＴ－2016 1", "HT-20161"),
    ("HT\u3000001", "HT001"),
    ("HT\u200b1", "U+200B"),
    ("HT\u20281", "U+2028"),
    ("\tHT1", "U+0009"),
    ("2.01605E+13", "2.01605E+13"),
    ("3E+05", "3E+05"),
    ("2016E05", "2016E05"),
]


@pytest.mark.parametrize(("typed", "wanted"), IDENTIFIERS)
def test_an_identifier_has_one_stored_form(typed: str, wanted: str) -> None:
    told = said(lambda: identifier(typed), by="found")
    assert told == wanted


def said(read_it: Callable[[], Any], by: str = "") -> Any:
    """Return a value, or the code of the refusal; with `by`, the refusal's fact of that name."""
    try:
        return read_it()
    except RuleViolation as refusal:
        return refusal.facts[by] if by else refusal.code


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("刘 福", "刘福"),
        ("刘　福 ", "刘福"),
        ("阿卜杜•买买提", "阿卜杜·买买提"),
        ("阿卜杜．买买提", "阿卜杜·买买提"),
        ("John  Smith", "John Smith"),
        ("瑞金 ABC 合作社", "瑞金ABC合作社"),
    ],
)
def test_a_name_has_one_stored_form(typed: str, wanted: str) -> None:
    assert person_name(typed) == wanted


def test_a_card_that_a_spreadsheet_may_have_rounded_is_refused_in_a_text_file_only() -> None:
    row = loan_row(id_card="362132197003150000")
    assert codes_of(read(csv_of("loans", [row])).faults) == [(2, "id_card", "digits_lost")]
    assert read(workbook([HEAD, line(id_card="362132197003150000")])).faults == []


def test_a_fault_names_cell_heading_reason_and_cure() -> None:
    table = read(workbook([["台账"], headed(principal="贷款金额（万元）"), line(principal="五万")]))
    (fault,) = table.faults
    assert (fault.cell, fault.heading, fault.row) == ("E3", "贷款金额（万元）", 3)
    assert "如 50000.00" in fault.zh


SHAPES: Mapping[str, Callable[[list[Any]], list[list[Any]]]] = {
    "a title, a unit and a line of the maker above the head": lambda one: [["放款台账"], ["填表人：李"], HEAD, one],
    "the table begins in another column and row": lambda one: [[], ["", "", "标题"], ["", "", *HEAD], ["", "", *one]],
    "totals and signatures below": lambda one: [HEAD, one, ["合计", "", "", "", 50000], ["制表：李", "审核：王"]],
    "a subtotal and a total": lambda one: [HEAD, one, ["小计", "", "", "", "50,000.00"], ["合 计", "", "", "", 50000]],
    "serial numbers printed in advance": lambda one: [["序号", *HEAD], [1, *one], [2], [3]],
    "the head repeated on the next page": lambda one: [HEAD, one, HEAD],
    "blank rows between": lambda one: [HEAD, [], one, ["", "  "]],
}


@pytest.mark.parametrize("case", list(SHAPES))
def test_the_table_is_found_in_its_surroundings(case: str) -> None:
    table = read(workbook(SHAPES[case](line())))
    assert (table.faults, len(table.rows), table.rows[0].principal) == ([], 1, 5_000_000)


def test_a_total_that_differs_from_its_rows_is_a_fault() -> None:
    table = read(workbook([HEAD, line(), line(), ["合计", "", "", "", 90000]]))
    assert [(fault.cell, fault.code) for fault in table.faults] == [("E4", "total_differs")]
    assert "90000.00" in table.faults[0].zh
    assert "100000.00" in table.faults[0].zh


def test_the_sums_of_each_amount_column_are_told() -> None:
    (total,) = read(workbook([headed(principal="金额（万元）".replace("金额", "贷款金额")), line(principal="5"),
                              line(principal="3.5")])).totals  # fmt: skip
    assert (total.unit, total.count, total.sum, total.smallest, total.largest) == ("万元", 2, 8500000, 3500000, 5000000)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("2016-5-10", date(2016, 5, 10)),
        ("2016/5/10", date(2016, 5, 10)),
        ("2016.5.10", date(2016, 5, 10)),
        ("20160510", date(2016, 5, 10)),
        ("2016年5月10日", date(2016, 5, 10)),
        ("２０１６－０５－１０", date(2016, 5, 10)),
        (datetime.fromisoformat("2016-05-10"), date(2016, 5, 10)),
        (datetime.fromisoformat("2016-05-10 08:00"), None),
        ("16-5-10", None),
        ("2016-05/10", None),
        (42500, None),
    ],
)
def test_a_date_is_read_in_every_usual_spelling(typed: Any, wanted: date | None) -> None:
    table = read(workbook([HEAD, line(disbursed_on=typed)]))
    if wanted is None:
        assert codes_of(table.faults) == [(2, "disbursed_on", "date_unfit")]
    else:
        assert table.rows[0].disbursed_on == wanted


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_file_of_any_usual_separator_and_encoding(separator: str, encoding: str) -> None:
    data = "\r\n".join(separator.join(row) for row in (HEAD, line())).encode(encoding)
    assert read(data).rows[0].principal == 5_000_000


@pytest.mark.parametrize(
    ("case", "data", "told"),
    [
        ("a web page", b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        ("a web page with its mark", b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "HTML"),
        ("XML", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', "XML"),
        ("a PDF", b"%PDF-1.7", "PDF"),
        ("a picture", b"\x89PNG\r\n", "图片"),
        ("an encrypted workbook", bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"), "密码"),
        ("an old document", bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "不是工作簿"),
        ("another archive", b"PK\x05\x06" + b"\0" * 18, "不是工作簿"),
        ("a workbook cut off", workbook([HEAD])[:900], "损坏"),
    ],
)
def test_what_is_no_sheet_is_refused_by_its_name(case: str, data: bytes, told: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        read(data)
    assert (refused.value.code, told in refused.value.say("zh")) == ("not_a_sheet", True)


def test_one_of_several_filled_pages_is_named() -> None:
    data = workbook([HEAD, line()], ("二月", [HEAD, line(principal="2"), line()]))
    with pytest.raises(RuleViolation) as refused:
        read(data)
    assert (refused.value.code, refused.value.facts["found"]) == ("several_sheets", ["数据", "二月"])
    assert len(read(data, sheet="二月").rows) == 2
    with pytest.raises(RuleViolation) as refused:
        read(data, sheet="三月")
    assert refused.value.code == "sheet_not_there"


def test_the_readers_of_quantities_use_the_unit_of_the_column() -> None:
    assert Amount().in_unit(TEN_THOUSAND)(5.0) == 5_000_000
    assert Rate().in_unit(PERCENT)(4.35) == Decimal("0.0435")
    assert Rate().in_unit(MONTHLY_PER_MILLE)("3.625") == Decimal("0.0435")
    assert Months().in_unit(YEARS)("3") == 36
