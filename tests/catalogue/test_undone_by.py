"""Tests of requests to reverse an event of every kind.

A reversal request is accepted, or the refusal names the operation to use.
"""

import pytest
from sqlalchemy import Engine

from ledger import journal
from ledger.catalogue import CATALOGUE, ByHand, Instead
from ledger.operations.approvals.reversals import NotReversible, check
from tests.posting.test_in_the_database import PAGES, PUT_IN
from tests.support.recording import recording


def test_an_event_is_let_through_or_the_operation_to_use_is_named(engine: Engine) -> None:
    """An event whose kind books.md §3 does not list is refused with 422 `not_reversible`."""
    with recording(engine, "2026-01-01") as unit:
        journal.record(unit, PUT_IN)
        for case, event, _ in PAGES:
            undone = CATALOGUE[type(event)].undone
            asked = {"event_id": str(journal.record(unit, event))}
            if isinstance(undone, ByHand):
                assert check(unit, asked) == event, case
            else:
                with pytest.raises(NotReversible) as refused:
                    check(unit, asked)
                told = refused.value.facts
                assert (told["event"], told["instead"]) == (type(event).__name__, undone.route), case


def test_a_reversal_is_answered_like_any_other_event(engine: Engine) -> None:
    with recording(engine, "2026-01-01") as unit:
        red = journal.reverse_all(unit, [journal.record(unit, PUT_IN)], "wrong")
        (reversal,) = red.values()
        with pytest.raises(NotReversible) as refused:
            check(unit, {"event_id": str(reversal.id)})
        undone = CATALOGUE[type(journal.stored(unit, [reversal.id])[reversal.id])].undone
        assert isinstance(undone, Instead)
        assert refused.value.facts["instead"] == undone.route
