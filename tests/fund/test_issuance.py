"""Tests that a quarter's issuance counts unreversed disbursements, as of any day and as known at any moment (5.2)."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.dates import Quarter
from ledger.operations.fund.issuance import draft_report, submit_report
from ledger.reports.fund.issuance import Issuance, issuance, together
from tests.support.county_desk import at_desk
from tests.support.small_portfolio import lend

SECOND, THIRD = Quarter.parse("2016Q2"), Quarter.parse("2016Q3")


@pytest.fixture
def lent(engine: Engine) -> Engine:
    """Pay out three loans of 50,000 yuan in each of two counties, on 10, 11 and 12 May 2016."""
    lend(engine, counties=("360781", "360702"), each=3)
    return engine


@pytest.mark.parametrize(
    ("case", "quarter", "clocks", "wanted"),
    [
        ("the whole quarter", SECOND, Clocks(date(2016, 7, 1)), [(3, 15_000_000, 15_000_000)] * 2),
        ("by its second day", SECOND, Clocks(date(2016, 5, 11)), [(2, 10_000_000, 10_000_000)] * 2),
        ("a quarter later", THIRD, Clocks(date(2016, 10, 1)), [(0, 0, 15_000_000)] * 2),
        ("a quarter before", Quarter.parse("2016Q1"), Clocks(date(2016, 7, 1)), []),
        ("known the year before", SECOND, Clocks(date(2016, 7, 1), datetime(2015, 1, 1, tzinfo=UTC)), []),
    ],
)
def test_disbursements_of_a_quarter_and_through_it(
    lent: Engine, case: str, quarter: Quarter, clocks: Clocks, wanted: list[tuple[int, int, int]]
) -> None:
    rows = _asked(lent, quarter, clocks)
    assert [(row.households, row.issued, row.cumulative) for row in rows] == wanted, case


def test_it_stands_beside_what_the_bank_reported(lent: Engine) -> None:
    with at_desk(lent, today=date(2016, 7, 11)) as unit:
        draft = draft_report(unit, "GZRCB", "360781", SECOND)
    with at_desk(lent, "checker", today=date(2016, 7, 11)) as unit:
        submit_report(unit, draft.id)
    found = {row.county: row for row in _asked(lent, SECOND, Clocks(date(2016, 7, 11)))}
    told = found["360781"].reported
    assert told is not None
    assert (told.version, told.late, told.cumulative, found["360781"].reported_difference) == (1, True, 15_000_000, 0)
    assert found["360702"].reported is None
    assert [row.reported for row in _asked(lent, SECOND, Clocks(date(2016, 7, 10)))] == [None, None]


def test_added_up_it_is_the_city(lent: Engine) -> None:
    city = together(_asked(lent, SECOND, Clocks(date(2016, 7, 1))))
    assert (city.households, city.issued, city.due_by) == (6, 30_000_000, date(2016, 7, 10))


def _asked(engine: Engine, quarter: Quarter, clocks: Clocks) -> list[Issuance]:
    with Session(engine.execution_options(reading=True)) as session:
        return issuance(session, clocks, quarter)
