"""The benchmark of billing a quarter's interest for a whole city.

The billing job and the benchmark bill loans in chunks of one bank and county.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Engine

from ledger.operations.job_runs import Scope
from ledger.operations.servicing.due import loans_due
from ledger.operations.servicing.run import run_to
from ledger.unit_of_work import work
from tests.bench import replay
from tests.bench.bars import Result
from tests.bench.portfolio import QUARTER_END, fill, offices
from tests.bench.rounds import Spread, interleaved, ratios
from tests.bench.sizes import Size
from tests.bench.stores import Store, on_copies, opened

ORIGIN = "job/interest"
_CHUNK = 5_000


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare the ledger's time with the bare database driver's time, and with the time for 25 % of the loans."""
    store.template("city", lambda engine: fill(engine, size.loans))
    store.template("town", lambda engine: fill(engine, size.loans // 4))
    with opened(store, "city") as engine:
        assert bill(engine) == size.loans
        transactions = replay.captured(engine, ORIGIN, stands=True)
        expected = replay.contents(engine, ORIGIN)
    assert sum(len(each.stands) for each in transactions) == size.loans

    def right(engine: Engine) -> bool:
        return replay.contents(engine, ORIGIN) == expected

    sides = {
        "ledger": on_copies(store, "city", bill, right),
        "floor": on_copies(store, "city", partial(replay.write_all, transactions), right),
        "fewer": on_copies(store, "town", bill, lambda _: True),
    }
    took = interleaved(sides, size.rounds)
    seconds = {name: Spread.of(values).median for name, values in took.items()}
    for bar, under in (("quarter", "floor"), ("scale", "fewer")):
        absolute = f"{seconds['ledger']:.2f} s / {seconds[under]:.2f} s"
        yield Result(bar, store.name, ratios(took["ledger"], took[under]), absolute)


def bill(engine: Engine) -> int:
    """Bill the quarter on every loan, and return how many loans were billed."""
    with engine.connect() as connection:
        pairs = offices(connection)
    moved = 0
    for bank, county in pairs:
        after = 0
        while True:
            with work(engine, user="job", today=QUARTER_END, clock=_now, origin=ORIGIN) as unit:
                found = loans_due(unit.session, Scope(bank, county), QUARTER_END, after, _CHUNK)
                moved += run_to(unit, found, QUARTER_END)
            if len(found) < _CHUNK:
                break
            after = found[-1]
    return moved


def _now() -> datetime:
    return datetime.now(UTC)
