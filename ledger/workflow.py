"""Moving a loan, sheet, claim, batch, plan, report or request from one status to another (状态流转、复核).

Each desk lists its steps in a table, a `Workflow`, which the functions of this module read. `check` raises a refusal
where a step is not allowed, `move` writes a step, and `take` does both.
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
    """A refusal because a step is dated before the step that came earlier."""

    code = "before_earlier_step"
    zh = "日期 {found} 早于上一环节的日期 {limit}"
    en = "{found} lies before the step it follows, of {limit}"


Persons = Callable[[Unit, Any], Collection[str]]
"""A function that returns the users who may not take a step on a row, where no column of the row names them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a workflow's table.

    `allowed` are the statuses in which the step is possible. `to` are the statuses after the step; where there are
    several, amounts decide, and the caller of `move` names the status reached. `not_by` are the columns of users who
    may not take the step (scheme 1), or a function that returns these users. `day` is the name of the step's date in a
    refusal, None where nobody chooses the date. `not_before` are columns of dates: the first filled column is the
    earliest day of the step. `books` returns the books that must be open on the day. `reason` says whether the step
    needs a reason. `fills` and `clears` name groups of columns: "approved" means approved_by and approved_on.
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
"""A function that makes the history row of a step, from the row, the step and the common columns."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The statuses and steps of the rows of one table.

    `begins` are the statuses of a new row. `history` makes the row of the history table; None where the row itself
    has the user and the day of its decision. `replaced` returns the status to show for a row that another row has
    replaced, and None for a row that still counts. `early` and `rule` are the refusal of a date before the earlier
    step's date, and the clause. `names_step` says whether a refusal for a wrong status names the step.
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
    """The result of a step: the new status of the row, and warnings for the checker."""

    id: int
    status: str
    warnings: tuple[RuleViolation, ...] = ()


def check(unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = "") -> None:
    """Check that a step may be taken on a locked row: the status first, then the user, the date and the reason.

    The date `on` is today where None is given. Raise WrongStatus, SamePerson, FutureDate, the workflow's refusal
    `early`, or PeriodClosed.
    """
    found = workflow.steps[step]
    check_status(workflow, row, step)
    _check_person(unit, row, found)
    if found.day is not None:
        _check_day(unit, workflow, row, found, on or unit.today)
    assert reason or not found.reason, "the edge asks for the reason"


def check_status(workflow: Workflow, row: Any, step: StrEnum) -> None:
    """Raise WrongStatus where the row's status does not allow the step, or where another row has replaced the row."""
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
    """Write a checked step: the row's new status, the user and the day of the step, and the history row.

    `to` is the status reached, needed where the step has several; `kept` are further columns of the history row.
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
    """Check a step and write the step, where no rule beside the workflow applies; raise as `check` does."""
    check(unit, workflow, row, step, on, reason=reason)
    return move(unit, workflow, row, step, on, reason=reason, **kept)


def begin(
    unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = ""
) -> Taken:
    """Write the history row of the first step of a new row; the status before the step is empty."""
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
    """Add a row to the history table, where the workflow has a history table."""
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
    """Raise SamePerson where the user recorded the row or took an excluded earlier step (scheme 1)."""
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
    """Set the columns of a group: the user, the day and, where the table has the column, the recording moment."""
    setattr(row, f"{group}_by", by)
    setattr(row, f"{group}_on", on)
    if hasattr(row, f"{group}_at"):
        setattr(row, f"{group}_at", None if by is None else unit.recorded_at)
    if hasattr(row, f"{group}_recorded_on"):
        setattr(row, f"{group}_recorded_on", None if by is None else unit.recorded_on)
