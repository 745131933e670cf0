"""Deadlines (时限, scheme 7): what each office owes, by which day, and how it stands as of any day."""

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
    """Something an office owes by a day, and how it stood at the end of `as_of`.

    `days` are those left to the day, counted from `as_of`, or from the day it was done; below zero: so many late.
    """

    owed: Owed
    state: State
    days: int


def deadlines(session: Session, clocks: Clocks, states: Sequence[State] = OUTSTANDING) -> list[Deadline]:
    """Every deadline that had begun to run by a day, in these states; the earliest first.

    Nothing of it is kept: a calendar that is published, a record that comes late or is taken back, is in the next
    answer. Natural days do not move; working days are the State Council's (调休).
    """
    outstanding = set(states) <= set(OUTSTANDING)
    question = Question(session, clocks, reference.work_calendar(session), outstanding)
    found = (standing(owed, clocks.as_of) for source in duties.SOURCES for owed in source(question))
    return sorted((each for each in found if each.state in states), key=_order)


def standing(owed: Owed, as_of: date) -> Deadline:
    """How something owed stands at the end of a day; its last day counts (截止日当天算按时)."""
    if owed.done_on is not None:
        days = (owed.due_on - owed.done_on).days
        return Deadline(owed, "done" if days >= 0 else "done_late", days)
    days = (owed.due_on - as_of).days
    return Deadline(owed, "open" if days >= 0 else "late", days)


def _order(deadline: Deadline) -> tuple[date, str, str, str, str]:
    owed = deadline.owed
    return owed.due_on, owed.what, owed.bank, owed.county or "", owed.subject
