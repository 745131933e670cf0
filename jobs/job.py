"""The definition of a job: functions that count the items due, list the items' ids, process items, and report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ledger.operations.job_runs import Scope
from ledger.unit_of_work import Unit

ITEMS_MAX = 5_000
"""The largest number of items that one transaction of a job processes (books.md, promise 4)."""


@dataclass(frozen=True, slots=True)
class Step:
    """The part of a job for one business date, bank and county; a transaction of a job belongs to exactly one step."""

    on: date
    scope: Scope


def nothing_to_report(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    """Return an empty report, for a job whose runs report only the counts of items due and items done."""
    return {}


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the timetable: its names, and the functions that find and do its work.

    `due` returns, for each bank and county, how many items are due on or before a business date. `items` returns the
    ids of a step's items that are greater than a given id, up to a given number of ids. `work` processes some items
    within one transaction. `report` returns the figures that changed since the previous run.

    `due` and `items` find all work that is missing at the end of the business date. A run after missed days therefore
    does all the work of the missed days, and a second run for an unchanged business date finds no work.
    """

    name: str
    zh: str
    en: str
    due: Callable[[Session, date], Mapping[Scope, int]]
    items: Callable[[Session, Step, int, int], Sequence[int]]
    work: Callable[[Unit, Step, Sequence[int]], None]
    report: Callable[[Session, Scope, date | None, date], Mapping[str, Any]] = nothing_to_report
