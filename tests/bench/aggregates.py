"""Benchmarks of reports on all loans of the city: a quarter's fund plan, and the portfolio as of any day."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.dates import Quarter
from ledger.operations.fund import plans
from ledger.policy.scheme import Scheme
from ledger.queries import reference
from ledger.reports.lending.portfolio import Portfolio, portfolio
from ledger.tables.fund import FundPlanLine
from ledger.unit_of_work import work
from tests.bench import replay
from tests.bench.bars import Result
from tests.bench.portfolio import fill
from tests.bench.rounds import Spread, interleaved, ratios, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store, opened

AS_OF = date(2016, 12, 20)
"""The day of the report, nearly three months after the only settlement day.

On this day one loan in twenty has unpaid interest from the settlement day.
"""

_QUARTER = Quarter(2016, 3)

_ISSUED = """
SELECT county, bank, scheme, scheme_version, SUM(CASE WHEN disbursed_on >= {0} THEN principal_fen ELSE 0 END),
       SUM(principal_fen)
FROM loans WHERE disbursed_on <= {0} AND renews_id IS NULL GROUP BY county, bank, scheme, scheme_version
"""

_PORTFOLIO = """
WITH owed AS (
    SELECT loan_id, SUM(CASE WHEN debit IN ('130301', '130302') THEN fen ELSE 0 END)
                    - SUM(CASE WHEN credit IN ('130301', '130302') THEN fen ELSE 0 END) AS fen
    FROM postings
    WHERE effective_on <= {0} AND (debit IN ('130301', '130302') OR credit IN ('130301', '130302'))
    GROUP BY loan_id
), paid AS (
    SELECT loan_id, period_start, SUM(contract) AS fen FROM applications WHERE effective_on <= {0}
    GROUP BY loan_id, period_start
), unpaid AS (
    SELECT lines.loan_id, MIN(period_end) AS since FROM lines
    LEFT JOIN paid ON paid.loan_id = lines.loan_id AND paid.period_start = lines.period_start
    WHERE period_end <= {0} AND live AND contract > COALESCE(paid.fen, 0)
    GROUP BY lines.loan_id
), aged AS (
    SELECT county, bank, household_id, fen, rolled_on,
           CASE WHEN since < rolled_on THEN since ELSE rolled_on END AS since
    FROM owed JOIN loans ON loans.id = owed.loan_id LEFT JOIN unpaid ON unpaid.loan_id = owed.loan_id WHERE fen > 0
)
SELECT county, bank, COUNT(*), SUM(CASE WHEN household_id IS NOT NULL THEN fen ELSE 0 END),
       SUM(CASE WHEN rolled_on < {0} THEN fen ELSE 0 END),
       SUM(CASE WHEN since > {0} THEN fen ELSE 0 END),
       SUM(CASE WHEN since <= {0} AND since > {0} THEN fen ELSE 0 END),
       SUM(CASE WHEN since <= {0} AND since > {0} THEN fen ELSE 0 END),
       SUM(CASE WHEN since <= {0} AND since > {0} THEN fen ELSE 0 END),
       SUM(CASE WHEN since <= {0} THEN fen ELSE 0 END)
FROM aged GROUP BY county, bank ORDER BY county, bank
"""


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare the time of a report, including all its queries, with the time of its one necessary query."""
    store.template("city", partial(fill, count=size.loans))
    with opened(store, "city") as engine:
        yield _compared(
            store,
            size,
            "plan",
            (
                lambda: _plan(engine),
                lambda: _bare_plan(engine),
                lambda plan, bare: _called(engine, plan) == bare,
            ),
        )
        with Session(engine) as session:
            scheme = reference.scheme_of(session, reference.MAIN_SCHEME, 1)
        yield _compared(
            store,
            size,
            "portfolio",
            (
                lambda: _portfolio(engine),
                lambda: _bare_portfolio(engine, scheme),
                lambda told, bare: told == bare,
            ),
        )


_Sides = tuple[Callable[[], Any], Callable[[], Any], Callable[[Any, Any], bool]]


def _compared(store: Store, size: Size, bar: str, sides: _Sides) -> Result:
    ours, bare, same = sides
    assert same(ours(), bare())
    took = interleaved({"ledger": partial(stopwatch, ours), "floor": partial(stopwatch, bare)}, size.rounds)
    ms = {name: Spread.of(values).median * 1000 for name, values in took.items()}
    absolute = f"{ms['ledger']:.0f} ms / {ms['floor']:.0f} ms"
    return Result(bar, store.name, ratios(took["ledger"], took["floor"]), absolute)


def _plan(engine: Engine) -> int:
    with work(engine, user="job", today=date(2016, 12, 20), clock=_now, origin="bench/plan") as unit:
        return plans.draft_plan(unit, _QUARTER)


def _now() -> datetime:
    return datetime.now(UTC)


def _called(engine: Engine, plan_id: int) -> Sequence[Any]:
    """Return the loans that a fund plan counts as issued, those within the quarter and those before the quarter."""
    ln = FundPlanLine
    query = select(ln.county, ln.bank, ln.issued, ln.issued_cumulative).where(ln.plan_id == plan_id)
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(query.order_by(ln.county, ln.bank))]


def _bare_plan(engine: Engine) -> Sequence[Any]:
    days = _QUARTER.calendar
    rows = _query(engine, _ISSUED, days.start, days.end - timedelta(days=1))
    return sorted((county, bank, int(within), int(in_all)) for county, bank, _, _, within, in_all in rows)


def _portfolio(engine: Engine) -> Sequence[Any]:
    with Session(engine.execution_options(reading=True)) as session:
        return [_told(row) for row in portfolio(session, Clocks(AS_OF))]


def _told(row: Portfolio) -> tuple[Any, ...]:
    overdue = row.overdue_1_30 + row.overdue_31_90 + row.overdue_91_180 + row.overdue_181_360 + row.overdue_over_360
    grades = (row.normal, row.special_mention, row.substandard, row.doubtful, row.loss)
    return (row.county, row.bank, row.loans, row.households, overdue, *grades)


def _bare_portfolio(engine: Engine, scheme: Scheme) -> Sequence[Any]:
    since = [
        AS_OF - timedelta(days=days)
        for days in (
            scheme.special_mention_from_days,
            scheme.substandard_over_days + 1,
            scheme.doubtful_over_days + 1,
            scheme.loss_over_days + 1,
        )
    ]
    special, substandard, doubtful, loss = since
    between = (special, substandard, substandard, doubtful, doubtful, loss)
    rows = _query(engine, _PORTFOLIO, AS_OF, AS_OF, AS_OF, AS_OF, special, *between, loss)
    return [(county, bank, *map(int, figures)) for county, bank, *figures in rows]


def _query(engine: Engine, query: str, *told: object) -> Sequence[Any]:
    with replay.driver(engine) as raw:
        return list(raw.execute(query.format("?" if engine.dialect.name == "sqlite" else "%s"), told))
