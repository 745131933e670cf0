"""Tests of promise 5: figures can be requested for a combination of as_of and known_at.

All events of one transaction have one moment of recording.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.orm import Session

from ledger import journal
from ledger.balances import Clocks, account_balances, balance, loan_balance, loan_balances, turnovers
from ledger.chart import Side, account_of, accounts_of, kind_of
from ledger.dates import micros, moment
from ledger.errors import Refusal
from ledger.tables.journal import books, entries, events, movements, postings
from ledger.unit_of_work import Unit, work
from tests.journal.raw import raw
from tests.support.recording import BOOK, billed, day, disbursed, paid_out, put_in, recording

START = datetime(2016, 5, 10, 15, 0, tzinfo=UTC)  # In Shanghai this moment is 23:00 on 2016-05-10.
BOOKS = (BOOK, "LOAN-ABC", "FUND-360781")
WHERE: tuple[dict[str, Any], ...] = ({}, {"county": "360732"}, {"bank": "ABC"})
TICK = timedelta(microseconds=1)

# A step has the minutes since the last recording, the kind of event, the days of back-dating, the office, and a number.
ACTS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 59, 60, 61, 600, 1440, 3000]),
        st.sampled_from(["lend", "lend", "bill", "bill", "fund", "reverse", "reverse", "close"]),
        st.integers(0, 40),
        st.integers(0, 8),
        st.integers(1, 9_999),
    ),
    min_size=1,
    max_size=12,
)
# A query has a day, counted from the first day, and a moment at, just before or just after a recording.
QUESTION = st.tuples(st.integers(-45, 12), st.integers(0, 30), st.integers(-1, 1))
QUESTIONS = st.lists(QUESTION, min_size=2, max_size=4)
Act = tuple[int, str, int, int, int]


@dataclass
class History:
    """Events recorded at increasing moments, in one database transaction that is never committed."""

    session: Session
    at: datetime = START
    written: list[int] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=lambda: [START])

    def record(self, acts: list[Act]) -> None:
        for minutes, kind, back, choice, fen in acts:
            self.at += timedelta(minutes=minutes)
            unit = Unit(self.session, "officer", self.at.date(), lambda: self.at)
            try:
                with self.session.begin_nested():
                    self._do(unit, kind, (self.at + timedelta(hours=8)).date() - timedelta(days=back), choice, fen)
                    unit.finish()
            except Refusal:
                continue
            self.moments.append(self.at)

    def _do(self, unit: Unit, kind: str, on: date, choice: int, fen: int) -> None:
        at: dict[str, Any] = WHERE[choice % 3]
        match kind:
            case "lend":
                self.written.append(journal.record(unit, disbursed(on.isoformat(), choice, fen, **at)))
            case "bill":
                self.written.append(journal.record(unit, billed(on.isoformat(), fen, choice, **at)))
            case "fund":
                event = put_in(on.isoformat(), fen) if choice % 3 else paid_out(on.isoformat(), fen, choice)
                self.written.append(journal.record(unit, event))
            case "reverse" if self.written:
                journal.reverse_all(unit, [self.written[choice % len(self.written)]], "wrong")
            case "close":
                through = (on - timedelta(days=30)).replace(day=1) - timedelta(days=1)
                unit.connection.execute(update(books).where(books.c.book == BOOK).values(closed_through=through))


@contextmanager
def _history(engine: Engine, acts: list[Act]) -> Iterator[History]:
    with Session(engine) as session, session.begin():
        history = History(session)
        history.record(acts)
        yield history
        session.rollback()


def _clocks(history: History, question: tuple[int, int, int]) -> Clocks:
    days, place, ticks = question
    known_at = [None, *history.moments][place % (len(history.moments) + 1)]
    return Clocks(START.date() + timedelta(days=days), known_at and known_at + ticks * TICK)


def _seen(connection: Connection, clocks: Clocks) -> list[Any]:
    """Return the postings dated on or before a day and recorded at or before a moment, filtered in a plain loop."""
    return [
        row
        for row in connection.execute(select(postings))
        if row.effective_on <= clocks.as_of and (clocks.known_at is None or moment(row.recorded_at) <= clocks.known_at)
    ]


def _sums(rows: list[Any], *key: str) -> Counter[tuple[Any, ...]]:
    """Return the balances of accounts on their normal sides, by account and by the columns `key`."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        for code, fen in ((row.debit, row.fen), (row.credit, -row.fen)):
            account = account_of(kind_of(row.book), code)
            sums[*(getattr(row, name) for name in key), account] += fen if account.side is Side.DEBIT else -fen
    return sums


ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@ONE_DATABASE
@given(acts=ACTS, questions=QUESTIONS)
def test_every_figure_is_what_the_rows_of_the_time_add_up_to(
    engine: Engine, acts: list[Act], questions: list[tuple[int, int, int]]
) -> None:
    with _history(engine, acts) as history:
        connection = history.session.connection()
        for question in questions:
            clocks = _clocks(history, question)
            _compare(connection, clocks, _seen(connection, clocks))


def _compare(connection: Connection, clocks: Clocks, rows: list[Any]) -> None:
    by_book = _sums(rows, "book")
    for book in BOOKS:
        for account in {account for of, account in by_book if of == book} | {accounts_of(kind_of(book))[-1]}:
            assert balance(connection, account, book, clocks) == by_book[book, account]
        in_county = _sums([row for row in rows if row.county == "360732"], "book")
        for each in turnovers(connection, book, clocks, county="360732"):
            assert each.closing == in_county[book, each.account]
    standing = {(s.book, s.county, s.bank, s.account): s.balance for s in account_balances(connection, clocks)}
    assert {key: fen for key, fen in standing.items() if fen} == {
        key: fen for key, fen in _sums(rows, "book", "county", "bank").items() if fen
    }
    by_loan = _sums([row for row in rows if row.loan_id is not None], "loan_id")
    found = loan_balances(connection, range(9), clocks)
    assert {(loan, a): fen for loan, of_loan in found.items() for a, fen in of_loan.items()} == {
        key: fen for key, fen in by_loan.items() if fen
    }
    assert all(loan_balance(connection, loan, clocks) == found.get(loan, {}) for loan in range(3))


@ONE_DATABASE
@given(acts=ACTS, question=QUESTION, days=st.integers(0, 60))
def test_a_stretch_of_days_opens_with_what_stood_before_and_turns_over_the_rest(
    engine: Engine, acts: list[Act], question: tuple[int, int, int], days: int
) -> None:
    with _history(engine, acts) as history:
        connection, clocks = history.session.connection(), _clocks(history, question)
        start = clocks.as_of - timedelta(days=days)
        before = _sums([row for row in _seen(connection, clocks) if row.effective_on < start], "book")
        within = [row for row in _seen(connection, clocks) if row.effective_on >= start]
        for each in turnovers(connection, BOOK, clocks, start=start):
            code = each.account.code
            assert each.opening == before[BOOK, each.account]
            assert each.debit == sum(row.fen for row in within if (row.book, row.debit) == (BOOK, code))
            assert each.credit == sum(row.fen for row in within if (row.book, row.credit) == (BOOK, code))


@ONE_DATABASE
@given(acts=ACTS, later=ACTS, questions=QUESTIONS)
def test_what_was_known_then_is_answered_alike_for_ever(
    engine: Engine, acts: list[Act], later: list[Act], questions: list[tuple[int, int, int]]
) -> None:
    with _history(engine, acts) as history:
        connection = history.session.connection()
        asked = [_clocks(history, question) for question in questions]
        asked = [Clocks(each.as_of, each.known_at or history.at) for each in asked]
        before = [account_balances(connection, each) for each in asked]
        history.at += timedelta(minutes=1)
        history.record(later)
        again = [account_balances(connection, each) for each in asked]
    assert [_nonzero(each) for each in before] == [_nonzero(each) for each in again]


def _nonzero(found: tuple[Any, ...]) -> list[Any]:
    return [each for each in found if each.balance]


@pytest.mark.parametrize(
    "case, known_at, stood",
    [
        ("a moment before", "2016-05-12T03:59:59.999999+00:00", 0),
        ("the moment itself", "2016-05-12T04:00:00+00:00", 50_000_00),
        ("the eve, by Shanghai's clock", "2016-05-11T15:59:59.999999+00:00", 0),
        ("the reversal not yet", "2016-05-13T03:59:59.999999+00:00", 50_000_00),
        ("the reversal too", "2016-05-13T04:00:00+00:00", 0),
    ],
)
def test_an_auditor_sees_what_was_known_then(case: str, known_at: str, stood: int, engine: Engine) -> None:
    with recording(engine, "2016-05-12") as unit:
        event_id = journal.record(unit, disbursed("2016-05-10"))
    with recording(engine, "2016-05-13") as unit:
        journal.reverse_all(unit, [event_id], "wrong borrower")
    with engine.connect() as connection:
        clocks = Clocks(day("2016-05-10"), datetime.fromisoformat(known_at))
        principal = account_of(kind_of(BOOK), "130301")
        assert balance(connection, principal, BOOK, clocks) == stood
        assert loan_balance(connection, 7, clocks).get(principal, 0) == stood
        assert balance(connection, principal, BOOK, Clocks(day("2016-05-09"), clocks.known_at)) == 0


def test_all_rows_of_a_transaction_have_one_moment(engine: Engine) -> None:
    ticks = iter(datetime(2016, 5, 12, 15, 59, 59, 999_990, tzinfo=UTC) + n * 5 * TICK for n in range(1000))
    with work(engine, user="officer", today=day("2016-05-12"), clock=lambda: next(ticks)) as unit:
        first = journal.record(unit, disbursed())
        journal.record_all(unit, [journal.Record(billed("2016-05-11", n)) for n in range(1, 9)])
        journal.reverse_all(unit, [first], "wrong")
    at = micros(datetime(2016, 5, 12, 15, 59, 59, 999_990, tzinfo=UTC))
    with engine.connect() as connection:
        for table in (events, entries, postings):
            assert set(connection.execute(select(table.c.recorded_at)).scalars()) == {at}
        # The movements have the day of recording, although midnight in Shanghai has passed since the recording.
        assert set(connection.execute(select(movements.c.recorded_on)).scalars()) == {day("2016-05-12")}


def test_the_moment_is_taken_after_the_locks(engine: Engine) -> None:
    """A transaction reads its moment of recording after it has its locks.

    A transaction that waited for another transaction therefore has a later moment of recording.
    """
    asked = Event()

    def clock() -> datetime:
        asked.set()
        return datetime(2016, 5, 12, 4, tzinfo=UTC)

    def write() -> None:
        with work(engine, user="officer", today=day("2016-05-12"), clock=clock) as unit:
            journal.record(unit, disbursed())

    writer = Thread(target=write, daemon=True)
    with raw(engine) as held:
        held.run("UPDATE books SET closed_through = closed_through WHERE book = ?", [BOOK])
        writer.start()
        assert not asked.wait(0.5)
    writer.join(30)
    assert asked.is_set()


def test_a_naive_moment_is_refused(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(TypeError):
        loan_balance(connection, 7, Clocks(day("2016-05-10"), datetime(2016, 5, 10)))  # noqa: DTZ001
