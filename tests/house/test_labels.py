"""Tests that every code that is stored or sent has a Chinese and an English name."""

import ast
import re
from collections.abc import Iterable
from enum import StrEnum

import pytest

from jobs import daily
from jobs.timetable import JOBS
from ledger import chart, events, labels, statuses
from ledger.cli.contacts import COLUMNS as CONTACT_COLUMNS
from ledger.imports.columns import COLUMNS
from ledger.operations.approvals.decisions import DECISIONS
from ledger.operations.notices.delivery import _MEDIA
from ledger.operations.notices.sending import CHANNELS, SENDING_STATUSES
from ledger.operations.registry import borrowers, users
from ledger.policy.schemes import load_preset, presets
from ledger.policy.subsidy import BY_THE_BORROWER, NEVER
from tests.support.refusals import strange_words
from tests.support.sources import product

STEPS = {
    word
    for kind in vars(statuses).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__name__.endswith("Step")
    for word in kind
}


def test_every_name_is_chinese_in_chinese_and_not_in_english() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    names = {(subject, code): said for subject, table in labels.SUBJECTS.items() for code, said in table.items()}
    bare = {("rate_table", "lpr"), *(("format", code) for code in labels.SUBJECTS["format"])}
    bare |= {("media_type", code) for code in labels.SUBJECTS["media_type"]}
    assert [key for key, said in names.items() if not chinese.search(said.zh) and key not in bare] == []
    assert [key for key, said in names.items() if chinese.search(said) or not said] == []
    assert [key for key, said in names.items() if strange_words(said.zh)] == []


@pytest.mark.parametrize(
    "subject, codes",
    [
        ("event", events.TYPES),
        ("loan_status", statuses.LoanStatus),
        ("claim_status", statuses.ClaimStatus),
        ("subsidy_batch_status", statuses.BatchStatus),
        ("fund_plan_status", statuses.PlanStatus),
        ("issuance_report_status", statuses.ReportStatus),
        ("import_status", statuses.SheetStatus),
        ("approval_status", statuses.RequestStatus),
        ("sending_status", SENDING_STATUSES),
        ("step", STEPS),
        ("role", users.Role),
        ("request", DECISIONS),
        ("job", [daily.NAME, *JOBS]),
        ("channel", CHANNELS),
        ("payer", BY_THE_BORROWER | NEVER),
        ("sheet", COLUMNS),
        ("category", borrowers.CATEGORIES),
        ("organisation_kind", borrowers.ORGANISATION_KINDS),
        ("link_kind", borrowers.LINK_KINDS),
        ("media_type", _MEDIA.values()),
        ("book_kind", chart.Kind),
        ("side", chart.Side),
        ("cause", [cause for code in presets() for cause in load_preset(code).early_claim_causes]),
        ("endorsement", [each for code in presets() for each in load_preset(code).endorsements]),
        ("security", [each for code in presets() for each in load_preset(code).securities]),
        ("field", [column.name for kind in (*COLUMNS.values(), CONTACT_COLUMNS) for column in kind]),
    ],
)
def test_every_code_there_is_has_a_name(subject: str, codes: Iterable[str]) -> None:
    assert [str(code) for code in codes if code not in labels.SUBJECTS[subject]] == []


def test_every_word_of_a_literal_type_has_a_name() -> None:
    found = {
        (source.path, node.lineno): words
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
        if source.path != "ledger/labels/said.py" and (words := _words(node))
    }
    assert len(found) > 20
    assert {place: words for place, words in found.items() if not labels.table_of(words)} == {}


def _words(literal: ast.Subscript) -> list[str]:
    each = literal.slice.elts if isinstance(literal.slice, ast.Tuple) else [literal.slice]
    return [one.value for one in each if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def test_an_event_is_named_in_both_languages() -> None:
    named = [labels.label("event", "ClaimPaid", language) for language in labels.LANGUAGES]
    assert named == ["代偿", "claim payment"]


def test_a_sheet_that_was_filled_in_before_is_still_known_by_its_headings() -> None:
    loans = {column.zh for column in COLUMNS["loans"]}
    assert {
        "合同编号",
        "户编号",
        "借款人",
        "身份证号",
        "贷款本金",
        "年利率",
        "期限月数",
        "签约日期",
        "放款日期",
    } <= loans
    assert {column.zh for column in COLUMNS["repayments"]} >= {"还款金额", "还款日期", "收款日期", "还款渠道", "回单号"}
