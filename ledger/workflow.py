"""The workflows of loans, sheets, claims, batches, plans, reports and requests: who may take which step, and when.

Each workflow module declares its steps (状态流转、复核) in a table, a `Workflow`. `check` refuses a step that the table
forbids, `move` writes a step, and `take` checks and writes a step.
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
"""A function that returns the users who may not take a step on a row, where no column of the row names these users."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a workflow's table: a step, the statuses in which the step is possible, and its conditions.

    `allowed` are the statuses in which the step is possible, and `to` are the statuses the step leads to. Where `to`
    has several statuses, amounts decide, and the caller of `move` names the status reached. `not_by` are the columns
    that hold the users who may not take the step (scheme 1), or a function that returns these users. `day` is the name
    of the step's date in a refusal, or None where a person does not choose the date. `not_before` are columns of dates,
    and the first filled column holds the earliest day of the step. `books` returns the books that must be open on the
    step's date. `reason` is True where the step needs a reason. `fills` and `clears` name groups of columns: the name
    "approved" means the columns approved_by and approved_on.
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
"""A function that makes a row of a history table from the moved row, the step, and the columns of all histories."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow: the steps that rows of one database table can take.

    `begins` are the statuses with which a row may be recorded. `history` makes the row of the history table; `history`
    is None where the row itself records who decided and when. `replaced` returns the status to show for a row that
    another row has replaced, and None for a row that counts. `early` is the refusal of a date before the earlier step's
    date, and `rule` is the clause that the refusal names. `names_step` is True where a refusal for the wrong status
    names the step.
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
    """A step that was taken: the row's id and new status, and warnings for the person who checks."""

    id: int
    status: str
    warnings: tuple[RuleViolation, ...] = ()


def check(unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = "") -> None:
    """Raise a refusal where a step may not be taken on a locked row.

    `check` looks at the status of the row first, then at the person, the date and the reason. If `on` is None, the date
    of the step is today. Raise WrongStatus, SamePerson, FutureDate, the workflow's BeforeEarlierStep, or PeriodClosed.
    """
    definition = workflow.steps[step]
    check_status(workflow, row, step)
    _check_person(unit, row, definition)
    if definition.day is not None:
        _check_day(unit, workflow, row, definition, on or unit.today)
    assert reason or not definition.reason, "the edge asks for the reason"


def check_status(workflow: Workflow, row: Any, step: StrEnum) -> None:
    """Raise WrongStatus where a row's status does not allow the step, or where another row has replaced the row."""
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
    **extra: Any,
) -> Taken:
    """Write a step that was checked: the row's new status, the user and day of the step, and a row of the history.

    `to` is the status reached where the workflow's table names several statuses. `extra` holds the values of further
    columns of the history.
    """
    definition = workflow.steps[step]
    assert row.status in definition.allowed, (step, row.status)
    if to is None:
        (to,) = definition.to
    assert to in definition.to, (step, to)
    before, row.status = row.status, str(to)
    for group in definition.clears:
        _put(unit, row, group, None, None)
    if definition.fills is not None:
        _put(unit, row, definition.fills, unit.user, on or unit.today)
    note(unit, workflow, row, step, on, before=before, reason=reason, **extra)
    unit.session.flush()
    return Taken(row.id, row.status)


def take(
    unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = "", **extra: Any
) -> Taken:
    """Check and write a step that only the rules of its workflow can forbid; raise the errors of `check`."""
    check(unit, workflow, row, step, on, reason=reason)
    return move(unit, workflow, row, step, on, reason=reason, **extra)


def begin(
    unit: Unit, workflow: Workflow, row: Any, step: StrEnum, on: date | None = None, *, reason: str = ""
) -> Taken:
    """Add the first row of the history for a row that was just recorded, with an empty earlier status."""
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
    **extra: Any,
) -> None:
    """Add a row to the history, where the workflow has a history table."""
    if workflow.history is not None:
        columns = {
            "id": new_id(),
            "from_status": before,
            "to_status": row.status,
            "on": on or unit.today,
            "by": unit.user,
            "reason": reason,
            "recorded_at": unit.recorded_at,
            **extra,
        }
        unit.session.add(workflow.history(row, str(step), columns))


def _check_person(unit: Unit, row: Any, definition: Step) -> None:
    """Raise SamePerson where the user may not take the step.

    No user decides on their own work, and no user takes two steps of one round (scheme 1).
    """
    excluded = (
        definition.not_by(unit, row)
        if callable(definition.not_by)
        else [getattr(row, name) for name in definition.not_by]
    )
    if unit.user in excluded:
        raise SamePerson(user=unit.user, rule="1")


def _check_day(unit: Unit, workflow: Workflow, row: Any, definition: Step, on: date) -> None:
    assert definition.day is not None
    unit.not_future(on, definition.day)
    earlier = next((day for name in definition.not_before if (day := getattr(row, name)) is not None), None)
    if earlier is not None and on < earlier:
        raise workflow.early(rule=workflow.rule, limit=earlier, found=on)
    if definition.books is not None:
        period_lock.check_open(unit, definition.books(row), on)


def _put(unit: Unit, row: Any, group: str, by: str | None, on: date | None) -> None:
    """Fill or empty a group of columns: the user, the day, and, if the table has this column, the recording moment."""
    setattr(row, f"{group}_by", by)
    setattr(row, f"{group}_on", on)
    if hasattr(row, f"{group}_at"):
        setattr(row, f"{group}_at", None if by is None else unit.recorded_at)
    if hasattr(row, f"{group}_recorded_on"):
        setattr(row, f"{group}_recorded_on", None if by is None else unit.recorded_on)
