"""Benchmarks of figures as of a day over a long history.

The benchmarked figures are a balance, the figures of a loan, and all trial balances.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.chart import Account, Kind, Side
from ledger.reports.books.trial_balance import trial_balance
from tests.bench import history
from tests.bench.bars import Result
from tests.bench.rounds import Spread, interleaved, ratios, stopwatch
from tests.bench.sizes import Size
from tests.bench.stores import Store, looked_at

_ACCOUNT = chart.SETTLEMENT_FUNDS
_BOOK = "LOAN-GZRCB"
_CLOCKS = Clocks(history.AS_OF)
_TIMES = 5

# Each bare SUM query is fastest with one of these indexes; the ledger's own queries do not need the indexes.
_INDEXES = (
    "CREATE INDEX bench_debit ON postings (book, debit, effective_on, fen)",
    "CREATE INDEX bench_credit ON postings (book, credit, effective_on, fen)",
    "CREATE INDEX bench_both ON postings (book, debit, credit, effective_on, fen)",
)
_BALANCE = (
    "SELECT (SELECT COALESCE(SUM(fen), 0) FROM postings WHERE book = {0} AND debit = {0} AND effective_on <= {0}) - "
    "(SELECT COALESCE(SUM(fen), 0) FROM postings WHERE book = {0} AND credit = {0} AND effective_on <= {0})"
)
_TRIAL = "SELECT book, debit, credit, SUM(fen) FROM postings WHERE effective_on <= {0} GROUP BY book, debit, credit"
_LOAN = text(
    "SELECT book, debit, credit, CAST(SUM(fen) AS BIGINT) FROM postings "
    "WHERE loan_id = :loan AND effective_on <= :as_of GROUP BY book, debit, credit"
)


def measure(store: Store, size: Size) -> Iterator[Result]:
    """Compare the time that the ledger needs for figures with the time of bare sums over equal postings."""
    store.template("history", partial(_fill, size))
    with looked_at(store, "history") as engine, engine.connect().execution_options(reading=True) as connection:
        asked = [number % size.loans + 1 for number in Random(7).choices(range(size.loans), k=size.asked)]
        yield _compared(
            store,
            size,
            "balance",
            f"{_count(connection)} postings",
            (
                lambda: [balances.balance(connection, _ACCOUNT, _BOOK, _CLOCKS) for _ in range(_TIMES)],
                lambda: [_bare_balance(connection) for _ in range(_TIMES)],
                lambda bare: bare,
            ),
        )
        yield _compared(
            store,
            size,
            "loan",
            f"{size.asked} figures",
            (
                lambda: [balances.loan_balance(connection, loan, _CLOCKS) for loan in asked],
                lambda: [connection.execute(_LOAN, {"loan": loan, "as_of": history.AS_OF}).all() for loan in asked],
                lambda bare: [{account: fen for (_, account), fen in _netted(rows).items()} for rows in bare],
            ),
        )
        yield _compared(
            store,
            size,
            "trial",
            "all books",
            (
                lambda: [_trial_balances(connection) for _ in range(_TIMES)],
                lambda: [_query(connection, _TRIAL, history.AS_OF) for _ in range(_TIMES)],
                lambda bare: [_netted(rows) for rows in bare],
            ),
        )


def _fill(size: Size, engine: Engine) -> None:
    history.fill(engine, size.loans, size.postings_each)
    with engine.begin() as connection:
        for index in _INDEXES:
            connection.exec_driver_sql(index)


_Sides = tuple[Callable[[], list[Any]], Callable[[], list[Any]], Callable[[list[Any]], list[Any]]]


def _compared(store: Store, size: Size, bar: str, what: str, sides: _Sides) -> Result:
    """Compare the times of two functions that compute the same figures, each called many times.

    A further function, which is not timed, converts the bare driver's result to the ledger's form.
    """
    ours, bare, told = sides
    found = ours()
    assert found == told(bare())
    took = interleaved({"ledger": partial(stopwatch, ours), "floor": partial(stopwatch, bare)}, size.rounds)
    ms = {name: Spread.of(values).median * 1000 / len(found) for name, values in took.items()}
    return Result(
        bar, store.name, ratios(took["ledger"], took["floor"]), f"{ms['ledger']:.3g} ms / {ms['floor']:.3g} ms, {what}"
    )


def _query(connection: Connection, query: str, *told: object) -> Sequence[Any]:
    raw: Any = connection.connection.driver_connection
    return list(raw.execute(query.format("?" if connection.dialect.name == "sqlite" else "%s"), told))


def _count(connection: Connection) -> int:
    counted = "SELECT COUNT(*) FROM postings WHERE book = {0} AND (debit = {0} OR credit = {0})"
    found: int = _query(connection, counted, _BOOK, _ACCOUNT.code, _ACCOUNT.code)[0][0]
    return found


def _bare_balance(connection: Connection) -> int:
    one_side = (_BOOK, _ACCOUNT.code, history.AS_OF)
    return int(_query(connection, _BALANCE, *one_side, *one_side)[0][0])


_Figures = dict[tuple[str, Account], int]


def _netted(rows: Iterable[Any]) -> _Figures:
    """Return sums of debits and credits as balances on each account's normal side, without accounts at zero."""
    sums: _Figures = {}
    for book, debit, credit, fen in rows:
        for code, sign in ((debit, 1), (credit, -1)):
            account = chart.account_of(Kind.LOAN, code)
            normal = sign if account.side is Side.DEBIT else -sign
            sums[book, account] = sums.get((book, account), 0) + normal * int(fen)
    return {key: fen for key, fen in sums.items() if fen}


def _trial_balances(connection: Connection) -> _Figures:
    books = (book for book in balances.closed_through(connection) if book.startswith(Kind.LOAN))
    return {
        (book, row.account): row.closing
        for book in books
        for row in trial_balance(connection, book, _CLOCKS).rows
        if row.closing
    }
