"""Tests of the subsidy against an oracle that counts every single day (scheme 4.2, 4.3, 4.6)."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.dates import Span
from ledger.money import Fen
from ledger.policy import subsidy
from ledger.policy.schemes import load_preset
from tests.oracle import subsidy as oracle

GANZHOU = load_preset("ganzhou-2016")
RATE = 4_750_000
ONE, HALF = Decimal(1), Decimal("0.5")
DISBURSED = date(2016, 5, 10)
moments = st.integers(0, 1500).map(lambda days: DISBURSED + timedelta(days=days))
amounts = st.integers(0, 9_000_000)


@st.composite
def lives(draw: st.DrawFn) -> tuple[oracle.Contract, list[tuple[date, int]], list[list[tuple[date, int]]], Span]:
    """Draw a loan with changes of principal and rate, its household's earlier loans, and an interest line's days."""
    changes = sorted(draw(st.lists(moments, max_size=4, unique=True)))
    owed = [(DISBURSED, draw(amounts)), *((on, draw(amounts)) for on in changes if on > DISBURSED)]
    others = [
        sorted({on: draw(amounts) for on in draw(st.lists(moments, min_size=1, max_size=3))}.items())
        for _ in range(draw(st.integers(0, 2)))
    ]
    turn, rates = draw(moments), [Fraction(draw(st.integers(0, 900)), 10_000) for _ in range(2)]
    start = draw(moments)
    return (
        oracle.Contract(
            DISBURSED,
            DISBURSED - timedelta(days=draw(st.integers(0, 400))),
            draw(moments) + timedelta(days=1),
            draw(st.none() | moments),
            lambda on: rates[on >= turn],
            Fraction(draw(st.integers(0, 900)), 10_000),
        ),
        owed,
        others,
        Span(start, start + timedelta(days=draw(st.integers(1, 92)))),
    )


def rate_steps(loan: oracle.Contract) -> list[tuple[date, int]]:
    """Return the rates of a loan as whole units of 1e-8 with their first days, as the policy functions expect them."""
    steps = [(DISBURSED, int(loan.rate(DISBURSED) * 10**8))]
    for on in oracle.days(DISBURSED, DISBURSED + timedelta(days=1600)):
        if (rate := int(loan.rate(on) * 10**8)) != steps[-1][1]:
            steps.append((on, rate))
    return steps


@given(lives(), st.integers(0, 100_000), st.sampled_from([ONE, HALF]))
def test_eligible_interest_is_that_of_every_single_day(
    drawn: tuple[oracle.Contract, list[tuple[date, int]], list[list[tuple[date, int]]], Span],
    contract: int,
    share: Decimal,
) -> None:
    loan, owed, others, line = drawn
    cap = GANZHOU.household_cap
    span = subsidy.subsidised_span(
        GANZHOU, loan.disbursed_on, loan.first_disbursed_on, loan.due_on, loan.due_on, loan.misused_on
    )
    left = subsidy.cap_left(cap, [[(on, Fen(amount)) for on, amount in other] for other in others])
    found = subsidy.earned(line, span, owed, rate_steps(loan), int(loan.benchmark * 10**8), Fen(contract), left)
    expected = oracle.eligible(loan, line.start, line.end, owed, contract, cap, others)
    assert Fraction(found.parts, subsidy.WHOLE) == expected
    assert subsidy.amount(found.parts, share) == oracle.half_up(expected * Fraction(share))
    assert found.days == sum(oracle.is_eligible(loan, on) for on in oracle.days(line.start, line.end))


@given(lives())
def test_a_line_that_earns_all_earns_its_contract_interest_whatever_was_owed(
    drawn: tuple[oracle.Contract, list[tuple[date, int]], list[list[tuple[date, int]]], Span],
) -> None:
    loan, owed, _, line = drawn
    rates = [(DISBURSED, RATE)]
    flat = loan._replace(rate=lambda _: Fraction(RATE, 10**8))
    contract = Fen(oracle.contract_interest(flat, line.start, line.end, owed, loan.due_on))
    span = subsidy.subsidised_span(
        GANZHOU, loan.disbursed_on, loan.first_disbursed_on, loan.due_on, loan.due_on, loan.misused_on
    )
    if subsidy.earns_all(line, span, RATE, RATE, ONE):
        found = subsidy.earned(line, span, owed, rates, RATE, contract)
        assert subsidy.amount(found.parts, ONE) == contract == subsidy.shown(found.parts)
    else:
        assert line.start < span.start or line.end > span.end


@given(st.lists(st.tuples(moments, st.integers(-300, 700)), max_size=6))
def test_a_line_is_paid_since_the_day_from_which_it_stays_paid(rows: list[tuple[date, int]]) -> None:
    applied = [(on, "borrower", amount, 0) for on, amount in sorted(rows)]
    by_day = [(on, sum(fen for day_of, fen in rows if day_of == on)) for on in {on for on, _ in rows}]
    found = subsidy.paid_on(Fen(606), applied)
    assert found == oracle.paid_since(606, by_day)
