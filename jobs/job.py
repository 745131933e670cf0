"""What a job is: where it has something to do, which items, and the work on some of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ledger.operations.job_runs import Scope
from ledger.unit_of_work import Unit

ITEMS_MAX = 5_000
"""Items in one transaction (books.md, promise 4)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One business date of one bank and county: what a transaction of a job never reaches beyond."""

    on: date
    scope: Scope


def nothing_to_report(session: Session, scope: Scope, since: date | None, on: date) -> Mapping[str, Any]:
    """For jobs whose counts say it all."""
    return {}


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the timetable.

    `due` finds the banks and counties with something to do by a day, and how many items; `items` the ids of
    those in one of them, above an id; `work` does some of them within a transaction. All find what is missing
    by the end of the business date, so that a run after missed days does what daily runs would have done, and
    a second run finds nothing. `report` says what came of it since the run before.
    """

    name: str
    zh: str
    en: str
    due: Callable[[Session, date], Mapping[Scope, int]]
    items: Callable[[Session, Step, int, int], Sequence[int]]
    work: Callable[[Unit, Step, Sequence[int]], None]
    report: Callable[[Session, Scope, date | None, date], Mapping[str, Any]] = nothing_to_report
