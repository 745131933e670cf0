"""Tests of the posting table: every event has a rule, and each rule uses its event's fields and one kind of book."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import chart as c
from ledger import events as e
from ledger import posting
from ledger.chart import ACCOUNTS, Kind, accounts_of
from ledger.events import FORMAT, TYPES, Event, event_of, payload
from ledger.money import Fen
from ledger.posting import FORMER_RULES, POSTING_RULES, Move, postings_of
from tests.posting import test_fund_vouchers, test_loan_vouchers, test_subsidy_vouchers

# The list contains the names of all events of books.md part 3.
NAMED = """
    LoanDisbursed InterestBilled RepaymentReceived CreditApplied CreditRefunded PrincipalOverdue LoanExtended
    LoanRenewed PenaltyWaived LoanWrittenOff InsuranceReceived FundPlanApproved FundAppropriated FundDeposited
    CountyFundContributed FundInterestCredited ClaimPaid RecoveryReceived RecoveryRemitted RecoveryRetained
    SuspenseRecorded SuspenseReleased CountyShareReceived CountyShareReturned RecourseClosed FundResultClosed
    FundReturned SubsidyApproved SubsidyPaid ClawbackRaised ClawbackReceived EventReversed ManualAdjustment
"""

# Two kinds of event have no rule: a reversal negates the rows of another event, and an adjustment has its own rows.
NO_RULE = {e.EventReversed, e.ManualAdjustment}

# Some amounts are not posted by any rule, each for the reason given beside the amount. The key `...` means every kind
# of event.
NOT_POSTED = {
    (e.InterestBilled, "penalty"): "posted with compound, as charges",
    (e.InterestBilled, "compound"): "posted with penalty, as charges",
    (e.RepaymentReceived, "amount"): "what was handed over; the parts it was applied to are posted",
    (e.PenaltyWaived, "asked"): "what was asked for; what was let off is posted",
    (e.InsuranceReceived, "interest"): "an insurer pays principal only (scheme 6.3)",
    (e.InsuranceReceived, "charges"): "an insurer pays principal only (scheme 6.3)",
    (e.LoanWrittenOff, "charges"): "penalty is waived before (books 3)",
    (e.ClaimPaid, "charges"): "penalty and compound are never compensated (scheme 6.1)",
}


def _moves() -> Iterator[tuple[type[Event], Move]]:
    return ((kind, move) for kind, moves in POSTING_RULES.items() for move in moves)


def test_every_event_has_a_rule() -> None:
    assert POSTING_RULES.keys() | NO_RULE == set(TYPES.values())
    assert not POSTING_RULES.keys() & NO_RULE


def test_every_event_of_books_3_is_there() -> None:
    named = NAMED.split()
    assert set(TYPES) - set(named) == {"MisuseFound"}, "terms only, as LoanExtended is"
    assert set(named) <= set(TYPES)


def test_every_event_has_its_page() -> None:
    pages = (*test_loan_vouchers.PAGES, *test_fund_vouchers.PAGES, *test_subsidy_vouchers.PAGES)
    assert {type(event) for _, event, _ in pages} | {e.EventReversed} == set(TYPES.values())


def test_a_rule_speaks_of_its_own_events_fields() -> None:
    for kind, move in _moves():
        hints = get_type_hints(kind)
        hint = hints.get(move.amount) or get_type_hints(getattr(kind, move.amount).fget)["return"]
        assert hint is Fen or hint == tuple[e.LoanPart, ...], (kind, move.amount)
        assert move.loan in hints, (kind, move.loan)


def test_no_amount_of_an_event_is_left_out() -> None:
    posted = {(kind, move.amount) for kind, move in _moves()}
    amounts = {
        (kind, name)
        for kind in POSTING_RULES
        for name, hint in get_type_hints(kind).items()
        if hint is Fen or e.LoanPart in get_args(hint)
    }
    assert amounts - posted == set(NOT_POSTED)


def test_an_event_is_posted_by_the_rule_of_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    first = (Move(c.FUND_DEPOSITS, c.CITY_FUND, "amount"),)
    second = (Move(c.FUND_DEPOSITS, c.COUNTY_FUND, "amount"),)
    monkeypatch.setattr(posting, "FORMER_RULES", {e.FundInterestCredited: ((0, first), (1, second))})
    event = e.FundInterestCredited(effective_on=date(2016, 5, 10), county="360781", bank="GZRCB", amount=Fen(1))
    credited = {format: [row.credit for row in postings_of(event, format)] for format in (0, 1, FORMAT)}
    assert credited == {0: ["3001"], 1: ["3002"], FORMAT: ["4001"]}


def test_former_rules_stand_oldest_first_and_before_the_format_in_force() -> None:
    for kind, rules in FORMER_RULES.items():
        formats = [through for through, _ in rules]
        assert formats == sorted(set(formats)), kind
        assert all(through < FORMAT for through in formats), kind


def test_both_sides_of_a_row_are_two_accounts_of_one_kind_of_book() -> None:
    for kind, move in _moves():
        assert move.debit.kind is move.credit.kind, kind
        assert move.debit is not move.credit, kind


def test_every_account_of_the_chart_is_used_on_both_sides_in_the_end() -> None:
    debited, credited = {move.debit for _, move in _moves()}, {move.credit for _, move in _moves()}
    assert debited | credited == set(ACCOUNTS)
    # No posting rule debits interest income; only a reversal reduces interest income.
    assert {account.name for account in set(ACCOUNTS) - debited} == {"interest income"}
    assert set(ACCOUNTS) - credited == set()


def test_no_two_rows_of_an_event_are_alike() -> None:
    for kind, moves in POSTING_RULES.items():
        rows = Counter((move.debit, move.credit, move.loan, move.amount) for move in moves)
        assert [row for row, times in rows.items() if times > 1] == [], kind


_IDS = st.integers(1, 2**62)
_FEN = st.integers(0, 10**12).map(Fen) | st.just(Fen(0))
_DAYS = st.dates(date(2014, 1, 1), date(2040, 12, 31))
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_OF: dict[Any, st.SearchStrategy[Any]] = {
    Fen: _FEN,
    int: _IDS,
    int | None: st.none() | _IDS,
    date: _DAYS,
    str: _TEXTS,
    tuple[e.Applied, ...]: st.lists(st.builds(e.Applied, _DAYS, _FEN, _FEN, _FEN), max_size=3).map(tuple),
    tuple[e.LoanPart, ...]: st.lists(st.builds(e.LoanPart, _IDS, _FEN), max_size=3).map(tuple),
}


def _adjusted(kind: Kind) -> st.SearchStrategy[e.Adjusted]:
    codes = [account.code for account in accounts_of(kind)]
    pairs = st.permutations(codes).map(lambda ordered: ordered[:2])
    return st.builds(lambda pair, fen: e.Adjusted(kind, pair[0], pair[1], fen), pairs, _FEN.filter(bool))


_OF[tuple[e.Adjusted, ...]] = st.lists(st.sampled_from(list(Kind)).flatmap(_adjusted), max_size=3).map(tuple)


def any_event(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Draw an event of a kind, with any values in its fields."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _OF[hints[field.name]] for field in dataclasses.fields(kind)})


ANY = st.sampled_from(sorted(TYPES.values(), key=lambda kind: kind.__name__)).flatmap(any_event)


@given(ANY.filter(lambda event: not isinstance(event, e.EventReversed)))
def test_any_event_balances_in_each_book(event: Event) -> None:
    debits: Counter[tuple[Kind, int | None]] = Counter()
    credits: Counter[tuple[Kind, int | None]] = Counter()
    codes = {kind: {account.code for account in accounts_of(kind)} for kind in Kind}
    for row in postings_of(event):
        assert row.amount > 0
        assert {row.debit, row.credit} <= codes[row.kind]
        assert row.debit != row.credit
        debits[row.kind, row.loan] += row.amount
        credits[row.kind, row.loan] += row.amount
    assert debits == credits
    assert sum(debits.values()) == _amounts(event)


def _amounts(event: Event) -> int:
    """Return the sum of the amounts of an event that its posting rule posts."""
    if isinstance(event, e.ManualAdjustment):
        return sum(row.amount for row in event.rows)
    found = 0
    for move in POSTING_RULES[type(event)]:
        amount = getattr(event, move.amount)
        found += sum(part.amount for part in amount) if isinstance(amount, tuple) else amount
    return found


@given(ANY)
def test_any_event_reads_back_as_it_was_written(event: Event) -> None:
    base = {"effective_on": event.effective_on, "county": event.county, "bank": event.bank, "loan": event.loan}
    again = event_of(type(event).__name__, base, payload(event))
    assert again == event
    assert repr(again) == repr(event), "types too"


@pytest.mark.parametrize(
    "case, event",
    [
        ("one amount", e.LoanDisbursed(effective_on=date(2016, 5, 10), county="", bank="", loan=1, principal=Fen(-1))),
        (
            "one of its parts",
            e.FundResultClosed(
                effective_on=date(2016, 5, 10), county="", bank="", losses_of_city=(e.LoanPart(1, Fen(-1)),)
            ),
        ),
    ],
)
def test_no_event_posts_a_negative_amount(case: str, event: Event) -> None:
    with pytest.raises(ValueError, match="negative"):
        postings_of(event)


def test_a_reversal_is_not_posted_by_rule() -> None:
    with pytest.raises(KeyError):
        postings_of(e.EventReversed(effective_on=date(2016, 5, 10), county="", bank="", reverses=1))
