"""Loans with a long history: five postings per quarter for each loan, and four million postings for a whole city."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine

from ledger import dates
from ledger.dates import DAY
from ledger.events import Applied, Event, InterestBilled, LoanDisbursed, RepaymentReceived
from ledger.money import NIL, Fen
from tests.bench.portfolio import FIRST_DAY, Writing, offices

LAST_DAY = date(2018, 3, 20)
AS_OF = date(2017, 6, 30)
"""The day for which the benchmarks ask for figures, in the middle of the history."""

_ROWS_A_QUARTER = 5
_PRINCIPAL = Fen(5_000_000)


def fill(engine: Engine, count: int, postings_each: int) -> None:
    """Write `count` loans, with equal numbers for each bank and county.

    Each loan has a disbursement and `postings_each` further postings.
    """
    quarters = list(dates.settlements(FIRST_DAY, LAST_DAY))[: postings_each // _ROWS_A_QUARTER]
    with engine.connect() as connection:
        pairs = offices(connection)
    each = count // len(pairs)
    for place, (bank, county) in enumerate(pairs):
        writing = Writing(next_id=1 + place * each * 100)
        for number in range(place * each, place * each + each):
            facts: dict[str, Any] = {"county": county, "bank": bank, "loan": number + 1}
            for event in _life(number, quarters, facts):
                writing.post(event)
        with engine.begin() as connection:
            writing.write(connection)


def _life(number: int, quarters: Sequence[date], facts: dict[str, Any]) -> Iterator[Event]:
    """Write the quarters of a loan: interest is billed, then paid within a month together with a little principal."""
    start = FIRST_DAY + timedelta(days=number * 7 % 72)
    yield LoanDisbursed(effective_on=start, principal=_PRINCIPAL, **facts)
    for turn, on in enumerate(quarters):
        interest, penalty = Fen(50_000 + number % 9_000), Fen(1 + number % 90)
        yield InterestBilled(
            effective_on=on, period_start=start, contract=interest, penalty=penalty, compound=NIL, **facts
        )
        principal = Fen(100_000)
        yield RepaymentReceived(
            effective_on=on + (number * 11 + turn) % 30 * DAY,
            repayment=number * 100 + turn + 1,
            amount=Fen(interest + penalty + principal),
            interest=interest,
            charges=penalty,
            principal=principal,
            surplus="principal",
            applied=(Applied(start, interest, NIL, penalty),),
            **facts,
        )
        start = on
