"""Tests that an entry's hash covers the whole entry, and that different entries have different hashed texts."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ledger import journal
from ledger.chart import Kind
from ledger.events import FORMAT
from ledger.journal import content_hash, hashed_columns
from ledger.posting import Posting
from ledger.reports.verifying.verification import verify
from ledger.tables.journal import events, footers
from tests.journal.raw import AT, DAY, raw
from tests.support.recording import disbursed, recording

HEAD = (1, "LoanDisbursed", DAY, AT, "360781", "GZRCB", 7, "officer", None, "借据1号", "", "", None, None, False, "{}")
ROWS = [Posting(Kind.LOAN, "130301", "1003", 7, 5_000_000)]  # type: ignore[arg-type]


def test_anybody_can_compute_it() -> None:
    said = (
        '[11,"LOAN-GZRCB",1,"LoanDisbursed","2016-05-10",1462852800000000,"360781","GZRCB",7,"officer",null,'
        '"借据1号","","",null,null,false,"{}",[["130301","1003",7,5000000]]]'
    )
    assert content_hash(11, "LOAN-GZRCB", HEAD, ROWS) == hashlib.sha256(said.encode()).digest()


@pytest.mark.parametrize(
    "case, one, other",
    [
        ("a word moved to the next field", ("ab", "c"), ("a", "bc")),
        ("a sign that could part fields", ("a\x1fb", "c"), ("a", "b\x1fc")),
        ("a quotation mark and a comma", ('a","b', "c"), ("a", 'b","c')),
        ("a backslash before the end", ("a\\", "c"), ("a\\\\", "c")),
        ("the word null", ("null", "c"), (None, "c")),
        ("nothing, and no text", ("", "c"), (None, "c")),
        ("a number, and its digits", (1, "c"), ("1", "c")),
        ("two ways to write one letter", ("\u00e9", "c"), ("e\u0301", "c")),
    ],
)
def test_two_contents_that_look_alike_differ(case: str, one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    hashes = {content_hash(11, "LOAN-GZRCB", (*HEAD[:9], *pair, *HEAD[11:]), ROWS) for pair in (one, other)}
    assert len(hashes) == 2


# The test draws only values that a database can store: whole numbers of 64 bits, and texts without surrogates.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
_FIELDS = st.lists(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXTS, max_size=5)


@given(_FIELDS)
def test_the_standard_library_computes_the_same(fields: list[Any]) -> None:
    """Recompute a hash with the standard library only, as a verifier outside the project can."""
    rows = [(row.debit, row.credit, row.loan, row.amount) for row in ROWS]
    said = json.dumps([11, "L", *fields, rows], ensure_ascii=False, separators=(",", ":"))
    assert content_hash(11, "L", fields, ROWS) == hashlib.sha256(said.encode()).digest()


@given(_FIELDS, _FIELDS)
def test_different_fields_have_different_hashes(one: list[Any], other: list[Any]) -> None:
    same = json.dumps(one) == json.dumps(other)
    assert (content_hash(11, "L", one, ROWS) == content_hash(11, "L", other, ROWS)) is same


@pytest.mark.parametrize("position", range(len(HEAD)))
def test_no_field_is_left_out(position: int) -> None:
    changed = (*HEAD[:position], "changed", *HEAD[position + 1 :])
    assert content_hash(11, "LOAN-GZRCB", changed, ROWS) != content_hash(11, "LOAN-GZRCB", HEAD, ROWS)


@pytest.mark.parametrize("case, format, last, count", [
    ("the first release",   1, "payload", 16),
    ("with its own format", 2, "format",  17),
])  # fmt: skip
def test_a_format_names_the_columns_there_were(case: str, format: int, last: str, count: int) -> None:
    names = hashed_columns(format)
    assert (names[-1], len(names)) == (last, count)


def test_the_format_in_force_names_every_column_in_the_tables_order() -> None:
    assert hashed_columns(FORMAT) == tuple(column.name for column in events.c)


@pytest.mark.parametrize("format", [0, FORMAT + 1])
def test_a_format_that_never_was_has_no_columns(format: int) -> None:
    with pytest.raises(ValueError, match="no format"):
        hashed_columns(format)


def test_a_later_format_without_new_columns_keeps_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FORMAT", FORMAT + 3)
    assert hashed_columns(FORMAT + 2) == hashed_columns(FORMAT)


def test_rows_are_in_it_in_their_order() -> None:
    second = Posting(Kind.LOAN, "113201", "6011", 7, 1)  # type: ignore[arg-type]
    orders = [[*ROWS, second], [second, *ROWS], ROWS, [second], []]
    assert len({content_hash(11, "LOAN-GZRCB", HEAD, rows) for rows in orders}) == len(orders)


TYPED = "借据\x1f1号 'one' \"two\" \\ 100% :x ;-- \u200b 𠮷 \n\t Ωé"


def test_whatever_is_typed_is_kept_to_the_letter(engine: Engine) -> None:
    with recording(engine) as unit:
        event_id = journal.record(unit, disbursed(), document=TYPED, reason=TYPED[::-1])
    with raw(engine) as connection:
        assert connection.run("SELECT document, reason FROM events WHERE id = ?", [event_id]) == [(TYPED, TYPED[::-1])]
    assert [each for each in verify(engine) if each.check.startswith("entry")] == []
    with engine.connect() as connection:
        assert {len(row.hash) for row in connection.execute(select(footers))} == {32}
