"""Tests of the servicing rules on random loans and facts, against a slow oracle that shares no code with the rules."""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta

from hypothesis import given

from ledger.events import Event
from ledger.policy import servicing
from tests.oracle.book import Book
from tests.oracle.days import book_after, during
from tests.oracle.drawing import AFTER_DUE, Drawn, drawn_histories
from tests.oracle.facts import Fact, Repaid
from tests.support.loan_states import Walk, refusal_of, walk


@given(drawn_histories())
def test_lines_postings_and_statuses_are_those_of_the_page(drawn: Drawn) -> None:
    seen = walk(drawn.contract, drawn.standing, drawn.through, daily=True)
    wanted = book_after(drawn.contract, drawn.standing, drawn.through)
    assert seen.lines == wanted.lines
    assert seen.rows == Counter(wanted.rows)
    assert seen.statuses == wanted.statuses
    _assert_open_amounts(seen, wanted)


@given(drawn_histories())
def test_a_fact_is_refused_where_the_page_refuses_it(drawn: Drawn) -> None:
    standing: list[Fact] = []
    for fact, refusal in drawn.told:
        if refusal in ("rests_on_later",):  # The operations, not the policy, check the order of recording.
            continue
        assert refusal_of(drawn.contract, [*standing, fact]) == refusal
        if refusal is None:
            standing.append(fact)


@given(drawn_histories())
def test_run_day_by_day_and_run_at_once_are_the_same(drawn: Drawn) -> None:
    once = walk(drawn.contract, drawn.standing, drawn.through)
    daily = walk(drawn.contract, drawn.standing, drawn.through, daily=True)
    assert [_without_ids(event) for event in once.events] == [_without_ids(event) for event in daily.events]
    assert (once.state.status, once.state.billed_to) == (daily.state.status, daily.state.billed_to)


@given(drawn_histories(kinds=("repaid", "misused", "waived", "insured", "extended")))
def test_the_payoff_quoted_on_a_day_closes_the_loan_and_a_fen_less_does_not(drawn: Drawn) -> None:
    day = drawn.through - timedelta(days=AFTER_DUE // 2)
    facts = [fact for fact in drawn.standing if fact.on <= day]
    seen = walk(drawn.contract, facts, day)
    quote = servicing.payoff(seen.state, day).total
    assert quote == during(drawn.contract, facts, day).payoff
    if seen.state.status == "closed":
        return
    assert walk(drawn.contract, [*facts, Repaid(day, max(1, quote))], day).state.status == "closed"
    if quote > 1:
        assert walk(drawn.contract, [*facts, Repaid(day, quote - 1)], day).state.status != "closed"


def _assert_open_amounts(seen: Walk, wanted: Book) -> None:
    """Assert that the open amounts and the unpaid interest bills equal those of the oracle."""
    state = seen.state
    figures = (state.principal, state.overdue, state.credit, state.written_off)
    assert figures == (wanted.normal, wanted.overdue, wanted.credit, wanted.lost)
    open_bills = [
        (line.period_start, line.contract, line.compound, line.penalty) for line in state.interest_bills if line.open
    ]
    bills = [(bill.start, bill.contract, bill.compound, bill.penalty) for bill in wanted.bills if bill.open]
    assert open_bills == bills


def _without_ids(event: Event) -> tuple[str, str]:
    """Return the kind and the fields of an event, without the ids of its repayment and approval."""
    fields = {name: value for name, value in asdict(event).items() if name not in ("repayment", "approval")}
    return type(event).__name__, str(fields)
