"""Tests of promise 6: no entry is recorded in a closed month of a book, not even by concurrent transactions."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, update

from ledger import journal, period_lock
from ledger.database import open_engine
from ledger.errors import Refusal
from ledger.period_lock import PeriodClosed
from ledger.tables.journal import books
from ledger.unit_of_work import Unit
from tests.journal.raw import BOOK, DAY, Row, entry_row, event_row, footer_row, posting_row, raw, refusal, whole_entry
from tests.support.recording import at_once, billed, day, disbursed, paid_out, put_in, recording

MAY = day("2016-05-31")
JUNE = day("2016-06-01")


def _close(engine: Engine, through: date | None = MAY, book: str = BOOK) -> None:
    with recording(engine, "2016-07-01") as unit:
        _close_in(unit, through, book)


def _close_in(unit: Unit, through: date | None, book: str = BOOK) -> None:
    # Closing a month locks the book exclusively until the end of the transaction.
    period_lock.hold_alone(unit, book)
    unit.connection.execute(update(books).where(books.c.book == book).values(closed_through=through))


def _dated(on: date) -> list[Row]:
    return [
        event_row(effective_on=on),
        entry_row(effective_on=on),
        posting_row(effective_on=on),
        footer_row(),
    ]


@pytest.mark.parametrize(
    "case, through, on, because",
    [
        ("nothing was ever closed", None, DAY, ""),
        ("in the closed month", MAY, DAY, "period_closed: entries"),
        ("on its last day", MAY, MAY, "period_closed: entries"),
        ("the day after", MAY, JUNE, ""),
        ("long before anything", MAY, day("2000-01-01"), "period_closed: entries"),
    ],
)
def test_the_database_takes_no_entry_in_a_closed_month(
    case: str, through: date | None, on: date, because: str, engine: Engine
) -> None:
    _close(engine, through)
    assert refusal(engine, *_dated(on)) == because


def test_no_row_of_an_open_months_entry_is_dated_back_into_a_closed_one(engine: Engine) -> None:
    _close(engine)
    event, entry, _, footer = _dated(JUNE)
    assert refusal(engine, event, entry, posting_row(effective_on=MAY), footer) == "foreign key"


def test_a_month_is_closed_for_its_own_book_only(engine: Engine) -> None:
    _close(engine, book="LOAN-ABC")
    assert refusal(engine, *whole_entry()) == ""


def test_replica_role_does_not_open_a_month(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    _close(engine)
    replica = ["SET session_replication_role = replica"]
    assert refusal(engine, *whole_entry(), settings=replica) == "period_closed: entries"
    engine.dispose()


def test_the_refusal_names_the_book_and_the_first_open_day(engine: Engine) -> None:
    _close(engine)
    with pytest.raises(PeriodClosed) as refused, recording(engine) as unit:
        journal.record(unit, disbursed("2016-05-10"))
    assert refused.value.facts == {
        "book": BOOK,
        "limit": "2016-05-31",
        "found": "2016-05-10",
        "first_open": "2016-06-01",
    }


def test_an_event_of_two_books_needs_both_open(engine: Engine) -> None:
    with recording(engine) as unit:
        journal.record(unit, put_in("2016-05-01", 100_00))
    _close(engine, book="FUND-360781")
    with pytest.raises(PeriodClosed) as refused, recording(engine) as unit:
        journal.record(unit, paid_out("2016-05-10", 1))
    assert refused.value.facts["book"] == "FUND-360781"


def test_a_red_letter_of_a_closed_month_goes_to_the_first_open_day(engine: Engine) -> None:
    with recording(engine, "2016-06-15") as unit:
        event_id, open_one = journal.record(unit, disbursed()), journal.record(unit, billed("2016-06-05", 1))
    _close(engine)
    with recording(engine, "2016-06-15") as unit:
        reversals = journal.reverse_all(unit, [event_id, open_one], "wrong borrower")
    assert [reversals[each].effective_on for each in (event_id, open_one)] == [JUNE, day("2016-06-05")]


def test_of_two_books_the_later_first_open_day_counts(engine: Engine) -> None:
    with recording(engine, "2016-07-15") as unit:
        journal.record(unit, put_in("2016-05-01", 100_00))
        event_id = journal.record(unit, paid_out("2016-05-10", 100_00))
    _close(engine)
    _close(engine, day("2016-06-30"), "FUND-360781")
    with recording(engine, "2016-07-15") as unit:
        assert journal.reverse_all(unit, [event_id], "paid twice")[event_id].effective_on == day("2016-07-01")


def _started(task: Callable[[], object]) -> tuple[Thread, list[object]]:
    said: list[object] = []

    def run() -> None:
        try:
            said.append(task())
        except (Refusal, sqlite3.Error, psycopg.Error) as error:
            said.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread, said


def _record(engine: Engine, loan: int) -> str:
    with recording(engine) as unit:
        journal.record(unit, disbursed(loan=loan))
    return "recorded"


def test_who_closes_waits_for_the_entry_that_is_being_written(engine: Engine) -> None:
    with recording(engine) as unit:
        journal.record(unit, disbursed())
        closer, said = _started(lambda: _close(engine))
        closer.join(0.5)
        assert said == [], "the closer must wait"
    closer.join(30)
    assert said == [None]
    assert [row[0] for row in _entries(engine)] == ["2016-05-10"]


def test_who_writes_waits_for_the_month_that_is_being_closed_and_is_refused(engine: Engine) -> None:
    with recording(engine, "2016-07-01") as unit:
        _close_in(unit, MAY)
        writer, said = _started(partial(_record, engine, 7))
        writer.join(0.5)
        assert said == [], "the writer must wait"
    writer.join(30)
    assert [type(answer) for answer in said] == [PeriodClosed]
    assert _entries(engine) == []


def test_who_writes_past_the_application_waits_too(engine: Engine) -> None:
    with recording(engine, "2016-07-01") as unit:
        _close_in(unit, MAY)
        writer, said = _started(partial(refusal, engine, *whole_entry()))
        writer.join(0.5)
        assert said == [], "the writer must wait"
    writer.join(30)
    assert said == ["period_closed: entries"]


def test_once_closed_a_month_stays_as_it_is_however_many_write(engine: Engine) -> None:
    closed, left = Event(), []

    def close() -> str:
        _close(engine)
        left.append(_entries(engine))
        closed.set()
        return "closed"

    def write(first: int) -> Sequence[str]:
        said = []
        for loan in range(first, first + 1000):
            late = closed.is_set()
            try:
                said.append(_record(engine, loan))
            except PeriodClosed:
                said.append("refused")
                if late:
                    return said
        raise AssertionError("the month never closed")

    answers: list[Any] = at_once([*(partial(write, 1000 * n) for n in range(1, 7)), close])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert answers[-1] == "closed"
    for said in answers[:-1]:
        # Every entry begun before the month is closed is recorded, and every later entry is refused.
        assert sorted(said, key=["recorded", "refused"].index) == said
        assert said[-1] == "refused"
    assert left == [_entries(engine)], "nothing came in after the closing was committed"


def test_a_month_opened_again_takes_entries_again(engine: Engine) -> None:
    _close(engine)
    _close(engine, day("2016-04-30"))
    assert _record(engine, 7) == "recorded"


def _entries(engine: Engine) -> list[tuple[Any, ...]]:
    with raw(engine) as connection:
        rows = connection.run("SELECT effective_on, id FROM entries WHERE book = ? ORDER BY id", [BOOK])
    return [(str(on), entry_id) for on, entry_id in rows]
