"""Whatever the order of jobs, people and corrections, the books are those of in-time recording (scheme 3)."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.oracle.drawing import AFTER_DUE, FEW, contracts, draw_fact
from tests.support.beside_oracle import DRAWN, Shop, as_agreed, month_ends, open_shop

KINDS = (*FEW, *FEW, "extended", "insured", "written_off")


@DRAWN
@given(data=st.data())
def test_facts_jobs_and_reversals_in_any_order_give_the_books_of_the_page(engine: Engine, data: st.DataObject) -> None:
    contract = data.draw(contracts(fixed_rate=True, ganzhou=True))
    with open_shop(engine, contract) as shop:
        for _ in range(data.draw(st.integers(1, 8))):
            take_step(shop, data, data.draw(st.sampled_from(("record", "record", "record", "carry", "undo"))))
            shop.compare()
        shop.carry(contract.rolled_on + timedelta(days=AFTER_DUE))
        shop.compare()


@DRAWN
@given(data=st.data())
def test_with_closed_months_too(engine: Engine, data: st.DataObject) -> None:
    contract = data.draw(contracts(fixed_rate=True, ganzhou=True))
    with open_shop(engine, contract) as shop:
        for _ in range(data.draw(st.integers(1, 8))):
            take_step(shop, data, data.draw(st.sampled_from(("record", "record", "record", "undo", "undo", "close"))))
            shop.compare()
        shop.carry(contract.rolled_on + timedelta(days=AFTER_DUE))
        shop.compare()


def take_step(shop: Shop, data: st.DataObject, step: str) -> None:
    """Record a fact, run the job, undo a repayment, or close months, as drawn; nothing where there is nothing to do."""
    contract = shop.history.contract
    last = contract.rolled_on + timedelta(days=AFTER_DUE)
    if step == "record":
        drawn = draw_fact(data.draw, shop.history, KINDS)
        fact = drawn and as_agreed(contract, drawn)
        if fact is not None:
            shop.record(fact)
    elif step == "carry":
        days = data.draw(st.integers(0, (last - contract.disbursed_on).days))
        shop.carry(contract.disbursed_on + timedelta(days=days))
    elif step == "undo" and shop.undoable:
        shop.undo(data.draw(st.sampled_from(shop.undoable)))
    elif step == "close":
        after = max(shop.history.closed_through, contract.disbursed_on)
        if ends := month_ends(after, last)[1:]:
            shop.close_through(data.draw(st.sampled_from(ends[:4])))
