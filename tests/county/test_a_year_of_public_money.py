"""Tests that the auditors' equations hold on every day of a random year with late records and reversals."""

from collections.abc import Mapping
from datetime import date
from random import Random

import pytest
from hypothesis import settings
from sqlalchemy import Connection, Engine, text

from ledger import balances
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.policy.schemes import load_preset
from ledger.reports.verifying.verification import verify
from tests.county import flows
from tests.county.year import BANKS, Year
from tests.support.county_desk import COUNTY
from tests.support.serviced import lend, loan_of

SCHEMES = ("ganzhou-2016", "national-2014")
STEPS = 200
SEEDS = range(max(2, settings().max_examples // 20))
RUNNING = loan_of("4.75", "2018-06-08", "2021-06-08", principal=5_000_000)
FAILING = (
    loan_of("4.35", "2018-09-10", "2018-12-10", principal=200_000),
    loan_of("4.35", "2018-10-10", "2019-01-10", principal=200_000),
    loan_of("4.35", "2018-11-01", "2019-02-01", principal=350_000),
)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_auditors_equations_hold_on_every_day(engine: Engine, scheme: str, seed: int) -> None:
    year = Year(engine, Random(seed), _portfolio(engine, scheme), load_preset(scheme).fund_source)
    for _ in range(STEPS):
        year.live_on()
    with engine.connect() as connection:
        happened = flows.events(connection)
        for on, stood in flows.sums(happened, BANKS):
            for bank in BANKS:
                sums = {flow: fen for (flow, of_bank), fen in stood.items() if of_bank == bank}
                _check_fund(connection, bank, on, sums)
                _check_rest(connection, bank, on, sums)
        for on, stood in flows.sums(flows.as_known_then(happened), BANKS):
            _check_no_more_than_borrowers_paid(on, stood)
        _check_days_once(connection)
    assert verify(engine) == ()
    assert {deed for deed in year.done if ":" not in deed} >= {"repay", "move_plan"}, "\n".join(year.done)


def _portfolio(engine: Engine, scheme: str) -> list[int]:
    """Lend five loans at each bank and return their ids: two loans that are still running and three that end unpaid."""
    loans = []
    for bank in BANKS:
        for contract in (RUNNING, RUNNING, *FAILING):
            loans.append(lend(engine, contract, under=scheme, bank=bank, policy_no=None))
    return loans


def _balances(connection: Connection, kind: Kind, bank: str, on: date) -> Mapping[str, int]:
    """Return the balances of a book's accounts for one bank, by account code."""
    book = book_of(kind, bank=bank, county=COUNTY)
    found = {row.account.code: int(row.closing) for row in balances.turnovers(connection, book, Clocks(on), bank=bank)}
    return {code: found.get(code, 0) for code in (*_CODES, *found)}


_CODES = (
    "1001",
    "1101",
    "1102",
    "1201",
    "1221",
    "1301",
    "1391",
    "2202",
    "2241",
    "2242",
    "2301",
    "5001",
    "5101",
    "5102",
)


def _check_fund(connection: Connection, bank: str, on: date, sums: Mapping[str, int]) -> None:
    """Assert that the fund's deposits, transit, suspense, recourse and losses on a day equal the sums of the events."""
    stood = _balances(connection, Kind.FUND, bank, on)
    assert stood["1001"] >= 0
    assert stood["1001"] + stood["1101"] + stood["1102"] == sums["held"], on
    assert (stood["1101"], stood["1102"]) == (sums["to appropriate"], sums["in transit"]), on
    assert stood["2301"] == sums["suspense"] >= 0, on
    assert stood["1301"] == stood["1391"] == sums["recourse"] >= 0, on
    assert sums["halves"] == sums["net loss"] == stood["5001"] + stood["1201"] + sums["shares"], on


def _check_rest(connection: Connection, bank: str, on: date, sums: Mapping[str, int]) -> None:
    """Assert that recoveries to remit, and subsidies approved, paid and clawed back, equal the sums of the events."""
    assert _balances(connection, Kind.LOAN, bank, on)["2242"] == sums["to remit"] >= 0, on
    stood = _balances(connection, Kind.SUBSIDY, bank, on)
    assert stood["2202"] == sums["subsidy approved"] - sums["subsidy paid"] >= 0, on
    assert stood["1221"] == sums["clawed back"] - sums["clawback received"] >= 0, on
    assert stood["5101"] + stood["5102"] == sums["subsidy approved"] - sums["clawed back"], on
    assert stood["1001"] == sums["clawback received"] - sums["subsidy paid"], on


def _check_no_more_than_borrowers_paid(on: date, stood: Mapping[tuple[str, str], int]) -> None:
    """Assert that net subsidies, as known on each day, never exceed the interest that borrowers paid.

    When a repayment is reversed, the interest counts as paid on the day of a later repayment instead. A subsidy that
    was paid in good faith between the two repayments is still due (scheme 4.9).
    """
    for bank in BANKS:
        net = stood["subsidy paid", bank] - stood["clawed back", bank]
        assert net <= stood["interest of borrowers", bank], on


def _check_days_once(connection: Connection) -> None:
    """Assert that no interest bill is subsidised twice, and that no loan has two bills with one date."""
    twice = connection.execute(
        text(
            "SELECT loan_id, period_start FROM subsidy_claims WHERE live GROUP BY 1, 2 HAVING count(*) > 1 UNION ALL "
            "SELECT a.loan_id, a.period_start FROM lines a JOIN lines b ON b.loan_id = a.loan_id AND b.live AND a.live "
            "AND b.period_start > a.period_start AND b.period_start < a.period_end"
        )
    ).all()
    assert twice == []
