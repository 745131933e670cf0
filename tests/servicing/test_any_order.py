"""Tests that jobs, records and corrections in any order lead to the books that recording in time gives (scheme 3)."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.oracle.drawing import AFTER_DUE, FEW, contracts, draw_fact
from tests.support.beside_oracle import DRAWN, Shop, as_agreed, month_ends, open_shop, payable_on

KINDS = (*FEW, *FEW, "extended", "insured", "written_off")


@DRAWN
@given(data=st.data())
def test_facts_jobs_and_reversals_in_any_order_give_the_books_of_the_page(engine: Engine, data: st.DataObject) -> None:
    contract = data.draw(contracts(payable_on=payable_on))
    with open_shop(engine, contract) as shop:
        for _ in range(data.draw(st.integers(1, 8))):
            take_step(shop, data, data.draw(st.sampled_from(("record", "record", "record", "run", "undo"))))
            shop.compare()
        shop.run_to(contract.rolled_on + timedelta(days=AFTER_DUE))
        shop.compare()


@DRAWN
@given(data=st.data())
def test_with_closed_months_too(engine: Engine, data: st.DataObject) -> None:
    contract = data.draw(contracts(payable_on=payable_on))
    with open_shop(engine, contract) as shop:
        for _ in range(data.draw(st.integers(1, 8))):
            take_step(shop, data, data.draw(st.sampled_from(("record", "record", "record", "undo", "undo", "close"))))
            shop.compare()
        shop.run_to(contract.rolled_on + timedelta(days=AFTER_DUE))
        shop.compare()


def take_step(shop: Shop, data: st.DataObject, step: str) -> None:
    """Perform a random step: record a fact, run the job, undo a repayment or close months.

    Skip the random step where it is not possible.
    """
    contract = shop.history.contract
    last = contract.rolled_on + timedelta(days=AFTER_DUE)
    if step == "record":
        drawn = draw_fact(data.draw, shop.history, KINDS)
        fact = drawn and as_agreed(contract, drawn)
        if fact is not None:
            shop.record(fact)
    elif step == "run":
        days = data.draw(st.integers(0, (last - contract.disbursed_on).days))
        shop.run_to(contract.disbursed_on + timedelta(days=days))
    elif step == "undo" and shop.undoable:
        shop.undo(data.draw(st.sampled_from(shop.undoable)))
    elif step == "close":
        after = max(shop.history.closed_through, contract.disbursed_on)
        if ends := month_ends(after, last)[1:]:
            shop.close_through(data.draw(st.sampled_from(ends[:4])))
