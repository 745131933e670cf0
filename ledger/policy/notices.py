"""The notices that a loan's dates require: each notice's day, its last day of delivery, and its end (scheme 7)."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ledger.policy.schemes import Scheme


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of notice: its code in records, its number on paper, and functions that return its days from a scheme.

    `ahead` returns the number of calendar days between the notice and the contract due date, or None for a scheme
    without a notice of this kind. `deliver` returns the number of days allowed for delivering the notice.
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
"""Every kind of notice by its code. The days come from the scheme, whatever the code says; no kind is ever removed.

The Chinese and English names of the kinds are in ledger/labels/kinds.py.
"""

Ending = Literal["extended", "closed", "compensated", "written_off"]


@dataclass(frozen=True, slots=True)
class Timing:
    """A scheme's days for one kind of notice: days before the contract due date, and days for delivery."""

    kind: str
    ahead_days: int
    deliver_days: int

    def called_on(self, due_on: date) -> date:
        """Return the day of the notice: the first day on which the notice is required."""
        return due_on - timedelta(days=self.ahead_days)

    def deliver_by(self, due_on: date) -> date:
        """Return the last day of a notice's delivery, counted from the due date even if the notice was made late."""
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
    """The dates of a loan on which its notices depend; due dates are contract due dates, not moved to a working day.

    `extended_on` is the day on which an extension was agreed. From the day of agreement of an extension on, `due_on`
    replaces `original_due_on`. `ended_on` is the day on which the loan was paid off, renewed, compensated or written
    off; it is None for an open loan.
    """

    disbursed_on: date
    original_due_on: date
    due_on: date
    extended_on: date | None = None
    ended_on: date | None = None
    ended_as: Ending | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A notice that a loan's dates require; `cancelled_on` is the day on which the reason for the notice ended."""

    kind: str
    due_on: date
    created_on: date
    deliver_by: date
    cancelled_on: date | None = None
    reason: Ending | None = None


def called_for(loan: Dates, of: tuple[Timing, ...]) -> tuple[Called, ...]:
    """Return every notice of a loan over the loan's whole term, one per due date and kind.

    A notice is required on the first day at whose end the loan is open, the due date is valid, and the due date is near
    enough. A missed run of the program loses no notice, because the result does not depend on the days on which the
    program runs. No notice is required if the reason for the notice ended before the notice's day.
    """
    return tuple(
        notice
        for due_on, since, until in _due_dates(loan)
        for timing in of
        if (notice := _called(timing, due_on, since, until, loan)) is not None
    )


def _due_dates(loan: Dates) -> Iterator[tuple[date, date, date | None]]:
    """Return each due date with the first day on which it was valid, and the day on which another date replaced it."""
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
    """A notice that was made: its day, whether it was delivered, and the day and reason of its end."""

    created_on: date
    cancelled_on: date | None = None
    reason: str | None = None
    delivered: bool = False


Ended = tuple[date | None, str | None]
"""The day and the reason of a notice's cancellation; None and None for a notice that is not cancelled."""


def missing(called: Iterable[Called], made: Container[tuple[date, str]], through: date | None) -> list[Called]:
    """Return the required notices that are dated on or before `through` and not yet made.

    If `through` is None, return only notices that have ended.
    """
    return [
        notice
        for notice in called
        if (notice.due_on, notice.kind) not in made
        and (notice.cancelled_on is not None if through is None else notice.created_on <= through)
    ]


def ending(kept: Kept, called: Called | None, gone_as: str) -> Ended:
    """Return the end of a notice already made, as required by the loan's present dates.

    An event recorded late can show that a notice was never required. A notice that was never required is cancelled as
    of the notice's own day, with the reason `gone_as`. The recorded end of a delivered notice does not change.
    """
    if kept.delivered:
        return kept.cancelled_on, kept.reason
    if called is None:
        return kept.created_on, gone_as
    if called.cancelled_on is None:
        return None, None
    return max(called.cancelled_on, kept.created_on), called.reason


def number_of(contract_no: str, due_on: date, kind: str) -> str:
    """Return the number printed on a notice: the contract number, the due date and the number of the notice's kind."""
    return f"{contract_no}-{due_on:%Y%m%d}-{KINDS[kind].number}"
