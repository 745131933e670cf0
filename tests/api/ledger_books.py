"""Helpers that record events in a test database directly with the journal, at moments that the test chooses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from flask import Flask

from ledger.events import CountyFundContributed, Event, LoanDisbursed, LoanRenewed
from ledger.journal import record, reverse_all
from ledger.money import Fen, to_fen, yuan
from ledger.unit_of_work import Unit, work
from tests.support.county_desk import BANK, COUNTY


def fen(amount: str) -> Fen:
    return to_fen(yuan(amount))


def disbursed(
    loan: int, amount: str, on: str = "2016-05-10", *, bank: str = BANK, county: str = COUNTY
) -> LoanDisbursed:
    return LoanDisbursed(
        effective_on=date.fromisoformat(on), county=county, bank=bank, loan=loan, principal=fen(amount)
    )


def contributed(amount: str, on: str = "2016-05-10", *, bank: str = BANK, county: str = COUNTY) -> Event:
    return CountyFundContributed(effective_on=date.fromisoformat(on), county=county, bank=bank, amount=fen(amount))


def renewed(loan: int, renewal: int, amount: str, on: str = "2016-05-10") -> Event:
    return LoanRenewed(
        effective_on=date.fromisoformat(on),
        county=COUNTY,
        bank=BANK,
        loan=loan,
        renewal=renewal,
        principal=fen(amount),
        overdue_principal=fen("0.00"),
        approval=7,
    )


@contextmanager
def unit_of(app: Flask, at: str = "2016-05-12T09:00:00") -> Iterator[Unit]:
    """Open a unit of work on the service's database, at a moment in UTC."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    engine = app.extensions["ledger"].engine
    with work(engine, user="officer", today=moment.date(), clock=lambda: moment, origin="test") as unit:
        yield unit


def write(app: Flask, events: Iterable[Event], at: str = "2016-05-12T09:00:00") -> list[int]:
    """Record events at a moment in UTC and return the events' ids."""
    with unit_of(app, at) as unit:
        return [record(unit, event, document="借据 1", reason="放款", checked_by="checker") for event in events]


def reverse(app: Flask, event_id: int, at: str) -> None:
    """Reverse an event at a moment in UTC."""
    with unit_of(app, at) as unit:
        reverse_all(unit, [event_id], "wrong loan", "checker")
