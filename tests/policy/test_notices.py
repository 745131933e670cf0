"""Tests of the notices that are required on certain dates.

The notice tests use the programme's examples, days around each limit, and a second implementation.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.policy.notices import Dates, Ending, Kept, Timing, called_for, ending, missing, timings
from ledger.policy.schemes import load_preset
from tests.oracle.drawing import Draw, months_later

TWO = (Timing("D30", 30, 7), Timing("D7", 7, 7))
DAY = timedelta(days=1)


def test_the_programmes_numbers_come_from_its_scheme() -> None:
    assert timings(load_preset("ganzhou-2016")) == TWO


@pytest.mark.parametrize(
    ("case", "first", "due", "extended", "new_due", "ended", "expected"),
    [
        (
            "the worked example",
            "2016-05-10",
            "2019-05-10",
            None,
            None,
            None,
            ["D30 2019-05-10: 2019-04-10 by 2019-04-17", "D7 2019-05-10: 2019-05-03 by 2019-05-10"],
        ),
        ("paid off the day before the first", "2016-05-10", "2019-05-10", None, None, "2019-04-09", []),
        ("paid off on the first one's day", "2016-05-10", "2019-05-10", None, None, "2019-04-10", []),
        (
            "paid off the day after it",
            "2016-05-10",
            "2019-05-10",
            None,
            None,
            "2019-04-11",
            ["D30 2019-05-10: 2019-04-10 by 2019-04-17, closed 2019-04-11"],
        ),
        (
            "paid on the due date",
            "2016-05-10",
            "2019-05-10",
            None,
            None,
            "2019-05-10",
            [
                "D30 2019-05-10: 2019-04-10 by 2019-04-17, closed 2019-05-10",
                "D7 2019-05-10: 2019-05-03 by 2019-05-10, closed 2019-05-10",
            ],
        ),
        (
            "extended between the two",
            "2016-05-10",
            "2019-05-10",
            "2019-04-20",
            "2019-11-10",
            None,
            [
                "D30 2019-05-10: 2019-04-10 by 2019-04-17, extended 2019-04-20",
                "D30 2019-11-10: 2019-10-11 by 2019-10-18",
                "D7 2019-11-10: 2019-11-03 by 2019-11-10",
            ],
        ),
        (
            "extended long before",
            "2016-05-10",
            "2019-05-10",
            "2018-01-05",
            "2019-11-10",
            None,
            ["D30 2019-11-10: 2019-10-11 by 2019-10-18", "D7 2019-11-10: 2019-11-03 by 2019-11-10"],
        ),
        (
            "extended by a month on the last day",
            "2016-05-10",
            "2019-05-10",
            "2019-05-09",
            "2019-06-10",
            None,
            [
                "D30 2019-05-10: 2019-04-10 by 2019-04-17, extended 2019-05-09",
                "D7 2019-05-10: 2019-05-03 by 2019-05-10, extended 2019-05-09",
                "D30 2019-06-10: 2019-05-11 by 2019-05-18",
                "D7 2019-06-10: 2019-06-03 by 2019-06-10",
            ],
        ),
        (
            "a month's loan in February",
            "2015-02-01",
            "2015-03-01",
            None,
            None,
            None,
            ["D30 2015-03-01: 2015-02-01 by 2015-02-06", "D7 2015-03-01: 2015-02-22 by 2015-03-01"],
        ),
        (
            "due in early January",
            "2016-01-05",
            "2019-01-05",
            None,
            None,
            None,
            ["D30 2019-01-05: 2018-12-06 by 2018-12-13", "D7 2019-01-05: 2018-12-29 by 2019-01-05"],
        ),
    ],
)
def test_notices_of_a_life(
    case: str, first: str, due: str, extended: str | None, new_due: str | None, ended: str | None, expected: list[str]
) -> None:
    day = date.fromisoformat
    loan = Dates(
        day(first),
        day(due),
        day(new_due or due),
        day(extended) if extended else None,
        day(ended) if ended else None,
        "closed" if ended else None,
    )
    told = [
        f"{each.kind} {each.due_on}: {each.created_on} by {each.deliver_by}"
        + (f", {each.reason} {each.cancelled_on}" if each.cancelled_on else "")
        for each in called_for(loan, TWO)
    ]
    assert told == expected, case


# The second implementation examines every day separately, without computing ranges of days.

Seen = dict[tuple[date, str], tuple[date, date | None]]


def _brute_force(loan: Dates, of: tuple[Timing, ...], through: date) -> Seen:
    """On every day of the loan, make each notice that is due, and cancel each notice that is no longer needed."""
    seen: Seen = {}
    day = loan.disbursed_on
    while day <= through:
        is_open = loan.ended_on is None or day < loan.ended_on
        extended = loan.extended_on is not None and day >= loan.extended_on
        due_on = loan.due_on if extended or loan.extended_on is None else loan.original_due_on
        for key, (created_on, cancelled_on) in seen.items():
            if cancelled_on is None and (not is_open or key[0] != due_on):
                seen[key] = created_on, day
        for timing in of:
            if is_open and (due_on - day).days <= timing.ahead_days and (due_on, timing.kind) not in seen:
                seen[due_on, timing.kind] = day, None
        day += DAY
    return seen


@dataclass
class Told:
    """A fact of a loan and its day of recording, which is the day of the fact or later."""

    what: str
    on: date
    recorded_on: date
    months: int = 0


@dataclass
class Borrowed:
    """A loan and its recorded facts."""

    disbursed: Told
    months: int
    told: list[Told] = field(default_factory=list)

    def known(self, day: date) -> Dates | None:
        """Return the loan's dates as they were known at the end of a day."""
        if self.disbursed.recorded_on > day:
            return None
        first = self.disbursed.on
        due = original = months_later(first, self.months)
        extended_on = ended_on = None
        ended_as: Ending | None = None
        for fact in self.told:
            if fact.recorded_on <= day and fact.what == "extended":
                due, extended_on = months_later(first, self.months + fact.months), fact.on
            elif fact.recorded_on <= day:
                ended_on, ended_as = (fact.on, "closed") if fact.what == "ended" else (None, None)
        return Dates(first, original, due, extended_on, ended_on, ended_as)


@st.composite
def borrowed(draw: Draw) -> Borrowed:
    """Draw a loan whose facts are recorded in time or late.

    The drawn loan may be extended and paid off, and its last payment may be reversed.
    """
    first = date(2016, 1, 1) + timedelta(days=draw(st.integers(0, 1500)))
    months = draw(st.integers(1, 14))
    days = (months_later(first, months) - first).days
    made = Borrowed(_told(draw, "disbursed", first, first), months)
    known = made.disbursed.recorded_on
    if draw(st.booleans()):
        on = first + timedelta(days=draw(st.integers(max(0, days - 60), days - 1)))
        made.told.append(_told(draw, "extended", on, known, draw(st.integers(1, 7))))
        known = made.told[-1].recorded_on
    for _ in range(draw(st.integers(0, 2))):
        on = max(first, first + timedelta(days=days - draw(st.integers(-250, 60))))
        made.told.append(_told(draw, "ended", on, known))
        known = made.told[-1].recorded_on
        if draw(st.booleans()):
            made.told.append(_told(draw, "reopened", on, known))
            known = made.told[-1].recorded_on
    return made


def _told(draw: Draw, what: str, on: date, known: date, months: int = 0) -> Told:
    late = draw(st.sampled_from((0, 0, 0, 1, 7, 30)) | st.integers(0, 60))
    return Told(what, on, max(on, known) + timedelta(days=late), months)


_CASES = settings(max_examples=settings().max_examples * 5 // 2)
"""A full test run draws 5,000 loans."""


@_CASES
@given(
    loan=borrowed(),
    runs=st.sets(st.integers(0, 900), max_size=12),
    ahead=st.sampled_from(((30, 7), (30, 7), (60, 1), (1, 1))),
    delivered=st.booleans(),
)
def test_whatever_days_the_job_ran_the_notices_are_those_of_looking_at_every_day(
    loan: Borrowed, runs: set[int], ahead: tuple[int, int], delivered: bool
) -> None:
    of = (Timing("D30", ahead[0], 0), Timing("D7", ahead[1], 0))
    end = loan.disbursed.on + timedelta(days=900)
    made: dict[tuple[date, str], Kept] = {}
    for day in sorted({*(loan.disbursed.on + timedelta(days=offset) for offset in runs), end}):
        if (dates := loan.known(day)) is None:
            continue
        called = {(each.due_on, each.kind): each for each in called_for(dates, of)}
        for key, kept in made.items():
            made[key] = Kept(kept.created_on, *ending(kept, called.get(key), "closed"))
        for each in missing(called.values(), made, day):
            made[each.due_on, each.kind] = Kept(each.created_on, each.cancelled_on, each.reason)
    dates = loan.known(end)
    assert dates is not None
    lived = {key: (kept.created_on, kept.cancelled_on) for key, kept in made.items()}
    never = {key for key, (created_on, cancelled_on) in lived.items() if cancelled_on == created_on}
    wanted = _brute_force(dates, of, end)
    assert {key: kept for key, kept in lived.items() if key not in never} == wanted
    assert never.isdisjoint(wanted)
    if delivered:  # A delivered notice never changes, whatever is recorded later.
        for kept in made.values():
            given_on = Kept(kept.created_on, delivered=True)
            assert ending(given_on, None, "closed") == (None, None)
