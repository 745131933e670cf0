"""Schemes that lend any amount for any term, published for tests of what happens to a loan after its payout."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine, select

from ledger.operations.registry import reference
from ledger.policy.rates import load_tables
from ledger.policy.schemes import load_preset, parse_scheme
from ledger.tables.reference import SchemeVersion
from tests.support.county_desk import at_desk

FIRST_SIGNING = date(2014, 1, 1)
"""The day on which the bank of the tests was admitted. On it, higher rates were published than on any later day."""

_WIDE = {
    "registered_from": '"none"',
    "age_min": "0",
    "age_max": "120",
    "household_cap": '"1000000000.00"',
    "term_months_min": "1",
    "term_months_max": "600",
    "rate_table": '"benchmark"',
    "rate_rule": '"at_most"',
}
_HEADING = """
code = "{code}"
version = 1
name = "{name}"
inherits = "{preset}"
signed_from = {signed_from}
signed_to = 2099-12-31
"""
_ROW = """
[parameters.{name}]
value = {value}
clause = "2"
source = "decision: for tests of loans of any size, term and rate"
"""


def wide(engine: Engine, preset: str) -> str:
    """Return the code of a scheme that differs from a preset in its limits on lending; publish it where it is missing.

    Its loans may have any term, any principal, and any rate up to the published one.
    """
    code = f"wide-{preset}"
    with engine.connect() as connection:
        published = connection.execute(select(SchemeVersion.code).where(SchemeVersion.code == code)).first()
    if published is None:
        head = _HEADING.format(code=code, name=load_preset(preset).name, preset=preset, signed_from=FIRST_SIGNING)
        rows = "".join(_ROW.format(name=name, value=value) for name, value in _WIDE.items())
        with at_desk(engine, "city") as unit:
            reference.add_scheme(unit, parse_scheme(head + rows))
    return code


def signing_day(annual_rate: Decimal, term_months: int, disbursed_on: date) -> date:
    """Return the day on which a contract under a wide scheme is signed.

    It is the payout day, or the last day before it with a published rate. Where the published rate of that day is below
    the contract's, it is the first day of the scheme.
    """
    table = load_tables()["benchmark"]
    day = min(disbursed_on, table.covered_through)
    return day if annual_rate <= table.rate(term_months, day) else FIRST_SIGNING
