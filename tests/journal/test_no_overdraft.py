"""Tests of promise 9: a fund account is never below zero at the end of a day, despite concurrent payments."""

import sqlite3
from collections.abc import Callable
from datetime import date
from functools import partial

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from ledger import events as e
from ledger import journal
from ledger.movements import PENDING_MOVEMENTS, FundOverdrawn, held_balance, settle
from ledger.retries import passing, retried
from ledger.unit_of_work import Unit
from tests.journal.raw import Raw, raw, refusal, why
from tests.support.county_desk import BANK, COUNTY
from tests.support.recording import FUND, at_once, day, paid_out, put_in, recording


def _record(engine: Engine, event: e.Event, on: str = "2016-05-12") -> None:
    with recording(engine, on) as unit:
        journal.record(unit, event)


def _stands(engine: Engine) -> int:
    with raw(engine) as connection:
        return sum(fen for (fen,) in connection.run("SELECT fen FROM fund_balances"))


def _moved(engine: Engine) -> int:
    moved = "SELECT sum(debit - credit) FROM movements WHERE book = ? AND account = '1001'"
    with raw(engine) as connection:
        ((fen,),) = connection.run(moved, [FUND])
    return int(fen)


def test_more_than_there_is_cannot_be_paid(engine: Engine) -> None:
    _record(engine, put_in("2016-05-10", 100_00))
    with pytest.raises(FundOverdrawn) as refused:
        _record(engine, paid_out("2016-05-11", 100_01))
    assert refused.value.facts["found"] == "-0.01"
    _record(engine, paid_out("2016-05-11", 100_00))
    assert _stands(engine) == 0


def test_nothing_is_paid_out_of_an_account_that_never_had_money(engine: Engine) -> None:
    with pytest.raises(FundOverdrawn):
        _record(engine, paid_out("2016-05-11", 1))


@pytest.mark.parametrize(
    "case, event",
    [
        ("paid before the money came", paid_out("2016-05-09", 1)),
        ("paid on a day that a later payment has emptied", paid_out("2016-05-11", 41_00)),
    ],
)
def test_a_past_day_is_not_overdrawn_either(case: str, event: e.ClaimPaid, engine: Engine) -> None:
    _record(engine, put_in("2016-05-10", 100_00), "2016-05-13")
    _record(engine, paid_out("2016-05-12", 60_00), "2016-05-13")
    _record(engine, put_in("2016-05-13", 100_00), "2016-05-13")
    with pytest.raises(FundOverdrawn):
        _record(engine, event, "2016-05-13")


def test_a_deposit_is_not_reversed_under_a_payment(engine: Engine) -> None:
    with recording(engine) as unit:
        deposit = journal.record(unit, put_in("2016-05-10", 100_00))
    _record(engine, paid_out("2016-05-11", 60_00))
    with pytest.raises(FundOverdrawn), recording(engine) as unit:
        journal.reverse_all(unit, [deposit], "booked twice")


def _at_the_end(engine: Engine, event: e.Event) -> bool:
    """Record an event, retrying as the API does, and return whether the event was recorded."""

    def once() -> bool:
        with recording(engine, "2016-05-31") as unit:
            journal.record(unit, event)
        return True

    try:
        return retried(once)
    except FundOverdrawn:
        return False


def test_fifty_payments_at_once_pay_exactly_what_is_there(engine: Engine) -> None:
    _record(engine, put_in("2016-05-10", 1000_00))
    payments = [paid_out("2016-05-11", 30_00, loan=loan, claim=loan) for loan in range(50)]
    answers = at_once([partial(_at_the_end, engine, payment) for payment in payments])
    assert sorted(answers, key=str) == [False] * 17 + [True] * 33
    assert _stands(engine) == _moved(engine) == 10_00


def test_money_coming_in_meanwhile_is_paid_out_too(engine: Engine) -> None:
    deposits = [put_in("2016-05-10", 10_00) for _ in range(10)]
    payments = [paid_out("2016-05-11", 10_00, loan=loan, claim=loan) for loan in range(20)]
    answers = at_once([partial(_at_the_end, engine, event) for event in (*deposits, *payments)])
    assert answers[:10] == [True] * 10
    assert _stands(engine) == _moved(engine) == 100_00 - 10_00 * answers[10:].count(True)


def test_who_holds_the_account_first_and_who_only_posts_do_not_wait_for_each_other(engine: Engine) -> None:
    """A claim's payment reads the fund account's balance before posting, and a deposit does not.

    Neither the claim's payment nor the deposit needs a retry.
    """

    def pay(unit: Unit, loan: int) -> None:
        held_balance(unit, COUNTY, BANK)
        journal.record(unit, paid_out("2016-05-11", 1, loan=loan))

    def deposit(unit: Unit, loan: int) -> None:
        journal.record(unit, put_in("2016-05-11", 2))

    def done(what: Callable[[Unit, int], None], loan: int) -> bool:
        with recording(engine) as unit:
            what(unit, loan)
        return True

    _record(engine, put_in("2016-05-10", 1000_00))
    answers = at_once([partial(done, (pay, deposit)[n % 2], n) for n in range(30)])
    assert [answer for answer in answers if isinstance(answer, Exception) and passing(answer)] == []
    assert answers == [True] * 30


_MOVES = st.lists(st.tuples(st.integers(-50, 60).filter(bool), st.integers(1, 6)), min_size=1, max_size=12)


def test_a_payment_is_taken_when_no_day_would_be_below_zero(engine: Engine) -> None:
    @given(_MOVES)
    def check(moves: list[tuple[int, int]]) -> None:
        with recording(engine, "2016-05-31") as unit:
            _compare(unit, moves)
            unit.session.rollback()

    check()


def _compare(unit: Unit, moves: list[tuple[int, int]]) -> None:
    """Compare the ledger's overdraft check with a simple computation of every day's balance."""
    days: dict[date, int] = {}
    for fen, on in moves:
        event = put_in(f"2016-05-0{on}", fen) if fen > 0 else paid_out(f"2016-05-0{on}", -fen)
        then = days | {event.effective_on: days.get(event.effective_on, 0) + fen}
        stood = [sum(f for at, f in then.items() if at <= last) for last in then]
        try:
            with unit.session.begin_nested():
                journal.record(unit, event)
                settle(unit)
        except FundOverdrawn:
            assert min(stood) < 0
            unit.cache.pop(PENDING_MOVEMENTS)
        else:
            assert min(stood) >= 0
            days = then


def _write_moves(connection: Raw, *moves: tuple[str, int, int]) -> None:
    for on, debit, credit in moves:
        connection.add(
            (
                "movements",
                {
                    "book": FUND,
                    "account": "1001",
                    "county": COUNTY,
                    "bank": BANK,
                    "effective_on": day(on),
                    "recorded_on": day("2016-05-12"),
                    "debit": debit,
                    "credit": credit,
                },
            )
        )


@pytest.mark.parametrize(
    "case, moves, fen, because",
    [
        ("less than nothing", [("2016-05-10", 0, 1)], -1, "check ck_fund_balances_never_negative"),
        ("more than has moved", [("2016-05-10", 5, 0)], 6, "fund_overdrawn: fund_balances"),
        ("a payment not taken off", [("2016-05-10", 5, 0), ("2016-05-11", 0, 1)], 5, "fund_overdrawn: fund_balances"),
        ("below zero on a past day", [("2016-05-10", 0, 1), ("2016-05-11", 5, 0)], 4, "fund_overdrawn: fund_balances"),
        ("right", [("2016-05-10", 5, 0), ("2016-05-11", 0, 4)], 1, ""),
    ],
)
def test_the_database_refuses_by_itself(
    case: str, moves: list[tuple[str, int, int]], fen: int, because: str, engine: Engine
) -> None:
    account = {"county": COUNTY, "bank": BANK}
    with raw(engine) as connection:
        connection.add(("fund_balances", account | {"fen": 0}))
        _write_moves(connection, *moves)
    set_to = "UPDATE fund_balances SET fen = ? WHERE county = ? AND bank = ?"
    assert _broken(engine, lambda connection: connection.run(set_to, [fen, COUNTY, BANK])) == because
    if engine.dialect.name == "sqlite":
        replaced = ("fund_balances", account | {"fen": fen})
        assert _broken(engine, lambda connection: connection.add(replaced, "INSERT OR REPLACE")) == because


def test_an_account_is_not_opened_with_money_that_never_moved(engine: Engine) -> None:
    assert refusal(engine, ("fund_balances", {"county": COUNTY, "bank": BANK, "fen": 1})).startswith("fund_overdrawn")


def _broken(engine: Engine, write: Callable[[Raw], object]) -> str:
    try:
        with raw(engine) as connection:
            write(connection)
    except (sqlite3.Error, psycopg.Error) as error:
        return why(error)
    return ""
