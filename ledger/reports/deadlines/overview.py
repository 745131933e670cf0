"""Deadlines (时限, scheme 7): the duties of each office, with their last days and their states as of any day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.queries import reference
from ledger.reports.deadlines import duties
from ledger.reports.deadlines.duties import Owed, Question

State = Literal["open", "late", "done", "done_late"]
STATES: tuple[State, ...] = get_args(State)
OUTSTANDING: tuple[State, ...] = ("open", "late")


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty of an office, and its state at the end of the day `as_of`.

    `days` is the number of days from `as_of`, or from the day on which the duty was done, to the duty's last day. A
    negative `days` is the number of days by which a duty is late.
    """

    owed: Owed
    state: State
    days: int


def deadlines(session: Session, clocks: Clocks, states: Sequence[State] = OUTSTANDING) -> list[Deadline]:
    """Return the deadlines, earliest first, that began on or before a day and are in one of the given states.

    Deadlines are not stored but computed from the records and the published calendars. Deadlines in natural days never
    move, and deadlines in working days follow the State Council's calendar (调休).
    """
    outstanding = set(states) <= set(OUTSTANDING)
    question = Question(session, clocks, reference.work_calendar(session), outstanding)
    all_deadlines = (deadline_of(owed, clocks.as_of) for source in duties.SOURCES for owed in source(question))
    return sorted((each for each in all_deadlines if each.state in states), key=_order)


def deadline_of(owed: Owed, as_of: date) -> Deadline:
    """Return a duty with its state at the end of a day; a duty done on its last day is in time (截止日当天算按时)."""
    if owed.done_on is not None:
        days = (owed.due_on - owed.done_on).days
        return Deadline(owed, "done" if days >= 0 else "done_late", days)
    days = (owed.due_on - as_of).days
    return Deadline(owed, "open" if days >= 0 else "late", days)


def _order(deadline: Deadline) -> tuple[date, str, str, str, str]:
    owed = deadline.owed
    return owed.due_on, owed.what, owed.bank, owed.county or "", owed.subject
