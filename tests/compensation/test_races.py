"""Tests that fifty concurrent claim payments pay out a fund account's whole balance and never overdraw it (6.4)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from ledger.chart import FUND_DEPOSITS, RECOURSE
from ledger.errors import Refusal
from ledger.money import to_fen
from ledger.retries import attempts
from tests.support import claiming

CLAIMS = 50
ENOUGH_FOR = 17


def _pay(engine: Engine, claim: int) -> tuple[str, int]:
    try:
        paid = attempts()(claiming.pay, engine, claim)
    except Refusal as refusal:
        return refusal.code, 0
    return paid.status, to_fen(paid.paid)


def test_fifty_payments_race_for_one_account(engine: Engine) -> None:
    claims = [claiming.approved_cheaply(engine) for _ in range(CLAIMS)]
    whole = claiming.claim(engine, claims[0])
    one = whole.principal + whole.interest
    money = ENOUGH_FOR * one + one // 3
    claiming.deposit_fen(engine, money, "2019-08-01")
    with ThreadPoolExecutor(CLAIMS) as pool:
        answers = list(pool.map(lambda claim: _pay(engine, claim), claims))
    assert sum(paid for _, paid in answers) == money
    assert claiming.fund(engine, FUND_DEPOSITS) == 0
    assert claiming.fund(engine, RECOURSE) == money
    outcomes = Counter(outcome for outcome, _ in answers)
    assert (outcomes["paid"], outcomes["partly_paid"]) == (ENOUGH_FOR, 1)
    assert outcomes.keys() <= {"paid", "partly_paid", "approved", "older_claim_queued"}


def test_what_queues_is_paid_first_in_first_out(engine: Engine) -> None:
    claims = [claiming.approved_cheaply(engine) for _ in range(4)]
    whole = claiming.claim(engine, claims[0])
    one = whole.principal + whole.interest
    claiming.deposit_fen(engine, one // 2, "2019-08-01")
    assert [_pay(engine, claim)[0] for claim in (claims[1], claims[2], claims[0])] == [
        "partly_paid",
        "older_claim_queued",
        "approved",
    ]
    assert claiming.queued(engine) == one - one // 2 + one  # The third of these claim payments was refused.
    claiming.deposit_fen(engine, 3 * one, "2019-08-12")
    assert [_pay(engine, claim)[0] for claim in (claims[3], claims[1], claims[0], claims[1], claims[3])] == [
        "older_claim_queued",
        "older_claim_queued",
        "paid",
        "paid",
        "paid",
    ]
    assert claiming.queued(engine) == 0
