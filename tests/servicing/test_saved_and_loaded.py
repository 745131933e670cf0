"""Tests that a loan saved and loaded between any two facts has the state of a loan kept in memory."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import given
from sqlalchemy import Engine

from ledger.operations.servicing import load
from ledger.policy.servicing import LoanState
from tests.oracle.drawing import Drawn, drawn_histories
from tests.support import serviced
from tests.support.beside_oracle import DRAWN, payable_on
from tests.support.loan_states import walk

KINDS = ("repaid", "repaid", "repaid", "misused", "waived", "refunded", "insured", "written_off")


@DRAWN
@given(drawn=drawn_histories(kinds=KINDS, payable_on=payable_on))
def test_a_loaded_state_is_the_one_in_memory(engine: Engine, drawn: Drawn) -> None:
    loan_id = serviced.lend(engine, drawn.contract)
    facts = sorted(drawn.standing, key=lambda fact: fact.on)
    for count, fact in enumerate(facts, 1):
        serviced.record(engine, loan_id, fact)
        assert figures(_loaded(engine, loan_id, fact.on)) == figures(walk(drawn.contract, facts[:count], fact.on).state)
    serviced.run_to(engine, loan_id, drawn.through)
    assert figures(_loaded(engine, loan_id, drawn.through)) == figures(walk(drawn.contract, facts, drawn.through).state)


def _loaded(engine: Engine, loan_id: int, through: date) -> LoanState:
    with serviced.at_bank(engine) as unit:
        return load.load(unit, [loan_id], through)[loan_id].state


def figures(state: LoanState) -> dict[str, Any]:
    """Return every part of a loan's state on which later events depend."""
    owed = _steps(state.owed)
    lines = [
        (line.period_start, line.posted_on, line.contract, line.compound, line.penalty, _steps(line.unpaid))
        for line in state.interest_bills
    ]
    return {
        "open": (state.principal, state.overdue, state.credit, state.written_off),
        "place": (state.status, state.billed_to, state.next_step_on, state.terms.misused_on, state.terms.rolled_on),
        "owed": owed,
        "lines": [line for line in lines if any(line[2:5]) or any(amount for _, amount in line[5])],
    }


def _steps(steps: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """Return each day on which an amount changed, with the new amount; the first day is included."""
    changes: list[tuple[date, int]] = []
    for day, amount in steps:
        if amount != (changes[-1][1] if changes else 0):
            changes.append((day, amount))
    return changes
