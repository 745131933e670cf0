"""Tests of every sample voucher on each engine: an event is recorded, printed and reversed, which restores balances."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Engine

from ledger import journal
from ledger.balances import Clocks, account_balances
from ledger.chart import FUND_DEPOSITS
from ledger.events import CountyFundContributed, Event, SuspenseRecorded
from ledger.money import Fen
from ledger.reports.books.vouchers import Filters
from ledger.reports.books.vouchers import event as shown
from ledger.unit_of_work import Unit
from tests.posting.paper import Line, as_text, page
from tests.posting.test_fund_vouchers import PAGES as FUND_PAGES
from tests.posting.test_loan_vouchers import PAGES as LOAN_PAGES
from tests.posting.test_subsidy_vouchers import PAGES as SUBSIDY_PAGES
from tests.support.recording import recording, where

PAGES = (*LOAN_PAGES, *FUND_PAGES, *SUBSIDY_PAGES)
TODAY = "2026-01-01"
ALL = Filters(clocks=Clocks(date.fromisoformat(TODAY)))
# A deposit provides the money from which claims are paid.
PUT_IN = CountyFundContributed(**where("2016-01-04"), amount=Fen(10**9))


def _printed(unit: Unit, event_id: int) -> list[Line]:
    """Return the vouchers of an event as printed lines of text."""
    lines = []
    for each in shown(unit.connection, event_id, ALL).vouchers:
        for line in each.lines:
            fen = line.credit if line.debit is None else line.debit
            assert fen is not None
            lines.append(Line(each.voucher.book, "贷" if line.debit is None else "借", line.account, fen))
    return lines


def test_every_page_is_kept_and_printed_as_it_was_signed(engine: Engine) -> None:
    with recording(engine, TODAY) as unit:
        journal.record(unit, PUT_IN)
        for case, event, voucher in PAGES:
            assert as_text(_printed(unit, journal.record(unit, event))) == page(voucher), case


def test_every_page_in_red_leaves_nothing(engine: Engine) -> None:
    with recording(engine, TODAY) as unit:
        journal.record(unit, PUT_IN)
        for case, event, _ in PAGES:
            event_id = journal.record(unit, event)
            red = journal.reverse_all(unit, [event_id], "wrong")[event_id]
            plain, negative = _printed(unit, event_id), _printed(unit, red.id)
            assert negative == [line._replace(fen=-line.fen) for line in plain], case
    assert _accounts_standing(engine) == {FUND_DEPOSITS.code: 10**9, "3002": 10**9}


def _accounts_standing(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        found = account_balances(connection, Clocks(date.max))
    return {each.account.code: each.balance for each in found if each.balance}


def test_one_after_another_or_all_at_once_leaves_the_same(engine: Engine) -> None:
    """Recording events one by one writes rows equal to those of recording all events at once."""
    events = [PUT_IN, *(event for _, event, _ in PAGES)]
    with recording(engine, TODAY) as unit:
        at_once = _pages(unit, journal.record_all(unit, [journal.Record(event) for event in events]))
    with recording(engine, TODAY) as unit:
        singly = _pages(unit, [journal.record(unit, event) for event in events])
    assert at_once == singly


def _pages(unit: Unit, event_ids: Sequence[int]) -> list[list[str]]:
    return [as_text(_printed(unit, event_id)) for event_id in event_ids]


def test_what_an_event_says_reads_back(engine: Engine) -> None:
    events: list[Event] = [event for _, event, _ in PAGES]
    events.append(SuspenseRecorded(**where("2016-01-04", 2**62), amount=Fen(2**53 + 1), suspense=2**62))
    with recording(engine, TODAY) as unit:
        ids = [journal.record(unit, PUT_IN), *journal.record_all(unit, [journal.Record(each) for each in events])]
    with recording(engine, (date.fromisoformat(TODAY) + timedelta(days=1)).isoformat()) as unit:
        read = journal.stored(unit, ids)
    assert [read[each] for each in ids] == [PUT_IN, *events]
