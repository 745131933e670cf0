"""Tests of promise 8: an event is reversed at most once, with negative entries, and the event never changes."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger import chart, journal
from ledger.balances import Clocks, loan_balance, turnovers
from ledger.database import open_engine
from ledger.errors import NotFound
from ledger.journal import AlreadyReversed
from ledger.tables.journal import JOURNAL
from tests.journal.raw import (
    AT,
    BOOK,
    Raw,
    Row,
    add,
    entry_row,
    event_row,
    footer_row,
    posting_row,
    raw,
    refusal,
    whole_entry,
)
from tests.support.recording import at_once, billed, day, disbursed, paid_out, put_in, recording


def _rows(engine: Engine) -> list[list[tuple[Any, ...]]]:
    with raw(engine) as connection:
        return [connection.run(f"SELECT * FROM {table.name} ORDER BY 1, 2") for table in JOURNAL]


def _reverse(engine: Engine, event_id: int) -> int:
    with recording(engine, "2016-05-13", user="officer2") as unit:
        return journal.reverse_all(unit, [event_id], "wrong borrower", checked_by="checker")[event_id].id


def test_a_reversal_repeats_every_row_in_red_and_leaves_the_original(engine: Engine) -> None:
    with recording(engine) as unit:
        journal.record(unit, put_in("2016-05-10", 100_00))
        event_id = journal.record(unit, paid_out("2016-05-11", 30_01))
    before = _rows(engine)
    red_id = _reverse(engine, event_id)
    assert all(row in after for rows, after in zip(before, _rows(engine), strict=True) for row in rows)
    rows = (
        "SELECT p.book, debit, credit, loan_id, county, bank, p.effective_on, fen FROM postings p "
        "JOIN entries ON entries.id = entry_id WHERE event_id = ? ORDER BY p.book, number"
    )
    with raw(engine) as connection:
        plain, red = connection.run(rows, [event_id]), connection.run(rows, [red_id])
        about = connection.run("SELECT made_by, checked_by, reason, reverses_id FROM events WHERE id = ?", [red_id])
    assert red == [(*row[:-1], -row[-1]) for row in plain]
    assert len(red) == 4
    assert about == [("officer2", "checker", "wrong borrower", event_id)]


def test_turnover_is_not_inflated(engine: Engine) -> None:
    with recording(engine) as unit:
        event_id = journal.record(unit, disbursed())
        journal.record(unit, disbursed(loan=8, principal=100))
    _reverse(engine, event_id)
    with engine.connect() as connection:
        figures = turnovers(connection, BOOK, Clocks(day("2016-05-31")))
        assert loan_balance(connection, 7) == {}
    assert [(each.account, each.debit, each.credit) for each in figures] == [
        (chart.SETTLEMENT_FUNDS, 0, 100),
        (chart.LOAN_PRINCIPAL, 100, 0),
    ]


@pytest.mark.parametrize("again", [False, True], ids=["the event once more", "its reversal"])
def test_it_is_refused_the_second_time(again: bool, engine: Engine) -> None:
    with recording(engine) as unit:
        event_id = journal.record(unit, disbursed())
    red_id = _reverse(engine, event_id)
    before = _rows(engine)
    with pytest.raises(AlreadyReversed) as refused:
        _reverse(engine, red_id if again else event_id)
    assert refused.value.facts["event"] == str(event_id)
    assert _rows(engine) == before


def test_one_that_is_not_there_cannot_be_reversed(engine: Engine) -> None:
    with pytest.raises(NotFound):
        _reverse(engine, 1)


def test_of_many_none_is_reversed_when_one_cannot_be(engine: Engine) -> None:
    with recording(engine) as unit:
        first, second = journal.record_all(unit, [journal.Record(disbursed()), journal.Record(billed("2016-05-12", 1))])
    _reverse(engine, second)
    before = _rows(engine)
    with recording(engine) as unit, pytest.raises(AlreadyReversed):
        journal.reverse_all(unit, [first, second], "both")
    assert _rows(engine) == before


def test_the_same_event_asked_for_twice_at_once_is_reversed_once(engine: Engine) -> None:
    with recording(engine) as unit:
        event_id = journal.record(unit, disbursed())
        assert list(journal.reverse_all(unit, [event_id, event_id], "said twice")) == [event_id]


def test_of_twelve_who_reverse_at_once_one_does(engine: Engine) -> None:
    with recording(engine) as unit:
        event_id = journal.record(unit, disbursed())
    answers = at_once([partial(_reverse, engine, event_id) for _ in range(12)])
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyReversed"] * 11 + ["int"]
    with raw(engine) as connection:
        assert connection.run("SELECT sum(fen) FROM postings") == [(0,)]


def _red(id: int, entry: int) -> list[Row]:
    changed = {"kind": "EventReversed", "red": True, "reverses_id": 1}
    return [
        event_row(id, **changed),
        entry_row(entry, id, red=True),
        posting_row(entry, red=True, fen=-5_000_000),
        footer_row(entry, total=-5_000_000),
    ]


def test_the_database_refuses_a_second_reversal_by_itself(engine: Engine) -> None:
    add(engine, *whole_entry())
    assert refusal(engine, *_red(2, 12)) == ""
    because = "append_only: events" if engine.dialect.name == "sqlite" else "unique uq_events_reverses_id"
    assert refusal(engine, *_red(3, 13)) == because


def test_the_database_has_the_second_of_two_wait_for_the_first(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    add(engine, *whole_entry())
    with raw(engine) as first:
        _put(first, _red(2, 12))
        impatient = ["SET lock_timeout = '200ms'"]
        assert refusal(engine, *_red(3, 13), settings=impatient) == "canceling statement due to lock timeout"
    engine.dispose()


def _put(connection: Raw, rows: list[Row]) -> None:
    for row in rows:
        connection.add(row)


def test_the_moment_of_a_reversal_is_its_own(engine: Engine) -> None:
    add(engine, *whole_entry())
    red_id = _reverse(engine, 1)
    with raw(engine) as connection:
        ((at,),) = connection.run("SELECT recorded_at FROM events WHERE id = ?", [red_id])
    assert at == AT + 3 * 24 * 60 * 60 * 1_000_000
