"""Tests of repricing loans in the database: processed in time, processed all at once, and extended late (3.1, 3.10)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import Engine, select

from ledger.operations.registry import reference
from ledger.policy.schemes import parse_scheme
from ledger.tables.loans import Loan
from tests.oracle.days import book_after
from tests.oracle.facts import Contract, Line
from tests.support import serviced

SCHEME = """
code = "{repricing}"
version = 1
name = "repriced"
inherits = "national-2014"
signed_from = 2014-12-10
signed_to = 2020-12-31

[parameters.repricing]
value = "{repricing}"
clause = "3.1"
source = "decision: for this test"
"""
# The loan has a term of six months from 2014-12-15 at 5.60 %; the published rate falls five times in 2015.
LOAN = serviced.loan_of("5.60", "2014-12-15", "2015-06-15")
THROUGH = date(2016, 6, 21)


def lend(engine: Engine, repricing: str) -> int:
    with serviced.at_bank(engine, "city") as unit:
        reference.add_scheme(unit, parse_scheme(SCHEME.format(repricing=repricing)))
    return serviced.lend(engine, LOAN, scheme=repricing)


def with_rates(*changes: tuple[str, str]) -> Contract:
    later = tuple((date.fromisoformat(day), Fraction(rate) / 100) for day, rate in changes)
    return replace(LOAN, rates=(*LOAN.rates, *later))


def lines_of(contract: Contract) -> list[Line]:
    return book_after(contract, [], THROUGH).lines


@pytest.mark.parametrize(
    "case, repricing, changes",
    [
        (
            "once a year, on the first of January: 4.35 %",
            "annual_jan1",
            [("2015-01-01", "5.60"), ("2016-01-01", "4.35")],
        ),
        ("on the day of disbursement: 4.35 %", "anniversary", [("2015-12-15", "4.35")]),
    ],
)
def test_a_repriced_loan_walked_at_once_and_in_turns(
    engine: Engine, case: str, repricing: str, changes: list[tuple[str, str]]
) -> None:
    wanted = lines_of(with_rates(*changes))
    loan_id = lend(engine, repricing)
    serviced.run_to(engine, loan_id, THROUGH)
    assert serviced.lines_of(engine, loan_id) == wanted
    in_turns = serviced.lend(engine, LOAN, scheme=repricing)
    for day in (date(2015, 3, 21), date(2015, 12, 20), date(2015, 12, 31), date(2016, 1, 1), THROUGH):
        serviced.run_to(engine, in_turns, day)
    assert serviced.lines_of(engine, in_turns) == wanted


@pytest.mark.parametrize("case, late", [("approved in time", False), ("approved a year later", True)])
def test_an_extended_loan_takes_the_agreed_rate_and_is_repriced_after_it(engine: Engine, case: str, late: bool) -> None:
    # On the day of agreement the rate for nine months was 5.10 %; from the following 1 January the rate is 4.35 %.
    extended = replace(
        with_rates(("2015-06-15", "5.10"), ("2016-01-01", "4.35")),
        due_on=date(2015, 9, 15),
        rolled_on=date(2015, 9, 15),
    )
    loan_id = lend(engine, "annual_jan1")
    serviced.run_to(engine, loan_id, THROUGH if late else date(2015, 6, 1))
    serviced.decide(engine, loan_id, "extension", {"agreed_on": date(2015, 6, 1), "months": 3})
    serviced.run_to(engine, loan_id, THROUGH)
    assert serviced.lines_of(engine, loan_id) == lines_of(extended)
    assert _extended_rate(engine, loan_id) == Decimal("0.051")


def _extended_rate(engine: Engine, loan_id: int) -> Decimal | None:
    with engine.connect() as connection:
        return connection.execute(select(Loan.extended_rate).where(Loan.id == loan_id)).scalar_one()
