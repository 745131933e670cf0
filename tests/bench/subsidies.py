"""Benchmarks of a quarter's subsidies for a whole city: drafting all batches, then approving and paying all batches."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine, select

from ledger.events import Applied, RepaymentReceived
from ledger.money import NIL, Fen
from ledger.operations.subsidy import batches as operations
from ledger.policy.subsidy import Period
from ledger.tables.loans import Loan, allocations, interest_bills
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange, SubsidyLine, subsidy_claims
from ledger.unit_of_work import work
from tests.bench import quarter, replay
from tests.bench.bars import Result
from tests.bench.portfolio import BILLED_ON, FIRST_DAY, QUARTER_END, Writing, fill, offices
from tests.bench.rounds import Spread, interleaved, ratios
from tests.bench.sizes import Size
from tests.bench.stores import Store, on_copies, opened

PERIOD = Period.of("quarter", BILLED_ON)
PAID_ON, SETTLED_ON = date(2016, 12, 22), date(2016, 12, 26)
ORIGIN = "bench/subsidies"
_TABLES: tuple[Any, ...] = (SubsidyBatch.__table__, SubsidyLine.__table__, subsidy_claims, SubsidyChange.__table__)

_Rows = list[tuple[Any, ...]]


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare drafting batches with writing the batches' rows, and settling batches with writing the journal's rows."""
    store.template("billed", lambda engine: _paid_quarter(engine, size.loans))
    store.template("submitted", _submitted, base="billed")
    with opened(store, "billed") as engine:
        draft(engine, PERIOD)
        drafted = _captured(engine)
    assert sum(len(rows[_TABLES[1]]) for rows in drafted) >= size.loans
    with opened(store, "submitted") as engine:
        settle(engine)
        settled, expected = replay.captured(engine, ORIGIN, stands=False), replay.contents(engine, ORIGIN)
    yield _compared(
        store,
        size,
        "drafts",
        "billed",
        (
            lambda engine: draft(engine, PERIOD),
            lambda engine: _write(engine, drafted),
            lambda engine: _figures(_captured(engine)) == _figures(drafted),
        ),
    )
    yield _compared(
        store,
        size,
        "settled",
        "submitted",
        (
            settle,
            partial(replay.write_all, settled),
            lambda engine: replay.contents(engine, ORIGIN) == expected,
        ),
    )


_Sides = tuple[Callable[[Engine], object], Callable[[Engine], object], Callable[[Engine], bool]]


def _compared(store: Store, size: Size, bar: str, template: str, sides: _Sides) -> Result:
    ours, bare, right = sides
    both = {"ledger": on_copies(store, template, ours, right), "floor": on_copies(store, template, bare, right)}
    took = interleaved(both, size.rounds)
    seconds = {name: Spread.of(values).median for name, values in took.items()}
    absolute = f"{seconds['ledger']:.2f} s / {seconds['floor']:.2f} s"
    return Result(bar, store.name, ratios(took["ledger"], took["floor"]), absolute)


def draft(engine: Engine, period: Period) -> None:
    """Draft the batch of every bank and county, each in its own transaction, as the job does."""
    with engine.connect() as connection:
        pairs = offices(connection)
    for bank, county in pairs:
        with work(engine, user="job", today=SETTLED_ON, clock=_clock, origin=ORIGIN) as unit:
            operations.draft(unit, bank, county, period)


def settle(engine: Engine) -> None:
    """Approve, verify and pay every batch, each step in its own transaction."""
    for user, step in (("poverty", operations.approve), ("finance", operations.verify), ("finance2", operations.pay)):
        _step(engine, user, step)


def _step(engine: Engine, user: str, step: Callable[..., object]) -> None:
    with engine.connect() as connection:
        found = select(SubsidyBatch.id).where(SubsidyBatch.period == str(PERIOD)).order_by(SubsidyBatch.id)
        batches = connection.execute(found).scalars().all()
    for batch in batches:
        with work(engine, user=user, today=SETTLED_ON, clock=_clock, origin=ORIGIN) as unit:
            step(unit, batch)


def _paid_quarter(engine: Engine, count: int) -> None:
    """Draft the batches of the previous quarter, and bill the current quarter.

    On the day after the billing, the borrowers pay all interest.
    """
    fill(engine, count)
    draft(engine, Period.of("quarter", FIRST_DAY))
    quarter.bill(engine)
    with engine.connect() as connection:
        pairs = offices(connection)
    for place, (bank, county) in enumerate(pairs):
        writing = Writing(next_id=10**15 + place * 10**9)
        writing.rows[allocations] = []
        with engine.begin() as connection:
            unpaid = (
                select(interest_bills.c.loan_id, interest_bills.c.period_start, interest_bills.c.contract)
                .join(Loan, Loan.id == interest_bills.c.loan_id)
                .where(Loan.bank == bank, Loan.county == county, interest_bills.c.period_end == QUARTER_END)
            )
            for loan, start, contract in connection.execute(unpaid).all():
                _repay(writing, {"county": county, "bank": bank, "loan": loan}, start, contract)
            writing.write(connection)


def _repay(writing: Writing, facts: dict[str, Any], start: date, contract: Fen) -> None:
    event = RepaymentReceived(
        effective_on=PAID_ON,
        repayment=writing.new_id(),
        amount=contract,
        interest=contract,
        applied=(Applied(start, contract, NIL, NIL),),
        **facts,
    )
    row = (writing.post(event), facts["loan"], start, PAID_ON, "borrower", contract, 0, 0)
    writing.rows[allocations].append(row)


def _submitted(engine: Engine) -> None:
    draft(engine, PERIOD)
    _step(engine, "checker", operations.submit)


def _captured(engine: Engine) -> list[dict[Any, _Rows]]:
    """Return the rows of every batch of the period, grouped by batch, as the driver's own values."""
    batches, drafted, claims, changes = (table.name for table in _TABLES)
    ways = (
        f"{batches} t ON t.id = b.id",
        f"{drafted} t ON t.batch_id = b.id",
        f"{drafted} d ON d.batch_id = b.id JOIN {claims} t ON t.line_id = d.id",
        f"{changes} t ON t.batch_id = b.id",
    )
    found: dict[int, dict[Any, _Rows]] = {}
    with replay.driver(engine) as raw:
        mark = "?" if engine.dialect.name == "sqlite" else "%s"
        for table, way in zip(_TABLES, ways, strict=True):
            chosen = ", ".join(f't."{column.name}"' for column in table.columns)
            query = f"SELECT b.id, {chosen} FROM {batches} b JOIN {way} WHERE b.period = {mark} ORDER BY b.id, 2"
            for batch, *row in raw.execute(query, (str(PERIOD),)):
                found.setdefault(batch, {table: [] for table in _TABLES})[table].append(tuple(row))
    return list(found.values())


def _figures(batches: list[dict[Any, _Rows]]) -> list[tuple[Any, ...]]:
    """Return the figures of the batch lines, without ids."""
    return sorted(row[2:] for rows in batches for row in rows[_TABLES[1]])


def _write(engine: Engine, batches: list[dict[Any, _Rows]]) -> None:
    with replay.driver(engine) as raw:
        for rows in batches:
            with replay.transacted(raw):
                replay.insert(raw, rows)


def _clock() -> datetime:
    return datetime.now(UTC)
