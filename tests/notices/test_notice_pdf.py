"""Tests of the printed notice: its text, no missing glyph, one page per notice, and equal bytes for equal facts."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.exports.notice_pdf import in_capitals, render
from ledger.money import Fen
from tests.notices.letters import glyphs, letter, texts, without_ink


@pytest.mark.parametrize(
    "case, facts, said, unsaid",
    [
        (
            "a household's first notice",
            {},
            [
                "还款催收通知书",
                "第一次通知",
                "编号：HT2016-000123-20190510-1",
                "刘福（居民身份证号码：3607**********1234）：",
                "地址：瑞金市叶坪镇大胜村",
                "2019年5月10日到期",
                "编号：HT2016-000123（2016年5月9日签订）",
                "借款本金50,000.00元人民币伍万元整",
                "贷款余额50,000.00元人民币伍万元整（截至2019年4月10日）",
                "至到期日利息329.86元人民币叁佰贰拾玖元捌角陆分",
                "到期应还合计50,329.86元人民币伍万零叁佰贰拾玖元捌角陆分",
                "年利率4.75%",
                "自2019年5月10日起按年利率7.125%计收罚息，对未付利息计收复利",
                "书面申请",
                "财政贴息",
                "赣州农村商业银行（农信社）（盖章）",
                "回执",
                "签收人（签字或按指印）",
                "签收日期",
                "与借款人关系",
                "送达方式",
                "送达人（签字）",
                "见证人（签字）",
            ],
            ["作废", "注：", "暂收款", "复利1", "顺延", "展期后"],
        ),
        (
            "an organisation's second",
            {
                "is_organisation": True,
                "borrower": "瑞金脐橙合作社",
                "identity": "93360781MA00000012",
                "kind": "D7",
            },
            ["第二次通知", "瑞金脐橙合作社（统一社会信用代码：93360781MA00000012）", "贵单位", "签收人（签字、盖章）"],
            ["居民身份证"],
        ),
        (
            "lines not paid, and money kept",
            {"unpaid": Fen(60694), "charges": Fen(123), "credit": Fen(10000)},
            [
                "936.80元",
                "（其中已结未付606.94元，其余329.86元）",
                "罚息、复利1.23元",
                "减：暂收款100.00元",
                "50,838.03元",
            ],
            [],
        ),
        (
            "a due day that is a holiday",
            {"due_on": date(2019, 10, 1), "payable_on": date(2019, 10, 8)},
            ["可顺延至2019年10月8日，", "自2019年10月8日起按年利率"],
            ["暂定"],
        ),
        (
            "in a year not published",
            {"due_on": date(2027, 10, 2), "payable_on": date(2027, 10, 4), "provisional": True},
            ["可顺延至2027年10月4日（节假日安排公布前暂定）"],
            [],
        ),
        ("on a working day of such a year", {"provisional": True}, ["节假日安排尚未公布"], ["顺延至"]),
        ("after an extension", {"extended": True, "may_extend": False}, ["（展期后）到期"], ["书面申请"]),
        ("without subsidy or compound", {"subsidised": False, "compounds": False}, ["计收罚息；"], ["贴息", "复利"]),
        (
            "made when the day was over",
            {"made_on": date(2019, 5, 11)},
            ["已于2019年5月10日到期", "2019年5月11日出具"],
            [],
        ),
        ("cancelled", {"cancelled_on": date(2019, 4, 20)}, ["作废"], []),
    ],
)
def test_a_notice_says_what_it_must(case: str, facts: Mapping[str, Any], said: list[str], unsaid: list[str]) -> None:
    (page,) = texts(render([letter(**facts)]))
    assert [words for words in said if words not in page] == []
    assert [words for words in unsaid if words in page] == []


@pytest.mark.parametrize(
    "case, name",
    [
        ("extension A", "张㐂㑇䶮"),
        ("extension B", "王𠮷𠅤𣲘"),
        ("extensions C to F, in the table of names", "李𫖯𬭎𬱟𬬻"),
        ("a people's dot", "阿卜杜·热合曼"),
        ("traditional and full-width signs", "劉國華（ＡＢ）龘"),
    ],
)
def test_a_rare_name_is_drawn_whole(case: str, name: str) -> None:
    pdf = render([letter(borrower=name)])
    assert texts(pdf)[0].count(name) >= 2, "in the letter and on the slip"
    assert 0 not in (drawn := set(glyphs(pdf)))
    assert len(drawn) > 100
    assert without_ink(pdf, name) == dict.fromkeys(name, 0)


@pytest.mark.parametrize(
    "case, name, shown, named",
    [
        ("a sign no font has", "王𪚥", "王〓", "U+2A6A5"),
        ("two of them", "王𪚥𠀀𪚥", "王〓〓〓", "U+2A6A5、U+20000"),
        ("a private sign", "李\ue001", "李〓", "U+E001"),
        ("one that is not seen", "李\u200b明", "李〓明", "U+200B"),
        ("a picture", "李😀", "李〓", "U+1F600"),
    ],
)
def test_a_sign_no_font_has_is_marked_and_named(case: str, name: str, shown: str, named: str) -> None:
    pdf = render([letter(borrower=name)])
    page = texts(pdf)[0]
    assert f"{shown}（居民身份证号码" in page
    assert f"注：“〓”处为字库所无之字（{named}）" in page
    assert without_ink(pdf, "〓") == {"〓": 0}


def test_the_mark_itself_in_a_name_is_printed_as_it_is() -> None:
    assert "注：" not in texts(render([letter(borrower="王〓")]))[0]


def test_what_is_typed_is_never_taken_for_commands() -> None:
    name = "#panic[$x$] *_`@\\u{41}\"'"
    assert name.replace(" ", "") in texts(render([letter(borrower=name)]))[0]


_WORDS = st.text(alphabet="瑞金龙鑫國AX19-w 𠮷𪚥", min_size=1)
_FENS = st.sampled_from([0, 1, 60694, 99999999, 12345678999]).map(Fen)


@settings(max_examples=15)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "borrower": st.one_of(_WORDS.map(lambda text: text[:120]), st.just("瑞" * 120), st.just("W" * 120)),
                "contract_no": st.sampled_from(["1", "HT-1", "合" * 60, "W" * 60]),
                "number": st.sampled_from(["1", "W" * 71, "合" * 71]),
                "address": st.sampled_from(["村", "镇" * 130]),
                "bank": st.sampled_from(["赣州银行", "银" * 60]),
                "is_organisation": st.booleans(),
                "extended": st.booleans(),
                "may_extend": st.booleans(),
                "provisional": st.booleans(),
                "payable_on": st.sampled_from([date(2019, 5, 10), date(2019, 5, 13)]),
                "principal": _FENS,
                "balance": _FENS,
                "unpaid": _FENS,
                "charges": _FENS,
                "credit": _FENS,
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_notice_is_one_page_whatever_it_says(facts: list[dict[str, Any]]) -> None:
    pdf = render([letter(**each) for each in facts])
    pages = texts(pdf)
    assert len(pages) == len(facts)
    assert all("还款催收通知书" in page and "见证人" in page for page in pages)
    assert 0 not in (drawn := set(glyphs(pdf)))
    assert len(drawn) > 100


def test_the_same_facts_give_the_same_bytes_in_another_process() -> None:
    papers = [letter(), letter(borrower="王𪚥", made_on=date(2019, 4, 11))]
    program = (
        "import hashlib; from datetime import date; from ledger.exports.notice_pdf import render\n"
        "from tests.notices.letters import letter\n"
        "papers = [letter(), letter(borrower='王𪚥', made_on=date(2019, 4, 11))]\n"
        "print(hashlib.sha256(render(papers)).hexdigest())"
    )
    run = [sys.executable, "-X", "utf8", "-c", program]
    other = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    assert hashlib.sha256(render(papers)).hexdigest() == other
    assert render(papers) == render(papers)
    assert render(papers) != render([papers[0], letter(borrower="王𪚥", made_on=date(2019, 4, 12))])


def test_a_day_of_many_notices_is_one_document_in_their_order() -> None:
    papers = [letter(number=f"HT-{number:04d}", borrower="王㐂" if number % 2 else "𠮷") for number in range(230)]
    pdf = render(papers)
    assert pdf == render(papers)
    pages = texts(pdf)
    assert [f"编号：HT-{number:04d}" in page for number, page in enumerate(pages)] == [True] * 230
    with pikepdf.open(BytesIO(pdf)) as document:
        assert len(document.pages) == 230
        _assert_archival(document)


def test_a_notice_is_an_a4_page_fit_for_the_archive() -> None:
    with pikepdf.open(BytesIO(render([letter()]))) as document:
        _, _, width, height = (Decimal(str(side)) for side in document.pages[0].mediabox)
        assert (int(width), int(height)) == (595, 841)
        _assert_archival(document)


def _assert_archival(document: pikepdf.Pdf) -> None:
    """Assert that a document is PDF/A-2b, with an output colour profile and with all fonts embedded."""
    with document.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "B")
        assert metadata["dc:title"] == "还款催收通知书"
        assert metadata["xmp:CreateDate"].startswith("2019-04-")
    assert len(document.Root.OutputIntents) == 1
    for page in document.pages:
        for font in page.Resources.Font.values():
            assert {"/FontFile2", "/FontFile3"} & set(font.DescendantFonts[0].FontDescriptor.keys())


def test_nothing_is_no_document() -> None:
    with pytest.raises(ValueError, match="no notice"):
        render([])


@pytest.mark.parametrize(
    "case, fen, capitals",
    [
        ("nothing", 0, "零元整"),
        ("a fen", 1, "壹分"),
        ("tens of fen end without 整", 50, "伍角"),
        ("a yuan and fen, zero between", 105, "壹元零伍分"),
        ("zero within", 10_000_550, "壹拾万零伍元伍角"),
        ("a household's loan", 5_000_000, "伍万元整"),
        ("an organisation's", 100_000_000, "壹佰万元整"),
        ("every digit", 12_345_678_912, "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元壹角贰分"),
        ("round tens", 1_000, "壹拾元整"),
        ("thousands and a zero", 2_000_030_040, "贰仟万零叁佰元肆角"),
    ],
)
def test_an_amount_in_capitals(case: str, fen: int, capitals: str) -> None:
    assert in_capitals(Fen(fen)) == f"人民币{capitals}"
