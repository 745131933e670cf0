"""The benchmark of single durable entries: the journal records repayments in separate transactions."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import Engine

from ledger import journal
from ledger.events import Applied, Event, RepaymentReceived
from ledger.money import NIL, Fen
from ledger.unit_of_work import work
from tests.bench import replay
from tests.bench.bars import Result
from tests.bench.portfolio import fill
from tests.bench.replay import Transaction
from tests.bench.rounds import Spread, interleaved, ratios, runs, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store, opened

ORIGIN = "bench/entry"
_ON = date(2016, 12, 21)


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Measure the entries per second of the ledger and of the bare driver, each on its own copy of the database."""
    store.template("city", lambda engine: fill(engine, size.loans))
    batches = [_repayments(place, size.entries) for place in range(runs(size.rounds))]
    with opened(store, "city") as engine:
        for batch in batches:
            _record(engine, batch)
        transactions = replay.captured(engine, ORIGIN, stands=False)
        expected = replay.contents(engine, ORIGIN)
    assert len(transactions) == size.entries * len(batches)
    slices = [transactions[start : start + size.entries] for start in range(0, len(transactions), size.entries)]
    with opened(store, "city") as ours, opened(store, "city") as bare, replay.driver(bare) as raw:
        todo, to_write = iter(batches), iter(slices)
        sides = {
            "ledger": lambda: stopwatch(lambda: _record(ours, next(todo))),
            "floor": lambda: stopwatch(lambda: _write(raw, next(to_write))),
        }
        took = interleaved(sides, size.rounds)
        assert replay.contents(ours, ORIGIN) == replay.contents(bare, ORIGIN) == expected
    rate = {name: size.entries / Spread.of(values).median for name, values in took.items()}
    absolute = f"{rate['ledger']:.0f} / {rate['floor']:.0f} entries a second"
    yield Result("entry", store.name, ratios(took["floor"], took["ledger"]), absolute)


def _repayments(batch: int, count: int) -> list[Event]:
    """Return interest payments, which are the smallest entries: each interest payment has one row in one book."""
    return [
        RepaymentReceived(
            effective_on=_ON,
            county="360781",
            bank="GZRCB",
            loan=number + 1,
            repayment=number + 1,
            amount=Fen(59_375),
            interest=Fen(59_375),
            applied=(Applied(date(2016, 9, 21), Fen(59_375), NIL, NIL),),
        )
        for number in range(batch * count, batch * count + count)
    ]


def _record(engine: Engine, batch: Sequence[Event]) -> None:
    for event in batch:
        with work(engine, user="officer", today=_ON, clock=_now, origin=ORIGIN) as unit:
            journal.record(unit, event)


def _now() -> datetime:
    return datetime.now(UTC)


def _write(raw: object, batch: Sequence[Transaction]) -> None:
    for transaction in batch:
        replay.write_one(raw, transaction)
