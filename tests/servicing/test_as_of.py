"""Tests that a state as of a day, or as known at a moment, equals the state loaded on that day or at that moment."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ledger.balances import Clocks
from ledger.policy import servicing
from ledger.policy.servicing import LoanState
from ledger.queries import loan_state
from tests.oracle.drawing import Drawn, contracts, drawn_histories
from tests.servicing.test_any_order import take_step
from tests.servicing.test_saved_and_loaded import KINDS as NOT_EXTENDED
from tests.servicing.test_saved_and_loaded import figures
from tests.support import serviced
from tests.support.beside_oracle import DRAWN, open_shop, payable_on
from tests.support.loan_states import walk

STEPS = ("record", "record", "record", "run", "undo")


@DRAWN
@given(drawn=drawn_histories(kinds=NOT_EXTENDED, payable_on=payable_on))
def test_as_of_a_day_it_is_what_it_was_before_all_that_came_later(engine: Engine, drawn: Drawn) -> None:
    loan_id = serviced.lend(engine, drawn.contract)
    facts = sorted(drawn.standing, key=lambda fact: fact.on)
    for fact in facts:
        serviced.record(engine, loan_id, fact)
    serviced.run_to(engine, loan_id, drawn.through)
    for day in [fact.on for fact in facts]:
        by_then = [fact for fact in facts if fact.on <= day]
        assert _seen(_loaded(engine, loan_id, Clocks(day))) == _seen(walk(drawn.contract, by_then, day).state)


@DRAWN
@given(data=st.data())
def test_as_known_at_a_moment_it_is_what_was_loaded_then(engine: Engine, data: st.DataObject) -> None:
    contract = data.draw(contracts(payable_on=payable_on))
    with open_shop(engine, contract) as shop:
        seen: list[tuple[Clocks, dict[str, Any]]] = []
        for _ in range(data.draw(st.integers(1, 6))):
            take_step(shop, data, data.draw(st.sampled_from(STEPS)))
            shop.run_to(shop.walked)
            now = Clocks(shop.walked, datetime.combine(shop.today, time(4), UTC))
            seen.append((now, _seen(_loaded(engine, shop.loan_id, None, shop.walked))))
            shop.today += timedelta(days=1)
        for then, stood in seen:
            assert _seen(_loaded(engine, shop.loan_id, then)) == stood


def _loaded(engine: Engine, loan_id: int, clocks: Clocks | None, through: date = date.min) -> LoanState:
    """Return the state of a loan, computed up to the `as_of` day of `clocks`, or up to `through` without `clocks`."""
    day = through if clocks is None else clocks.as_of
    with serviced.at_bank(engine) as unit:
        state = loan_state.load(unit, [loan_id], day, clocks=clocks)[loan_id].state
    list(servicing.run_to(state, day))
    return state


def _seen(state: LoanState) -> dict[str, Any]:
    """Return the figures of a loan that the as-of test compares.

    If no more interest can accrue on the loan, return only the open amounts and the status.
    """
    if state.next_step_on is None:
        return {"open": figures(state)["open"], "status": state.status}
    return figures(state)
