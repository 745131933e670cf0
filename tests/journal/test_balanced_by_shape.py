"""Tests of promise 1: no program can write an unbalanced voucher to the database."""

import sqlite3
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine

from ledger.database import open_engine
from tests.journal.raw import (
    AT,
    BOOK,
    DAY,
    Row,
    add,
    entry_row,
    event_row,
    footer_row,
    posting_row,
    raw,
    refusal,
    whole_entry,
    why,
)

FUND = "FUND-360781"
LATER = DAY.replace(day=11)


def test_an_entry_written_as_the_journal_writes_it_is_taken(engine: Engine) -> None:
    assert refusal(engine, *whole_entry()) == ""


@pytest.mark.parametrize(
    "case, posting, because",
    [
        ("debit account of another kind of book", posting_row(debit="1301"), "foreign key"),
        ("credit account of another kind of book", posting_row(credit="2301"), "foreign key"),
        ("account nobody has", posting_row(debit="999999"), "foreign key"),
        ("row of another bank's book", posting_row(book="LOAN-ABC"), "foreign key"),
        ("row of another kind of book", posting_row(book=FUND, debit="1101", credit="3001"), "foreign key"),
        ("row of no entry", posting_row(entry_id=12), "foreign key"),
        ("row of another day than its entry", posting_row(effective_on=LATER), "foreign key"),
        ("row recorded at another moment", posting_row(recorded_at=AT + 1), "foreign key"),
        ("no debit side", posting_row(debit=None), "not null postings.debit"),
        ("no credit side", posting_row(credit=None), "not null postings.credit"),
        ("no amount", posting_row(fen=None), "not null postings.fen"),
        ("both sides one account", posting_row(credit="130301"), "check ck_postings_two_accounts"),
        ("nothing", posting_row(fen=0), "check ck_postings_negative_only_in_red"),
        ("negative in an ordinary entry", posting_row(fen=-1), "check ck_postings_negative_only_in_red"),
        ("positive, said to be red", posting_row(red=True), "check ck_postings_negative_only_in_red"),
        ("red row of an ordinary entry", posting_row(fen=-1, red=True), "foreign key"),
    ],
)
def test_a_row_that_would_not_balance_is_refused(case: str, posting: Row, because: str, engine: Engine) -> None:
    assert refusal(engine, event_row(), entry_row(), posting, footer_row()) == because


def test_half_a_fen_is_not_an_amount(engine: Engine) -> None:
    because = refusal(engine, event_row(), entry_row(), posting_row(fen="0.5"), footer_row())
    assert because == "check ck_postings_whole_fen" or because.startswith("invalid input syntax for type bigint")


@pytest.mark.parametrize(
    "case, rows, because",
    [
        ("a red event that reverses nothing", [event_row(red=True)], "check ck_events_red_is_a_reversal"),
        ("a reversal that is not red", [event_row(reverses_id=1)], "check ck_events_red_is_a_reversal"),
        ("a reversal of nothing", [event_row(reverses_id=2, red=True)], "foreign key"),
        ("a red entry of an ordinary event", [event_row(), entry_row(red=True)], "foreign key"),
        ("an entry of no event", [entry_row()], "foreign key"),
        ("an entry of another day than its event", [event_row(), entry_row(effective_on=LATER)], "foreign key"),
        ("an entry recorded apart from its event", [event_row(), entry_row(recorded_at=AT - 1)], "foreign key"),
        ("an entry of no book", [event_row(), entry_row(book="LOAN-NONE")], "foreign key"),
        ("a footer of no entry", [footer_row()], "foreign key"),
    ],
)
def test_what_stands_above_the_rows_fits_too(case: str, rows: list[Row], because: str, engine: Engine) -> None:
    assert refusal(engine, *rows) == because


def test_an_event_has_one_entry_in_a_book(engine: Engine) -> None:
    twice = [*whole_entry(), entry_row(12), footer_row(12)]
    assert refusal(engine, *twice) in ("append_only: entries", "unique uq_entries_event_id_book")


def test_no_row_joins_an_entry_that_has_its_footer(engine: Engine) -> None:
    add(engine, *whole_entry())
    assert refusal(engine, posting_row(number=2)) == "entry_closed: postings"


def test_no_row_joins_it_within_the_same_transaction_either(engine: Engine) -> None:
    assert refusal(engine, *whole_entry(), posting_row(number=2)) == "entry_closed: postings"


def test_no_row_is_copied_in_behind_a_footer(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    add(engine, *whole_entry())
    with engine.connect() as connection, pytest.raises(psycopg.errors.RaiseException, match="entry_closed"):
        _copy_in(connection, posting_row(number=2))
    engine.dispose()


def _copy_in(connection: Connection, row: Row) -> None:
    driver: Any = connection.connection.driver_connection
    table, values = row
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(values)}) FROM STDIN") as copy:
        copy.write_row(list(values.values()))


def test_an_entry_without_its_footer_is_not_committed(engine: Engine) -> None:
    seen: list[tuple[Any, ...]] = []
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.ForeignKeyViolation)) as refused:
        _write_without_footer(engine, seen)
    assert why(refused.value) == "foreign key"
    assert seen == [(1,)], "it is the commit that refuses, not the rows"
    with raw(engine) as connection:
        assert connection.run("SELECT count(*) FROM events") == [(0,)]


def _write_without_footer(engine: Engine, seen: list[tuple[Any, ...]]) -> None:
    with raw(engine) as connection:
        for row in (event_row(), entry_row(), posting_row()):
            connection.add(row)
        seen += connection.run("SELECT count(*) FROM postings")


def test_debit_and_credit_of_a_book_are_equal_whatever_was_written(engine: Engine) -> None:
    rows = [posting_row(number=1), posting_row(number=2, debit="113201", credit="6011", fen=27_708)]
    add(engine, event_row(), entry_row(), *rows, footer_row(rows=2, total=5_027_708))
    side = "SELECT book, sum(fen) FROM (SELECT book, {} AS account, fen FROM postings) AS side GROUP BY book"
    with raw(engine) as connection:
        debits, credits = (connection.run(side.format(each)) for each in ("debit", "credit"))
    assert debits == credits == [(BOOK, 5_027_708)]
