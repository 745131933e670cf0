"""Tests of promise 3: only one event is recorded for a natural key.

Recording equal content with an equal key returns the recorded event; recording different content is refused.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from ledger import events as e
from ledger import journal
from ledger.events import says_the_same
from ledger.journal import KeyTaken, Record
from ledger.money import Fen
from ledger.retries import driver_error
from tests.journal.raw import add, event_row, raw, refusal, why
from tests.support.recording import at_once, billed, day, recording

KEY = "interest/7/2016-06-21"


def _count(engine: Engine, table: str) -> int:
    with raw(engine) as connection:
        ((count,),) = connection.run(f"SELECT count(*) FROM {table}")
    return int(count)


def _bill(engine: Engine, contract: int = 277_08, key: str = KEY) -> int:
    with recording(engine, "2016-06-22") as unit:
        return journal.record(unit, billed("2016-06-21", contract), key=key)


def test_the_same_key_with_the_same_content_is_the_same_event(engine: Engine) -> None:
    assert _bill(engine) == _bill(engine)
    assert (_count(engine, "events"), _count(engine, "postings")) == (1, 1)
    with raw(engine) as connection:
        assert connection.run("SELECT sum(debit), sum(credit) FROM movements") == [(277_08, 277_08)]


@pytest.mark.parametrize(
    "case, changed",
    [
        ("another amount", {"contract": Fen(277_09)}),
        ("another field that is not posted", {"cause": "payoff"}),
        ("another day", {"effective_on": day("2016-06-20")}),
        ("another loan", {"loan": 8}),
        ("another county", {"county": "360732"}),
        ("another bank", {"bank": "ABC"}),
    ],
)
def test_the_same_key_with_other_content_is_refused(case: str, changed: dict[str, Any], engine: Engine) -> None:
    _bill(engine)
    with recording(engine) as unit, pytest.raises(KeyTaken) as refused:
        journal.record(unit, replace(billed("2016-06-21", 277_08), **changed), key=KEY)
    assert refused.value.facts == {"key": KEY}
    assert _count(engine, "events") == 1


@pytest.mark.parametrize("case, text, same", [
    ("what is written now",       '{"period_start":"2016-05-10","contract":27708,"penalty":0,"cause":""}',    True),
    ("before there was a cause",  '{"period_start":"2016-05-10","contract":27708,"penalty":0}',               True),
    ("with a field that is gone", '{"period_start":"2016-05-10","contract":27708,"days":41}',                 True),
    ("another order of fields",   '{"contract":27708,"period_start":"2016-05-10"}',                           True),
    ("another amount",            '{"period_start":"2016-05-10","contract":27709}',                           False),
    ("another cause",             '{"contract":27708,"cause":"payoff"}',                                      False),
])  # fmt: skip
def test_an_event_is_compared_by_the_fields_the_stored_one_has(case: str, text: str, same: bool) -> None:
    event = replace(billed("2016-06-21", 277_08), period_start=day("2016-05-10"))
    assert says_the_same(event, text) is same


def test_another_kind_of_event_under_the_key_is_refused(engine: Engine) -> None:
    _bill(engine)
    other = e.CreditRefunded(
        effective_on=day("2016-06-21"), county="360781", bank="GZRCB", loan=7, amount=Fen(1), approval=1
    )
    with recording(engine) as unit, pytest.raises(KeyTaken):
        journal.record(unit, other, key=KEY)


def test_of_many_only_those_are_written_that_are_not_there(engine: Engine) -> None:
    records = [Record(billed("2016-06-21", 100 + n, loan=n), key=f"interest/{n}/2016-06-21") for n in range(20)]
    with recording(engine) as unit:
        some = journal.record_all(unit, records[5:15])
    with recording(engine) as unit:
        unkeyed = Record(billed("2016-06-21", 1, loan=99))
        all_ids = journal.record_all(unit, [*records, unkeyed])
    assert all_ids[5:15] == some
    assert len(set(all_ids)) == _count(engine, "events") == 21


def test_events_without_a_key_may_be_alike(engine: Engine) -> None:
    with recording(engine) as unit:
        first, second = (journal.record(unit, billed("2016-06-21", 1)) for _ in range(2))
    assert first != second


def test_ten_who_bill_the_same_line_at_once_bill_it_once(engine: Engine) -> None:
    answers = at_once([partial(_bill, engine) for _ in range(10)])
    said = {answer if isinstance(answer, int) else why(driver_error(answer)) for answer in answers}
    # On PostgreSQL, a transaction that checked the key before another transaction committed it violates the unique key.
    # The job retries a transaction that violates the unique key.
    assert len(said - {"unique uq_events_key"}) == 1
    assert (_count(engine, "events"), _count(engine, "footers")) == (1, 1)


def test_the_database_takes_a_key_once_by_itself(engine: Engine) -> None:
    add(engine, event_row(key=KEY))
    because = "append_only: events" if engine.dialect.name == "sqlite" else "unique uq_events_key"
    assert refusal(engine, event_row(2, key=KEY)) == because
    assert refusal(engine, event_row(2, key=None), event_row(3, key=None)) == "", "what has no key is not unique"
