"""The parts of a job: the scopes with items due, the ids of the items in a scope, and the work on some of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ledger.operations.job_runs import Scope
from ledger.unit_of_work import Unit

ITEMS_MAX = 5_000
"""Most items that one transaction of a job processes (books.md, promise 4)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One business date, bank and county of a job; a transaction of a job belongs to exactly one step."""

    on: date
    scope: Scope


def nothing_to_report(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    """Return an empty report, for jobs whose runs report only the numbers of items due and done."""
    return {}


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the timetable: its names, and the functions that find and do its work.

    `due` returns the number of items due by a business date for each bank and county. `items` returns the ids of a
    step's items that are greater than a given id, at most as many as asked for. `work` processes some items within one
    transaction. `report` returns the figures that changed since the previous run.

    `due` and `items` find everything that is missing by the end of the business date. A run after missed days therefore
    does all that daily runs would have done, and a second run for the same date finds nothing.
    """

    name: str
    zh: str
    en: str
    due: Callable[[Session, date], Mapping[Scope, int]]
    items: Callable[[Session, Step, int, int], Sequence[int]]
    work: Callable[[Unit, Step, Sequence[int]], None]
    report: Callable[[Session, Scope, date | None, date], Mapping[str, Any]] = nothing_to_report
