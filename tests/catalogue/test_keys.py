"""Tests that the natural keys and payers stored by the operations are exactly those given by the catalogue."""

import re
from collections import Counter
from datetime import date

from sqlalchemy import Connection, Engine, select

from ledger import events as e
from ledger.catalogue import CATALOGUE, by_calendar, key_of, payer_of
from ledger.events import Event
from ledger.journal import stored_events
from ledger.operations.servicing import run
from ledger.tables.journal import events
from ledger.tables.loans import allocations
from tests.support import claiming as compensation
from tests.support import subsidising as subsidy
from tests.support.county_desk import at_desk


def stored(connection: Connection) -> list[tuple[Event, str | None]]:
    """Return every event with its stored natural key, in the order of recording."""
    keys = dict(connection.execute(select(events.c.id, events.c.key).order_by(events.c.id)).all())
    found = stored_events(connection, keys)
    return [(found[event_id], key) for event_id, key in keys.items()]


def test_a_quarter_and_its_subsidy_are_stored_under_the_catalogues_keys(engine: Engine) -> None:
    loan = subsidy.lend(engine)
    # The repayment becomes borrower credit, which pays the interest line of June.
    subsidy.pay(engine, loan, "1000.00", date(2016, 5, 20))
    subsidy.bill(engine, date(2016, 6, 21))
    batch = subsidy.draft(engine)
    subsidy.bring(engine, batch, "paid")
    with engine.connect() as connection:
        found = stored(connection)
    assert [key for event, key in found if key != key_of(event)] == []
    assert Counter(type(event) for event, key in found if key is not None) == {
        e.InterestBilled: 1,
        e.CreditApplied: 1,
        e.SubsidyApproved: 1,
        e.SubsidyPaid: 1,
    }
    assert f"interest/{loan}/2016-06-21" in {key for _, key in found}


def test_a_loan_taken_back_adds_its_generation_to_the_key(engine: Engine) -> None:
    loan = subsidy.lend(engine)
    subsidy.bill(engine, date(2016, 9, 21))
    subsidy.pay(engine, loan, "20000.00", date(2016, 7, 1), today=date(2016, 9, 21), surplus="principal")
    with engine.connect() as connection:
        found = stored(connection)
    lines = [key for event, key in found if isinstance(event, e.InterestBilled)]
    assert lines == [f"interest/{loan}/{on}" for on in ("2016-06-21", "2016-09-21", "2016-09-21/1")]
    assert all(key is None or re.fullmatch(rf"{key_of(event)}(/\d+)?", key) for event, key in found)


def test_a_line_that_an_operation_called_for_has_no_key_and_is_not_the_calendars(engine: Engine) -> None:
    loan = compensation.failed_loan(engine)
    with at_desk(engine, "officer", compensation.TODAY) as unit:
        run.run_to(unit, [loan], date(2019, 6, 21))
    compensation.deposit(engine, "40000.00", "2019-08-01")
    claim = compensation.approved(engine, loan)
    compensation.pay(engine, claim)
    with engine.connect() as connection:
        found = stored(connection)
        paid = connection.execute(select(allocations.c.event_id, allocations.c.payer)).all()
        payers = stored_events(connection, {event_id for event_id, _ in paid})
    of_claim = [(event, key) for event, key in found if getattr(event, "cause", "") == "claim"]
    assert [(type(event), key, by_calendar(event)) for event, key in of_claim] == [(e.InterestBilled, None, False)]
    overdue = next((event, key) for event, key in found if isinstance(event, e.PrincipalOverdue))
    assert overdue[1] == f"overdue/{loan}/{overdue[0].effective_on}"
    assert paid
    assert [row for row in paid if row.payer != payer_of(payers[row.event_id])] == []
    assert {row.payer for row in paid} <= {"borrower", *(row.payer for row in CATALOGUE.values())}
