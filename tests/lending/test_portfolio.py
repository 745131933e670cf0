"""Tests that the portfolio equals the sum of its loans, as of any day and as known at any moment (scheme 3.12)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger import balances
from ledger.balances import Clocks
from ledger.money import Fen
from ledger.operations.servicing import run
from ledger.policy import grading
from ledger.policy.schemes import load_preset
from ledger.queries.exposure import open_principal
from ledger.reports.lending.portfolio import Portfolio, portfolio, together
from ledger.tables.loans import Loan, allocations, interest_bills
from tests.support.county_desk import at_desk
from tests.support.small_portfolio import lend, repay


@pytest.fixture
def lent(engine: Engine) -> Engine:
    """Lend six loans in two counties.

    One loan is paid off, one loan is partly repaid, and two loans have their interest paid. The remaining loans of the
    six are unpaid.
    """
    loans = lend(engine, counties=("360781", "360702"), each=3)
    repay(engine, loans[0], "50200.00", date(2016, 6, 1))
    repay(engine, loans[1], "277.08", date(2016, 6, 21))
    repay(engine, loans[3], "277.08", date(2016, 7, 30))
    repay(engine, loans[4], "10000.00", date(2019, 7, 1))
    with at_desk(engine, today=date(2020, 6, 1)) as unit:
        run.run_to(unit, loans, date(2020, 6, 1))
    return engine


@pytest.mark.parametrize(
    "as_of",
    [
        date(2016, 5, 9),
        date(2016, 5, 10),
        date(2016, 6, 21),
        date(2016, 6, 22),
        date(2016, 9, 19),
        date(2016, 9, 20),
        date(2017, 3, 19),
        date(2017, 6, 17),
        date(2019, 5, 10),
        date(2019, 5, 11),
        date(2019, 8, 8),
        date(2019, 8, 9),
        date(2020, 5, 31),
    ],
)
def test_it_adds_up_what_each_loan_says(lent: Engine, as_of: date) -> None:
    with Session(lent.execution_options(reading=True)) as session:
        found = portfolio(session, Clocks(as_of))
        known = portfolio(session, Clocks(as_of, datetime.now(UTC) + timedelta(days=1)))
        wanted = _one_by_one(session, as_of)
    assert known == found
    assert {(row.county, name): getattr(row, name) for row in found for name in _NAMES if getattr(row, name)} == wanted


def test_what_was_recorded_later_was_not_known_then(lent: Engine) -> None:
    with Session(lent.execution_options(reading=True)) as session:
        before = portfolio(session, Clocks(date(2020, 5, 31), datetime(2016, 1, 1, tzinfo=UTC)))
    assert sum(row.principal for row in before) == 0


def test_added_up_it_is_the_city() -> None:
    rows = [Portfolio("1", "A", loans=1, households=Fen(300)), Portfolio("2", "A", loans=2, organisations=Fen(100))]
    city = together(rows)
    assert (city.loans, city.principal, str(city.household_share)) == (3, 400, "0.7500")
    assert together([]).npl_rate is None


_NAMES = (
    "households",
    "overdue_1_30",
    "overdue_31_90",
    "overdue_91_180",
    "overdue_over_360",
    *(grade.value for grade in grading.Grade),
)


def _one_by_one(session: Session, as_of: date) -> dict[tuple[str, str], int]:
    """Return the portfolio's figures by county and name, computed from each loan with the grading rule."""
    scheme, found = load_preset("ganzhou-2016"), dict[tuple[str, str], int]()
    for loan in session.execute(select(Loan)).scalars():
        assert loan.rolled_on is not None
        is_open = open_principal(balances.loan_balance(session.connection(), loan.id, Clocks(as_of)))
        if not is_open:
            continue
        overdue = grading.days_overdue(loan.rolled_on, as_of)
        grade = grading.grade(scheme, overdue, grading.days_unpaid(_oldest_unpaid(session, loan.id, as_of), as_of))
        ages = {
            "overdue_1_30": (1, 30),
            "overdue_31_90": (31, 90),
            "overdue_91_180": (91, 180),
            "overdue_over_360": (361, 10**6),
        }
        names = ["households", grade.value, *(name for name, (a, b) in ages.items() if a <= overdue <= b)]
        for name in names:
            found[loan.county, name] = found.get((loan.county, name), 0) + is_open
    return found


def _oldest_unpaid(session: Session, loan_id: int, as_of: date) -> date | None:
    posted = session.execute(
        select(interest_bills).where(
            interest_bills.c.loan_id == loan_id, interest_bills.c.live, interest_bills.c.period_end <= as_of
        )
    ).all()
    for line in sorted(posted, key=lambda row: row.period_end):
        paid = session.execute(
            select(allocations.c.contract).where(
                allocations.c.loan_id == loan_id,
                allocations.c.period_start == line.period_start,
                allocations.c.effective_on <= as_of,
            )
        ).scalars()
        if sum(paid) < line.contract:
            return date.fromordinal(line.period_end.toordinal())
    return None
