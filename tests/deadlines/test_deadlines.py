"""Tests of the deadlines of every office as of any day, counted in the State Council's working days (scheme 7)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ledger.balances import Clocks
from ledger.calendar import CalendarDay
from ledger.dates import Quarter
from ledger.ids import new_id
from ledger.operations.fund import issuance
from ledger.operations.registry import reference
from ledger.reports.deadlines.duties import Owed
from ledger.reports.deadlines.overview import OUTSTANDING, STATES, Deadline, deadline_of, deadlines
from ledger.tables.notices import Notice, NoticeDelivery
from ledger.tables.subsidies import SubsidyBatch, SubsidyChange
from ledger.tables.work import Import
from tests.support import claiming
from tests.support.county_desk import BANK, COUNTY, at_desk
from tests.support.small_portfolio import lend

NOON = int(datetime(2016, 1, 1, 4, tzinfo=UTC).timestamp()) * 1_000_000


def listed(engine: Engine, what: str, as_of: date, known_at: datetime | None = None) -> list[Deadline]:
    """Return all deadlines of a kind as of a day, both done and not done."""
    with Session(engine.execution_options(reading=True)) as session:
        return [each for each in deadlines(session, Clocks(as_of, known_at), STATES) if each.owed.what == what]


def told(found: list[Deadline]) -> list[tuple[Any, ...]]:
    return [(each.owed.subject, each.owed.due_on, each.owed.done_on, each.state, each.days) for each in found]


@pytest.mark.parametrize("case, done_on, as_of, state, days", [
    ("days are left",             None,         "2016-06-20", "open",      6),
    ("on its last day",           None,         "2016-06-26", "open",      0),
    ("the day after",             None,         "2016-06-27", "late",      -1),
    ("done before",               "2016-06-21", "2016-07-30", "done",      5),
    ("done on its last day",      "2016-06-26", "2016-07-30", "done",      0),
    ("done the day after",        "2016-06-27", "2016-07-30", "done_late", -1),
])  # fmt: skip
def test_how_a_deadline_stands(case: str, done_on: str | None, as_of: str, state: str, days: int) -> None:
    done = None if done_on is None else date.fromisoformat(done_on)
    owed = Owed("subsidy_list", "4.4", "bank", BANK, COUNTY, "2016Q2", None, date(2016, 6, 26), done)
    found = deadline_of(owed, date.fromisoformat(as_of))
    assert (found.state, found.days, owed.open) == (state, days, 0 if done else 1)


def batch(engine: Engine, *steps: tuple[str, str], period: str = "2016Q2", submit_by: str = "2016-06-26") -> int:
    """Record a subsidy batch and its steps, each step at noon of its given day, and return the batch's id."""
    batch_id = new_id()
    with at_desk(engine) as unit:
        unit.session.add(
            SubsidyBatch(
                id=batch_id,
                bank=BANK,
                county=COUNTY,
                cycle="quarter",
                period=period,
                status="paid",
                pay_days=5,
                submit_by=date.fromisoformat(submit_by),
                maker="job",
                drafted_on=date(2016, 6, 21),
                refreshed_on=date(2016, 6, 21),
            )
        )
        unit.session.flush()
        for step, text in steps:
            on = date.fromisoformat(text)
            at = int(datetime(on.year, on.month, on.day, 4, tzinfo=UTC).timestamp()) * 1_000_000
            unit.session.add(
                SubsidyChange(
                    id=new_id(),
                    batch_id=batch_id,
                    step=step,
                    from_status="",
                    to_status="",
                    on=on,
                    by="x",
                    reason="",
                    recorded_at=at,
                )
            )
    return batch_id


@pytest.mark.parametrize(
    "case, approved_on, payable_by",
    [
        ("over National Day, a make-up Saturday", "2016-09-26", "2016-10-08"),
        ("National Day and a Sunday worked", "2019-09-26", "2019-10-09"),
        ("with Mid-Autumn in the same week", "2025-09-26", "2025-10-10"),
    ],
)
def test_finance_pays_within_five_working_days(engine: Engine, case: str, approved_on: str, payable_by: str) -> None:
    batch(engine, ("submit", "2016-06-26"), ("approve", approved_on))
    (found,) = listed(engine, "subsidy_payment", date.fromisoformat(approved_on))
    last = date.fromisoformat(payable_by)
    assert (found.owed.office, found.owed.due_on, found.owed.provisional) == ("finance", last, False)
    assert listed(engine, "subsidy_payment", last)[0].state == "open"


@pytest.mark.parametrize("case, as_of, submission, payment", [
    ("before it is drafted",     "2016-06-20", [],                                       []),
    ("drafted",                  "2016-06-21", [("open", 5)],                            []),
    ("its last day",             "2016-06-26", [("open", 0)],                            []),
    ("submitted a day late",     "2016-06-27", [("done_late", -1)],                      []),
    ("approved",                 "2016-06-29", [("done_late", -1)],                      [("open", 7)]),
    ("returned whole",           "2016-06-30", [("late", -4)],                           []),
    ("submitted again",          "2016-07-04", [("done_late", -8)],                      []),
    ("approved again",           "2016-07-05", [("done_late", -8)],                      [("open", 7)]),
    ("paid",                     "2016-07-12", [("done_late", -8)],                      [("done", 0)]),
])  # fmt: skip
def test_a_batch_stands_as_its_history_says(
    engine: Engine, case: str, as_of: str, submission: list[Any], payment: list[Any]
) -> None:
    batch(
        engine,
        ("submit", "2016-06-27"),
        ("approve", "2016-06-29"),
        ("return", "2016-06-30"),
        ("submit", "2016-07-04"),
        ("approve", "2016-07-05"),
        ("verify", "2016-07-11"),
        ("pay", "2016-07-12"),
    )
    on = date.fromisoformat(as_of)
    for what, wanted in (("subsidy_list", submission), ("subsidy_payment", payment)):
        assert [(each.state, each.days) for each in listed(engine, what, on)] == wanted


def test_what_was_recorded_later_was_not_known(engine: Engine) -> None:
    batch(engine, ("submit", "2016-06-25"))
    before, after = (datetime(2016, 6, 25, hour, tzinfo=UTC) for hour in (3, 5))
    assert listed(engine, "subsidy_list", date(2016, 6, 27), before)[0].state == "late"
    assert listed(engine, "subsidy_list", date(2016, 6, 27), after)[0].state == "done"


NEXT_YEAR = (CalendarDay(date(2027, 1, 1), "元旦", "off"), CalendarDay(date(2027, 1, 2), "元旦", "makeup_workday"))


def test_a_provisional_day_is_marked_and_follows_the_calendar_that_is_published(engine: Engine) -> None:
    batch(engine, ("submit", "2026-12-25"), ("approve", "2026-12-29"))
    (before,) = listed(engine, "subsidy_payment", date(2026, 12, 30))
    assert (before.owed.due_on, before.owed.provisional) == (date(2027, 1, 6), True)
    with at_desk(engine, "city", date(2026, 12, 30)) as unit:
        reference.add_calendar(unit, 2027, NEXT_YEAR, "国办发明电")
    (after,) = listed(engine, "subsidy_payment", date(2026, 12, 30))
    assert (after.owed.due_on, after.owed.provisional) == (date(2027, 1, 5), False), "a Saturday worked"


def test_a_batch_without_lines_owes_nobody_anything(engine: Engine) -> None:
    batch_id = batch(engine)
    with at_desk(engine) as unit:
        row = unit.session.get_one(SubsidyBatch, batch_id)
        row.status = "draft"
    assert listed(engine, "subsidy_list", date(2016, 6, 27)) == []


def test_a_bank_reports_the_quarters_in_which_it_lent_by_the_tenth(engine: Engine) -> None:
    lend(engine, each=1)  # The loan is paid out on 2016-05-10.
    assert listed(engine, "issuance_report", date(2016, 6, 30)) == []
    assert told(listed(engine, "issuance_report", date(2016, 7, 1))) == [
        ("2016Q2", date(2016, 7, 10), None, "open", 9)
    ], "a Sunday: natural days do not move"
    assert told(listed(engine, "issuance_report", date(2016, 11, 1)))[0][3:] == ("late", -114)
    with at_desk(engine, today=date(2016, 7, 11)) as unit:
        drawn_up = issuance.draft_report(unit, BANK, COUNTY, Quarter.parse("2016Q2"))
    assert listed(engine, "issuance_report", date(2016, 7, 11))[0].state == "late", "a draft reports nothing"
    with at_desk(engine, "checker", today=date(2016, 7, 12)) as unit:
        issuance.submit_report(unit, drawn_up.id)
    assert told(listed(engine, "issuance_report", date(2016, 11, 1))) == [
        ("2016Q2", date(2016, 7, 10), date(2016, 7, 12), "done_late", -2)
    ]
    assert listed(engine, "issuance_report", date(2016, 7, 11))[0].state == "late", "as of the day before"


def sheet(engine: Engine, kind: str, status: str, decided_on: date | None) -> None:
    with at_desk(engine) as unit:
        unit.session.add(
            Import(
                id=new_id(),
                kind=kind,
                bank=BANK,
                file_name="放款台账.xlsx",
                hash="0" * 64,
                status=status,
                rows=1,
                booked=1,
                unchanged=0,
                faults="[]",
                made_by="officer",
                made_on=date(2016, 6, 3),
                made_at=NOON,
                decided_by=None,
                decided_on=decided_on,
                decided_at=None if decided_on is None else NOON,
            )
        )


@pytest.mark.parametrize("case, kind, status, decided_on, wanted", [
    ("it waits",             "loans",      "booked",   None,              [("late", -1, None)]),
    ("confirmed",            "repayments", "approved", date(2016, 6, 30), [("done", 0, None)]),
    ("rejected too late",    "loans",      "rejected", date(2016, 7, 1),  [("done_late", -1, None)]),
    ("decided afterwards",   "loans",      "approved", date(2016, 7, 2),  [("late", -1, None)]),
    ("a register",           "households", "booked",   None,              []),
    ("nothing in it is new", "loans",      "unchanged", None,             []),
    ("it failed",            "loans",      "failed",   None,              []),
])  # fmt: skip
def test_a_sheet_is_decided_on_by_the_end_of_its_month(
    engine: Engine, case: str, kind: str, status: str, decided_on: date | None, wanted: list[Any]
) -> None:
    sheet(engine, kind, status, decided_on)
    found = listed(engine, "import_confirmation", date(2016, 7, 1))
    assert [(each.state, each.days, each.owed.county) for each in found] == wanted


def notices(engine: Engine, delivered: list[date | None], cancelled_on: date | None = None) -> None:
    """Record D30 notices dated one day, for one loan per delivery day.

    The first notice is cancelled if the caller requests it.
    """
    with at_desk(engine, today=date(2019, 5, 1)) as unit:
        for place, (loan_id, on) in enumerate(zip(lend(engine, each=len(delivered)), delivered, strict=True)):
            notice_id = new_id()
            unit.session.add(
                Notice(
                    id=notice_id,
                    loan_id=loan_id,
                    due_on=date(2019, 5, 10),
                    kind="D30",
                    bank=BANK,
                    county=COUNTY,
                    created_on=date(2019, 4, 10),
                    deliver_by=date(2019, 4, 17),
                    made_on=date(2019, 4, 10),
                    made_by="job",
                    recorded_at=NOON,
                    cancelled_on=None if place else cancelled_on,
                )
            )
            unit.session.flush()
            if on is not None:
                unit.session.add(
                    NoticeDelivery(
                        id=new_id(),
                        notice_id=notice_id,
                        delivered_on=on,
                        channel="print",
                        receiver="刘福",
                        relation="本人",
                        note="",
                        live=True,
                        recorded_by="officer",
                        recorded_on=on,
                        recorded_at=NOON,
                    )
                )


@pytest.mark.parametrize("case, delivered, cancelled_on, wanted", [
    ("none is delivered",              [None, None],                              None, [(2, 2, "late", -3)]),
    ("one is",                         [date(2019, 4, 11), None],                 None, [(2, 1, "late", -3)]),
    ("both are",                       [date(2019, 4, 11), date(2019, 4, 17)],    None, [(2, 0, "done", 0)]),
    ("the last a day late",            [date(2019, 4, 11), date(2019, 4, 18)],    None, [(2, 0, "done_late", -1)]),
    ("one after the day asked for",    [date(2019, 4, 11), date(2019, 4, 21)],    None, [(2, 1, "late", -3)]),
    ("one is cancelled by then",       [None, None],               date(2019, 4, 20), [(1, 1, "late", -3)]),
    ("one is cancelled after it",      [None, None],               date(2019, 4, 21), [(2, 2, "late", -3)]),
    ("the only one is cancelled",      [None],                     date(2019, 4, 12), []),
])  # fmt: skip
def test_notices_of_a_day_are_delivered_by_theirs(
    engine: Engine, case: str, delivered: list[date | None], cancelled_on: date | None, wanted: list[Any]
) -> None:
    notices(engine, delivered, cancelled_on)
    found = listed(engine, "notice_delivery", date(2019, 4, 20))
    assert [(each.owed.items, each.owed.open, each.state, each.days) for each in found] == wanted
    with Session(engine.execution_options(reading=True)) as session:
        outstanding = deadlines(session, Clocks(date(2019, 4, 20)))
    assert [each for each in outstanding if each.owed.what == "notice_delivery"] == [
        each for each in found if each.state in OUTSTANDING
    ]
    assert all((each.owed.subject, each.owed.due_on) == ("D30", date(2019, 4, 17)) for each in found)
    assert listed(engine, "notice_delivery", date(2019, 4, 9)) == [], "not made yet"


def test_what_is_recovered_is_remitted_within_five_working_days(engine: Engine) -> None:
    loan_id = claiming.failed_loan(engine)
    claiming.deposit(engine, "100000.00", "2019-08-01")
    claiming.pay(engine, claiming.approved(engine, loan_id))
    received = claiming.receive(engine, loan_id, "1000.00", "2019-09-26")
    (found,) = listed(engine, "recovery_remittance", date(2019, 10, 10))
    assert (found.owed.due_on, found.state, found.days) == (date(2019, 10, 9), "late", -1)
    assert found.owed.subject_id == received.id
    claiming.remit(engine, received.id, "2019-10-09")
    assert listed(engine, "recovery_remittance", date(2019, 10, 10))[0].state == "done"
    assert listed(engine, "recovery_remittance", date(2019, 10, 8))[0].state == "open"
    assert listed(engine, "recovery_remittance", date(2019, 9, 25)) == []


def test_the_list_is_what_is_outstanding_the_earliest_first(engine: Engine) -> None:
    batch(engine, ("submit", "2016-06-27"), ("approve", "2016-06-29"))
    sheet(engine, "loans", "booked", None)
    with Session(engine.execution_options(reading=True)) as session:
        found = deadlines(session, Clocks(date(2016, 7, 1)))
    assert [(each.owed.what, each.state) for each in found] == [
        ("import_confirmation", "late"),
        ("subsidy_payment", "open"),
    ]
