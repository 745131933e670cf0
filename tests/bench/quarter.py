"""A quarter's interest for a whole city, as the job bills it: chunks of one bank and county."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from ledger.operations.due import loans_due
from ledger.operations.job_runs import Scope
from ledger.operations.servicing import carry
from ledger.unit import work
from tests.bench import replay
from tests.bench.bars import Result
from tests.bench.portfolio import QUARTER_END, fill, offices
from tests.bench.replay import Transaction
from tests.bench.rounds import Side, Spread, interleaved, ratios, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store, opened

ORIGIN = "job/interest"
_CHUNK = 5_000


def measure(store: Store, size: Size) -> Iterator[Result]:
    """The ledger against the floor, and against itself with a quarter of the loans."""
    store.template("city", lambda engine: fill(engine, size.loans))
    store.template("town", lambda engine: fill(engine, size.loans // 4))
    with opened(store, "city") as engine:
        assert bill(engine) == size.loans
        transactions = replay.captured(engine, ORIGIN, stands=True)
        expected = replay.contents(engine, ORIGIN)
    assert sum(len(each.stands) for each in transactions) == size.loans

    def side(template: str, done: Any) -> Side:
        def run() -> float:
            with opened(store, template) as engine:
                seconds = stopwatch(lambda: done(engine))
                if template == "city":
                    assert replay.contents(engine, ORIGIN) == expected
                return seconds

        return run

    sides = {
        "ledger": side("city", bill),
        "floor": side("city", lambda engine: _replay(engine, transactions)),
        "fewer": side("town", bill),
    }
    took = interleaved(sides, size.rounds)
    seconds = {name: Spread.of(values).median for name, values in took.items()}
    for bar, under in (("quarter", "floor"), ("scale", "fewer")):
        absolute = f"{seconds['ledger']:.2f} s / {seconds[under]:.2f} s"
        yield Result(bar, store.name, ratios(took["ledger"], took[under]), absolute)


def bill(engine: Engine) -> int:
    """Bill the quarter on every loan; answers on how many."""
    with engine.connect() as connection:
        pairs = offices(connection)
    moved = 0
    for bank, county in pairs:
        after = 0
        while True:
            with work(engine, user="job", today=QUARTER_END, clock=_now, origin=ORIGIN) as unit:
                found = loans_due(unit.session, Scope(bank, county), QUARTER_END, after, _CHUNK)
                moved += carry(unit, found, QUARTER_END)
            if len(found) < _CHUNK:
                break
            after = found[-1]
    return moved


def _now() -> datetime:
    return datetime.now(UTC)


def _replay(engine: Engine, transactions: list[Transaction]) -> None:
    with replay.driver(engine) as raw:
        for transaction in transactions:
            replay.write(raw, transaction)
