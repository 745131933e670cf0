"""Helpers for tests of the journal's promises: record events at a chosen moment, and make events of a fund account."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from threading import Barrier, Thread
from typing import Any, TypeVar

from sqlalchemy import Engine

from ledger import events as e
from ledger.money import NIL, Fen
from ledger.unit_of_work import Unit, work
from tests.support.county_desk import BANK, COUNTY

BOOK = f"LOAN-{BANK}"
FUND = f"FUND-{COUNTY}"

T = TypeVar("T")


def day(text: str) -> date:
    return date.fromisoformat(text)


def noon(on: str) -> datetime:
    """Return twelve o'clock in Shanghai on a day."""
    return datetime.combine(day(on), time(4), UTC)


@contextmanager
def recording(engine: Engine, on: str = "2016-05-12", user: str = "officer") -> Iterator[Unit]:
    """Open a transaction at noon of a day."""
    with work(engine, user=user, today=day(on), clock=lambda: noon(on)) as unit:
        yield unit


def where(on: str, loan: int | None = None, **changed: Any) -> dict[str, Any]:
    """Return the base fields of an event, by default of one county and bank."""
    return {"effective_on": day(on), "county": COUNTY, "bank": BANK, "loan": loan} | changed


def disbursed(on: str = "2016-05-10", loan: int = 7, principal: int = 5_000_000, **at: Any) -> e.LoanDisbursed:
    return e.LoanDisbursed(**where(on, loan, **at), principal=Fen(principal))


def billed(on: str, contract: int, loan: int = 7, **at: Any) -> e.InterestBilled:
    return e.InterestBilled(
        **where(on, loan, **at), period_start=day("2016-05-10"), contract=Fen(contract), penalty=NIL, compound=NIL
    )


def put_in(on: str, fen: int, **at: Any) -> e.CountyFundContributed:
    """Return the event of a deposit into the fund account."""
    return e.CountyFundContributed(**where(on, **at), amount=Fen(fen))


def paid_out(on: str, fen: int, loan: int = 7, claim: int = 1, **at: Any) -> e.ClaimPaid:
    """Return the event of a claim paid from the fund account, with the loss shared equally."""
    city = (fen + 1) // 2
    return e.ClaimPaid(
        **where(on, loan, **at),
        claim=claim,
        paid=Fen(fen),
        fund_share=Fen(city),
        county_share=Fen(fen - city),
        principal=Fen(fen),
    )


def handed_back(on: str, fen: int, **at: Any) -> e.CountyShareReturned:
    """Return an event that pays money out of the fund account and needs no row in another table."""
    return e.CountyShareReturned(**where(on, **at), amount=Fen(fen))


def at_once(tasks: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Start all tasks at once in separate threads, and return each task's result or exception."""
    answers: list[T | Exception] = [RuntimeError("did not end")] * len(tasks)
    start = Barrier(len(tasks))

    def run(place: int) -> None:
        start.wait(60)
        try:
            answers[place] = tasks[place]()
        except Exception as error:  # noqa: BLE001  every answer is looked at by the test
            answers[place] = error

    threads = [Thread(target=run, args=(place,), daemon=True) for place in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return answers
