"""Tests of promise 11: sums that are stored for speed always equal the sums computed from the postings."""

from collections import Counter
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, select

from ledger import dates, journal
from ledger.reports.verifying.verification import verify
from ledger.tables.journal import events, fund_balances, movements, postings
from tests.support.random_histories import STEPS, County, Step
from tests.support.recording import at_once, billed, disbursed, put_in, recording

ONE_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _recomputed(engine: Engine) -> Counter[tuple[Any, ...]]:
    """Return the sums of movements, computed in a loop over the postings without any query of the ledger."""
    sums: Counter[tuple[Any, ...]] = Counter()
    with engine.connect() as connection:
        for row in connection.execute(select(postings)):
            day = dates.business_day(dates.moment(row.recorded_at))
            for side, account in (("debit", row.debit), ("credit", row.credit)):
                sums[row.book, account, row.county, row.bank, row.effective_on, day, side] += row.fen
    return sums


def _kept(engine: Engine) -> Counter[tuple[Any, ...]]:
    sums: Counter[tuple[Any, ...]] = Counter()
    with engine.connect() as connection:
        for row in connection.execute(select(movements)):
            key = (row.book, row.account, row.county, row.bank, row.effective_on, row.recorded_on)
            assert (*key, "debit") not in sums, "one row a key"
            sums[*key, "debit"], sums[*key, "credit"] = row.debit, row.credit
    return sums


def _assert_rebuildable(engine: Engine) -> None:
    kept = _kept(engine)
    assert {key: fen for key, fen in kept.items() if fen} == {
        key: fen for key, fen in _recomputed(engine).items() if fen
    }
    with engine.connect() as connection:
        funds = {(row.county, row.bank): row.fen for row in connection.execute(select(fund_balances))}
    moved: Counter[tuple[str, str]] = Counter()
    for (book, account, county, bank, _, _, side), fen in kept.items():
        if book.startswith("FUND") and account == "1001":
            moved[county, bank] += fen if side == "debit" else -fen
    assert funds == dict(moved)


@ONE_DATABASE
@given(steps=STEPS)
def test_after_any_history_movements_are_what_the_postings_add_up_to(engine: Engine, steps: list[Step]) -> None:
    County(engine).play(steps)
    _assert_rebuildable(engine)


@ONE_DATABASE
@given(steps=STEPS)
def test_after_any_history_verification_finds_nothing(engine: Engine, steps: list[Step]) -> None:
    County(engine).play(steps)
    assert verify(engine)[:5] == ()


def test_many_writers_at_once_leave_nothing_out(engine: Engine) -> None:
    def write(first: int) -> int:
        for loan in range(first, first + 10):
            with recording(engine, "2016-05-12") as unit:
                journal.record(unit, disbursed(loan=loan))
                journal.record(unit, billed("2016-05-11", 1 + loan, loan=loan))
                journal.record(unit, put_in("2016-05-11", 1 + loan))
        return first

    assert at_once([partial(write, 10 * n) for n in range(8)]) == [10 * n for n in range(8)]
    _assert_rebuildable(engine)
    assert [finding for finding in verify(engine) if not finding.check.startswith("line_")] == []


def test_a_history_reaches_every_table(engine: Engine) -> None:
    """Check that the random histories write to every table; otherwise the other tests could pass with empty tables."""
    steps: list[Step] = [
        ("lend", 0, 0, 0),
        ("deposit", 1, 100_00, 0),
        ("walk", 60, 0, 0),
        ("repay", 5, 400_00, 1),
        ("undo", 1, 0, 0),
        ("repay late", 0, 20, 0),
        ("pay", 1, 9_00, 0),
        ("reverse", 1, 0, 1),
        ("walk", 120, 0, 0),
        ("walk", 120, 0, 0),
    ]
    county = County(engine).play(steps)
    assert county.done == len(steps)
    with engine.connect() as connection:
        kinds = set(connection.execute(select(events.c.kind)).scalars())
    assert kinds >= {"InterestBilled", "RepaymentReceived", "PrincipalOverdue", "CountyShareReturned", "EventReversed"}
    _assert_rebuildable(engine)
    assert verify(engine) == ()
