"""Tests of the whole event catalogue: every event has a complete row, and every name in a row exists."""

import dataclasses
import re
from string import Formatter
from typing import get_args, get_type_hints

import pytest
from sqlalchemy import String

from api.core.rights import RIGHTS
from ledger import events as e
from ledger.catalogue import CATALOGUE, ByHand, Ends, Instead, Office, Replay, events_where, payer_of, summary_of
from ledger.events import TYPES, Event
from ledger.labels import EVENTS as NAMES
from ledger.money import Fen
from ledger.operations.approvals import reversals
from ledger.policy import subsidy
from ledger.policy.loan_transactions import NO_PARTICULARS
from ledger.policy.transaction_rules import transaction_of
from ledger.tables.loans import allocations
from tests.posting import test_fund_vouchers, test_loan_vouchers, test_subsidy_vouchers

EVENTS = sorted(TYPES.values(), key=lambda kind: kind.__name__)
DRAWN: dict[type[Event], Event] = {
    type(event): event
    for _, event, _ in (*test_loan_vouchers.PAGES, *test_fund_vouchers.PAGES, *test_subsidy_vouchers.PAGES)
}
_CHINESE = re.compile(r"[一-鿿]+")
_ENGLISH = re.compile(r"[a-z][a-z' -]+")

# According to books.md §3, the listed events are reversed by hand, each by the office written beside the event.
BY_HAND = """
    LoanDisbursed bank  RepaymentReceived bank  RecoveryReceived bank  RecoveryRemitted bank
    FundAppropriated finance  FundDeposited finance  FundInterestCredited finance  CountyShareReceived finance
    ClaimPaid finance  RecourseClosed finance  ManualAdjustment of_the_book
"""


def braces(template: str) -> set[str]:
    """Return the names of the fields that a text template contains."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def names(kind: type[Event]) -> set[str]:
    """Return the names of the fields of an event."""
    return {field.name for field in dataclasses.fields(kind)}


def test_every_event_has_a_row_and_every_row_an_event() -> None:
    assert set(CATALOGUE) == set(TYPES.values())


@pytest.mark.parametrize("kind", EVENTS)
def test_names_and_summary_are_plain_words_of_their_language(kind: type[Event]) -> None:
    row = CATALOGUE[kind]
    assert _CHINESE.fullmatch(NAMES[kind.__name__].zh), "Chinese characters only"
    assert _ENGLISH.fullmatch(NAMES[kind.__name__]), "small letters only"
    assert (kind.__doc__ or "").startswith(NAMES[kind.__name__].zh), "the event's own docstring says the same name"
    assert not re.search(r"[A-Za-z]", re.sub(r"{\w+}", "", row.summary_zh))
    assert row.summary_en.isascii()


def test_no_two_events_have_the_same_name() -> None:
    assert len({name.zh for name in NAMES.values()}) == len(CATALOGUE)
    assert len(set(NAMES.values())) == len(CATALOGUE)


@pytest.mark.parametrize("kind", EVENTS)
def test_a_row_speaks_of_its_own_events_fields(kind: type[Event]) -> None:
    row, hints = CATALOGUE[kind], get_type_hints(kind)
    assert braces(row.summary_zh) == braces(row.summary_en)
    for template in (row.summary_zh, row.key or "", row.payer or ""):
        assert braces(template) <= names(kind)
    amounts = {name for name in braces(row.summary_zh) if hints[name] is Fen or Fen in get_args(hints[name])}
    assert not amounts, "amounts stand on a voucher's lines"


@pytest.mark.parametrize(
    "kind, zh, en",
    [
        (e.LoanDisbursed, "发放贷款", "loan paid out"),
        (
            e.InterestBilled,
            "结息（2016-05-10 至 2016-06-21，算头不算尾）",
            "interest 2016-05-10 to 2016-06-21, exclusive",
        ),
        (e.RepaymentReceived, "收回贷款", "loan repaid"),
        (e.SubsidyPaid, "拨付贴息", "interest subsidy paid"),
    ],
)
def test_a_vouchers_summary(kind: type[Event], zh: str, en: str) -> None:
    first = next(
        event for _, event, _ in (*test_loan_vouchers.PAGES, *test_subsidy_vouchers.PAGES) if type(event) is kind
    )
    assert (summary_of(first, "zh"), summary_of(first, "en")) == (zh, en)


def test_every_summary_can_be_written() -> None:
    assert DRAWN.keys() | {e.EventReversed} == set(EVENTS)
    for event in DRAWN.values():
        assert "{" not in summary_of(event, "zh") + summary_of(event, "en")


def test_whoever_pays_settlement_lines_is_named_and_nobody_else_is() -> None:
    assert {kind for kind, row in CATALOGUE.items() if row.payer} == {
        kind for kind in TYPES.values() if "applied" in names(kind)
    }


def test_policy_judges_every_payer_and_the_column_holds_it() -> None:
    told = {row.payer for row in CATALOGUE.values() if row.payer and row.payer != "{payer}"}
    known = set(subsidy.BY_THE_BORROWER) | set(subsidy.NEVER)
    assert told - known == {"recovery"}, "it comes after the fund's payment, which settles the matter"
    column = allocations.c.payer.type
    assert isinstance(column, String)
    assert max(map(len, told)) <= (column.length or 0)


@pytest.mark.parametrize("payer", ["borrower", "guarantor", "collateral"])
def test_a_repayment_says_itself_who_paid(payer: str) -> None:
    drawn = DRAWN[e.RepaymentReceived]
    assert isinstance(drawn, e.RepaymentReceived)
    assert payer_of(dataclasses.replace(drawn, payer=payer)) == payer


def test_natural_keys_of_different_events_differ() -> None:
    keys = [re.sub(r"{\w+}", "#", row.key) for row in CATALOGUE.values() if row.key is not None]
    assert sorted(keys) == ["credit/#/#", "interest/#/#", "overdue/#/#", "subsidy/#/approved", "subsidy/#/paid"]


def test_what_is_recorded_anew_has_its_way_to_be_recorded_anew() -> None:
    replayed = {kind for kind, event in DRAWN.items() if transaction_of(event, NO_PARTICULARS) is not None}
    assert replayed == set(events_where(lambda row: row.replay is Replay.RECORDED))


def test_whatever_the_calendar_calls_for_has_a_natural_key() -> None:
    by_days = events_where(lambda row: row.replay is Replay.CALENDAR)
    assert by_days
    assert [kind for kind in by_days if CATALOGUE[kind].key is None] == []


def test_what_ends_a_loan_belongs_to_the_loans_life() -> None:
    assert [kind for kind, row in CATALOGUE.items() if row.ends and row.replay is Replay.APART] == []
    whole = events_where(lambda row: row.ends not in {None, Ends.CLOSED})
    assert all(CATALOGUE[kind].replay in {Replay.STANDS, Replay.LATEST_FIRST} for kind in whole), "nothing goes before"


def test_what_is_undone_by_hand_is_what_the_books_say() -> None:
    told = {kind.__name__: row.undone.office.value for kind, row in CATALOGUE.items() if isinstance(row.undone, ByHand)}
    words = BY_HAND.split()
    assert told == dict(zip(words[::2], words[1::2], strict=True))
    assert set(told.values()) == set(Office)


def test_every_reversal_by_hand_has_its_operation_and_every_operation_an_event() -> None:
    named = {row.undone.operation for row in CATALOGUE.values() if isinstance(row.undone, ByHand)}
    assert named == set(reversals.OPERATIONS)


def test_whatever_is_not_undone_by_hand_names_a_route_that_exists() -> None:
    routes = {row.undone for row in CATALOGUE.values() if isinstance(row.undone, Instead)}
    assert [found.route for found in routes if f"POST {found.route}" not in RIGHTS] == []
    assert all(_CHINESE.fullmatch(found.zh) and _ENGLISH.fullmatch(found.en) for found in routes)
    assert len({found.route for found in routes}) == len(routes), "one route, one name"
