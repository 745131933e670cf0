"""Tests of promise 4: a transaction is recorded as a whole, and a failure at any point leaves no row behind."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import Engine

from ledger import journal
from ledger.journal import Record
from ledger.movements import FundOverdrawn
from ledger.unit_of_work import Unit
from tests.journal.raw import raw
from tests.support.county_desk import row_counts
from tests.support.recording import at_once, billed, disbursed, paid_out, put_in, recording
from tests.support.sources import ROOT


def _counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return row_counts(connection)


def _break(unit: Unit) -> None:
    raise KeyError("a fault of our own")


def _of_many_the_last_is_wrong(unit: Unit) -> None:
    events = [billed("2016-05-11", n + 1, loan=n) for n in range(200)]
    journal.record_all(unit, [*map(Record, events), Record(billed("2016-05-11", -1))])


def _in_the_last_statement_of_all(unit: Unit) -> None:
    journal.record(unit, paid_out("2016-05-11", 1))
    unit.finish()


def _record_and(engine: Engine, fail: Callable[[Unit], None]) -> None:
    with recording(engine) as unit:
        journal.record(unit, disbursed())
        fail(unit)


@pytest.mark.parametrize(
    "case, fail, error",
    [
        ("in the middle", _break, KeyError),
        ("of many, the last", _of_many_the_last_is_wrong, ValueError),
        ("in the hot row, moved last", _in_the_last_statement_of_all, FundOverdrawn),
    ],
)
def test_what_fails_leaves_nothing(
    case: str, fail: Callable[[Unit], None], error: type[Exception], engine: Engine
) -> None:
    before = _counts(engine)
    with pytest.raises(error):
        _record_and(engine, fail)
    assert _counts(engine) == before
    with recording(engine) as unit:
        journal.record(unit, disbursed())
    assert _counts(engine)["entries"] == 1


CUT_OFF = textwrap.dedent("""
    import os, signal, sys
    from ledger import journal
    from ledger.database import open_engine
    from tests.support.recording import disbursed, put_in, recording

    with recording(open_engine(sys.argv[1])) as unit:
        journal.record(unit, disbursed())
        journal.record(unit, put_in("2016-05-11", 5))
        unit.finish()
        os.kill(os.getpid(), signal.SIGKILL)
""")


def test_a_process_killed_before_its_commit_leaves_nothing(engine: Engine) -> None:
    before = _counts(engine)
    url = engine.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", CUT_OFF, url], cwd=ROOT, check=False, timeout=120)
    assert killed.returncode == -9
    assert _counts(engine) == before
    with recording(engine) as unit:
        journal.record(unit, put_in("2016-05-11", 5))


def test_nobody_sees_half_of_it(engine: Engine) -> None:
    """Readers see only complete transactions, while two hundred transactions write three entries each."""

    def write(first: int) -> int:
        for loan in range(first, first + 20):
            with recording(engine) as unit:
                journal.record(unit, disbursed(loan=loan))
                journal.record(unit, billed("2016-05-11", 1, loan=loan))
                journal.record(unit, put_in("2016-05-11", 1))
        return 0

    def look() -> int:
        halves = 0
        for _ in range(50):
            with raw(engine) as connection:
                ((seen,),) = {tuple(connection.run(_EVERYTHING))}
            halves += len(set(seen)) > 1 or seen[0] % 3 != 0
        return halves

    tasks: list[Callable[[], int]] = [*(partial(write, 100 * n) for n in range(5)), look, look]
    assert [answer for answer in at_once(tasks) if answer != 0] == []
    assert _counts(engine)["entries"] == 300


_EVERYTHING = (
    "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM entries), (SELECT count(*) FROM postings), "
    "(SELECT count(*) FROM footers)"
)
