"""Which notices a loan's dates call for: when each is made, by when delivered, what ends it (scheme 7)."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ledger.policy.schemes import Scheme


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of notice: its name in records, its number on paper, and where a scheme says its days.

    `ahead` is how many natural days before the contract due date it is made, None where a scheme has no such notice;
    `deliver` within how many days it is delivered.
    """

    code: str
    number: int
    ahead: Callable[[Scheme], int | None]
    deliver: Callable[[Scheme], int]


# fmt: off
KINDS: Mapping[str, NoticeKind] = {kind.code: kind for kind in (
    #          code   number  days before the due date      days for its delivery
    NoticeKind("D30", 1,      lambda s: s.notice_1_days,    lambda s: s.notice_1_deliver_days),
    NoticeKind("D7",  2,      lambda s: s.notice_2_days,    lambda s: s.notice_2_deliver_days),
)}
# fmt: on
"""Every kind of notice, named for the programme's days; which days they are is the scheme's. None is ever removed.

What a kind is called stands in ledger/labels/kinds.py.
"""

Ending = Literal["extended", "closed", "compensated", "written_off"]


@dataclass(frozen=True, slots=True)
class Timing:
    """A scheme's notice of one kind: how many natural days before the contract due date, and for its delivery."""

    kind: str
    ahead_days: int
    deliver_days: int

    def called_on(self, due_on: date) -> date:
        """The first day that calls for it."""
        return due_on - timedelta(days=self.ahead_days)

    def deliver_by(self, due_on: date) -> date:
        """The last day of its delivery, counted from the due date, however late it was made."""
        return self.called_on(due_on) + timedelta(days=self.deliver_days)


def timings(scheme: Scheme) -> tuple[Timing, ...]:
    """Return the notices of a scheme, the earliest first."""
    found = [
        Timing(kind.code, ahead, kind.deliver(scheme))
        for kind in KINDS.values()
        if (ahead := kind.ahead(scheme)) is not None
    ]
    return tuple(sorted(found, key=lambda timing: -timing.ahead_days))


@dataclass(frozen=True, slots=True)
class Dates:
    """A loan's days as its notices see them; due dates are those of the contract, not rolled.

    From `extended_on`, the day the extension was agreed, `due_on` is in force instead of `original_due_on`.
    `ended_on`: the day it was paid off, renewed, compensated or written off, for good as far as is known.
    """

    disbursed_on: date
    original_due_on: date
    due_on: date
    extended_on: date | None = None
    ended_on: date | None = None
    ended_as: Ending | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A notice that a loan's dates call for; `cancelled_on` where its reason went away since."""

    kind: str
    due_on: date
    created_on: date
    deliver_by: date
    cancelled_on: date | None = None
    reason: Ending | None = None


def called_for(loan: Dates, of: tuple[Timing, ...]) -> tuple[Called, ...]:
    """Every notice of a loan's life, once per due date and kind.

    A day calls for a notice when at its end the loan is open, the due date in force and so near. So none is lost
    by a day on which nobody looked, and one whose reason went before its day never was.
    """
    return tuple(
        found
        for due_on, since, until in _due_dates(loan)
        for timing in of
        if (found := _called(timing, due_on, since, until, loan)) is not None
    )


def _due_dates(loan: Dates) -> Iterator[tuple[date, date, date | None]]:
    """Each due date and the days it was in force: from, and until where another took its place."""
    if loan.extended_on is None:
        yield loan.due_on, loan.disbursed_on, None
    else:
        yield loan.original_due_on, loan.disbursed_on, loan.extended_on
        yield loan.due_on, loan.extended_on, None


def _called(timing: Timing, due_on: date, since: date, until: date | None, loan: Dates) -> Called | None:
    created_on = max(timing.called_on(due_on), since)
    ends: list[tuple[date, Ending]] = []
    if until is not None:
        ends.append((until, "extended"))
    if loan.ended_on is not None and loan.ended_as is not None:
        ends.append((loan.ended_on, loan.ended_as))
    cancelled_on, reason = min(ends, default=(None, None), key=lambda end: end[0])
    if cancelled_on is not None and cancelled_on <= created_on:
        return None
    return Called(timing.kind, due_on, created_on, timing.deliver_by(due_on), cancelled_on, reason)


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice that was made: its day, and what became of it since."""

    created_on: date
    cancelled_on: date | None = None
    reason: str | None = None
    delivered: bool = False


Ended = tuple[date | None, str | None]
"""On which day a notice is cancelled and why; twice None where it is not."""


def missing(called: Iterable[Called], made: Container[tuple[date, str]], through: date | None) -> list[Called]:
    """What is called for through a day and not made yet; no day: only what came to its end since."""
    return [
        each
        for each in called
        if (each.due_on, each.kind) not in made
        and (each.cancelled_on is not None if through is None else each.created_on <= through)
    ]


def ending(kept: Kept, called: Called | None, gone_as: str) -> Ended:
    """What a notice's end is by what its loan's dates call for now, whatever it was taken for before.

    One that never should have been, as is learnt from what was recorded late, is cancelled on its own day. A
    delivered one stays as it is.
    """
    if kept.delivered:
        return kept.cancelled_on, kept.reason
    if called is None:
        return kept.created_on, gone_as
    if called.cancelled_on is None:
        return None, None
    return max(called.cancelled_on, kept.created_on), called.reason


def number_of(contract_no: str, due_on: date, kind: str) -> str:
    """Return the number on the paper: contract, due date, number of the kind."""
    return f"{contract_no}-{due_on:%Y%m%d}-{KINDS[kind].number}"
