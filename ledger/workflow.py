"""The one way through the statuses of a loan, sheet, claim, batch, plan, report and request (状态流转、复核).

Each desk writes down its steps in a table, a `Workflow`; the functions here read the table. `check` refuses a step,
`move` writes it, `take` does both.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from ledger import period_lock
from ledger.database import Base
from ledger.errors import RuleViolation, SamePerson, WrongStatus
from ledger.ids import new_id
from ledger.unit_of_work import Unit


class BeforeEarlierStep(RuleViolation):
    code = "before_earlier_step"
    zh = "日期 {found} 早于上一环节的日期 {limit}"
    en = "{found} lies before the step it follows, of {limit}"


Persons = Callable[[Unit, Any], Collection[str]]
"""The persons who may not take a step on a row, where no column of the row tells them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a workflow's table.

    `allowed` are the statuses in which the step is possible, `to` the statuses it leads to: where there are several,
    amounts decide, and the caller of `move` names the one reached. `not_by` are the columns that hold the persons who
    may not take the step (scheme 1), or a function that returns them. `day` is the name of the step's date in a
    refusal, None where a person does not choose the date. `not_before` are columns of dates: the first that is filled
    is the earliest day of the step. `books` returns the books that must be open on the day. `reason`: one is required.
    `fills` and `clears` name groups of columns: "approved" stands for approved_by and approved_on.
    """

    allowed: tuple[StrEnum, ...]
    to: tuple[StrEnum, ...]
    not_by: tuple[str, ...] | Persons = ()
    day: str | None = None
    not_before: tuple[str, ...] = ()
    books: Callable[[Any], Collection[str]] | None = None
    reason: bool = False
    fills: str | None = None
    clears: tuple[str, ...] = ()


History = Callable[[Any, str, Mapping[str, Any]], Base]
"""Makes a row of a history table from the row that moved, the step, and the columns that all these tables share."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The steps of one table's rows.

    `begins` are the statuses a row may be recorded with. `history` makes the row of the history table, None where the
    row itself keeps who decided and when. `replaced` returns the status to show of a row in whose place another was
    put, None while the row counts. `early` and `rule` are the refusal of a date before the earlier step's, and its
    clause. `names_step`: whether a refusal for the wrong status names the step.
    """

    row: type[Base]
    statuses: type[StrEnum]
    begins: tuple[StrEnum, ...]
    steps: Mapping[StrEnum, Step]
    history: History | None = None
    replaced: Callable[[Any], str | None] = lambda row: None
    early: type[BeforeEarlierStep] = BeforeEarlierStep
    rule: str = "1"
    names_step: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """A step taken: the row's status now, and what a checker should know."""

    id: int
    status: str
    warnings: tuple[RuleViolation, ...] = ()


def check(unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = "") -> None:
    """Refuse a step that may not be taken on a locked row: status first, then person, date and reason.

    `on` is today where it is None. Raises WrongStatus, SamePerson, FutureDate, the workflow's BeforeEarlierStep,
    PeriodClosed.
    """
    found = workflow.steps[step]
    check_status(workflow, row, step)
    _check_person(unit, row, found)
    if found.day is not None:
        _check_day(unit, workflow, row, found, on or unit.today)
    assert reason or not found.reason, "the edge asks for the reason"


def check_status(workflow: Workflow, row: Any, step: StrEnum) -> None:
    """Raise WrongStatus where the step is not possible, also for a row in whose place another was put."""
    allowed = workflow.steps[step].allowed
    replaced = workflow.replaced(row)
    if row.status in allowed and replaced is None:
        return
    named = {"step": step} if workflow.names_step else {}
    raise WrongStatus(status=replaced or row.status, allowed=", ".join(allowed), **named)


def move(
    unit: Unit,
    workflow: Workflow,
    row: Any,
    step: StrEnum,
    on: date | None = None,
    *,
    to: str | None = None,
    reason: str = "",
    **kept: Any,
) -> Taken:
    """Write a step that was checked: the row's new status, who took it and when, and the history.

    `to` is the status reached where the table names several; `kept` are further columns of the history.
    """
    found = workflow.steps[step]
    assert row.status in found.allowed, (step, row.status)
    if to is None:
        (to,) = found.to
    assert to in found.to, (step, to)
    before, row.status = row.status, str(to)
    for group in found.clears:
        _put(unit, row, group, None, None)
    if found.fills is not None:
        _put(unit, row, found.fills, unit.user, on or unit.today)
    note(unit, workflow, row, step, on, before=before, reason=reason, **kept)
    unit.session.flush()
    return Taken(row.id, row.status)


def take(
    unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = "", **kept: Any
) -> Taken:
    """Check a step that no other rule stands in the way of, and write it; raises as `check`."""
    check(unit, workflow, row, step, on, reason=reason)
    return move(unit, workflow, row, step, on, reason=reason, **kept)


def begin(
    unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = ""
) -> Taken:
    """Keep the first step of a row that was just added, which comes from no status."""
    assert row.status in workflow.begins, row.status
    note(unit, workflow, row, step, on, before="", reason=reason)
    unit.session.flush()
    return Taken(row.id, row.status)


def note(
    unit: Unit,
    workflow: Workflow,
    row: Any,
    step: str,
    on: date | None = None,
    *,
    before: str,
    reason: str = "",
    **kept: Any,
) -> None:
    """Add a row to the history, where the workflow has one."""
    if workflow.history is not None:
        columns = {
            "id": new_id(),
            "from_status": before,
            "to_status": row.status,
            "on": on or unit.today,
            "by": unit.user,
            "reason": reason,
            "recorded_at": unit.recorded_at,
            **kept,
        }
        unit.session.add(workflow.history(row, str(step), columns))


def _check_person(unit: Unit, row: Any, found: Step) -> None:
    """Nobody takes a step on what is their own, nor two steps of one round (scheme 1)."""
    others = found.not_by(unit, row) if callable(found.not_by) else [getattr(row, name) for name in found.not_by]
    if unit.user in others:
        raise SamePerson(user=unit.user, rule="1")


def _check_day(unit: Unit, workflow: Workflow, row: Any, found: Step, on: date) -> None:
    assert found.day is not None
    unit.not_future(on, found.day)
    earlier = next((day for name in found.not_before if (day := getattr(row, name)) is not None), None)
    if earlier is not None and on < earlier:
        raise workflow.early(rule=workflow.rule, limit=earlier, found=on)
    if found.books is not None:
        period_lock.check_open(unit, found.books(row), on)


def _put(unit: Unit, row: Any, group: str, by: str | None, on: date | None) -> None:
    """Fill or empty a group of columns: by whom, on which day and, where the table keeps it, when it was recorded."""
    setattr(row, f"{group}_by", by)
    setattr(row, f"{group}_on", on)
    if hasattr(row, f"{group}_at"):
        setattr(row, f"{group}_at", None if by is None else unit.recorded_at)
    if hasattr(row, f"{group}_recorded_on"):
        setattr(row, f"{group}_recorded_on", None if by is None else unit.recorded_on)
