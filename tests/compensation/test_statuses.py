"""Tests of claim statuses (scheme 6.8): every step from every status, and users who may not perform a step."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, update

from ledger.errors import Refusal, SamePerson, WrongStatus
from ledger.money import yuan
from ledger.operations.compensation import claims, payments, recoveries
from ledger.operations.compensation.workflow import CLAIM, BeforeClaimStep
from ledger.statuses import ClaimStatus, ClaimStep
from ledger.tables.claims import Claim
from ledger.unit_of_work import Unit
from tests.support import claiming
from tests.support.county_desk import row_counts

_STEPS: dict[str, tuple[str, Callable[[Unit, int], Any]]] = {
    "submit": ("checker", lambda unit, claim: claims.submit(unit, claim, claiming.CLAIMED_ON)),
    "review": ("poverty", lambda unit, claim: claims.review(unit, claim, claiming.CLAIMED_ON)),
    "approve": ("finance", lambda unit, claim: claims.approve(unit, claim, claiming.CLAIMED_ON)),
    "return": ("finance", lambda unit, claim: claims.send_back(unit, claim, "缺材料", claiming.CLAIMED_ON)),
    "pay": ("finance2", lambda unit, claim: payments.pay(unit, claim, claiming.CLAIMED_ON)),
}


def test_a_step_from_a_status_the_table_does_not_name_changes_nothing(engine: Engine) -> None:
    claiming.deposit(engine, "60000.00", "2019-08-01")
    claim = claiming.drafted(engine, claiming.failed_loan(engine))
    for status in ClaimStatus:
        with claiming.desk(engine, "test") as unit:
            unit.session.execute(update(Claim).where(Claim.id == claim).values(status=status))
        for step, (user, take) in _STEPS.items():
            if status in CLAIM.steps[ClaimStep(step)].allowed:
                continue
            with engine.connect() as connection:
                before = row_counts(connection)
            with pytest.raises(WrongStatus) as refused, claiming.desk(engine, user) as unit:
                take(unit, claim)
            assert refused.value.facts["status"] == status
            assert refused.value.facts["allowed"] == ", ".join(CLAIM.steps[ClaimStep(step)].allowed)
            with engine.connect() as connection:
                assert row_counts(connection) == before
    assert claiming.claim(engine, claim).status == ClaimStatus.CLOSED


@pytest.mark.parametrize(
    ("step", "earlier"),
    [
        ("submit", ("officer",)),
        ("review", ("officer", "checker")),
        ("approve", ("officer", "checker", "poverty")),
        ("pay", ("officer", "checker", "poverty", "finance")),
    ],
)
def test_nobody_takes_two_steps_of_a_claim(engine: Engine, step: str, earlier: tuple[str, ...]) -> None:
    claiming.deposit(engine, "60000.00", "2019-08-01")
    claim = claiming.drafted(engine, claiming.failed_loan(engine))
    for before in ("submit", "review", "approve")[: len(earlier) - 1]:
        user, take = _STEPS[before]
        with claiming.desk(engine, user) as unit:
            take(unit, claim)
    for user in earlier:
        with pytest.raises(SamePerson), claiming.desk(engine, user) as unit:
            _STEPS[step][1](unit, claim)


def test_a_step_is_not_dated_before_the_one_it_follows(engine: Engine) -> None:
    claim = claiming.approved(engine, claiming.failed_loan(engine))
    with pytest.raises(BeforeClaimStep) as refused, claiming.desk(engine, "finance2") as unit:
        payments.pay(unit, claim, claiming.day("2019-08-11"))
    assert (refused.value.facts["limit"], refused.value.facts["found"]) == ("2019-08-12", "2019-08-11")


REFUSED: tuple[tuple[str, str, Callable[[Engine, int], Any]], ...] = (
    ("89 days overdue", "not_overdue_enough", lambda e, loan: claiming.drafted(e, loan, claiming.day("2019-08-07"))),
    ("tomorrow", "future_date", lambda e, loan: claiming.drafted(e, loan, claiming.day("2021-01-01"))),
    ("a second claim", "claim_exists", lambda e, loan: (claiming.drafted(e, loan), claiming.drafted(e, loan))),
    ("a receipt without compensation", "wrong_status", lambda e, loan: claiming.receive(e, loan, "1.00", "2019-09-01")),
    ("paid as a draft", "wrong_status", lambda e, loan: claiming.pay(e, claiming.drafted(e, loan))),
    ("closed as a draft", "wrong_status", lambda e, loan: claiming.close(e, claiming.drafted(e, loan), "2019-09-01")),
)


@pytest.mark.parametrize(("case", "code", "attempt"), REFUSED)
def test_what_may_not_be_is_refused_by_name(
    engine: Engine, case: str, code: str, attempt: Callable[[Engine, int], Any]
) -> None:
    loan = claiming.failed_loan(engine)
    with pytest.raises(Refusal) as refused:
        attempt(engine, loan)
    assert refused.value.code == code


def test_a_repaid_loan_is_not_claimed(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.repay(engine, loan, "60000.00", "2019-06-03")
    assert claiming.status(engine, loan) == "closed"
    with pytest.raises(Refusal) as refused:
        claiming.drafted(engine, loan)
    assert refused.value.code == "loan_closed"


def test_an_insured_loan_is_claimed_once_the_insurer_paid_or_refused(engine: Engine) -> None:
    loan = claiming.failed_loan(engine, policy_no="P-1")
    with pytest.raises(Refusal) as refused:
        claiming.drafted(engine, loan)
    assert (refused.value.code, refused.value.facts["found"]) == ("insurance_awaited", "P-1")
    payload = {"received_on": "2019-08-01", "policy_no": "P-1", "amount": "20000.00"}
    claiming.decide(engine, "insurance", payload, asks="officer", loan_id=loan)
    claim = claiming.claim(engine, claiming.drafted(engine, loan))
    assert (claim.principal, claim.interest, claim.insurer_paid) == (30_000_00, 329_86, 20_000_00)


def test_an_insurer_who_refuses_is_enough(engine: Engine) -> None:
    loan = claiming.failed_loan(engine, policy_no="P-1")
    payload = {"received_on": "2019-08-01", "policy_no": "P-1", "amount": "0.00"}
    claiming.decide(engine, "insurance", payload, asks="officer", loan_id=loan)
    assert claiming.claim(engine, claiming.drafted(engine, loan)).principal == 50_000_00


def test_a_claim_before_maturity_uses_credit_and_bills_to_its_day(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.repay(engine, loan, "1000.00", "2019-04-01")
    claim = claiming.claim(engine, claiming.drafted(engine, loan, claiming.day("2019-04-20"), "death"))
    # The borrower's credit paid 197.92 yuan, which is the interest of 30 days.
    assert (claim.principal, claim.interest) == (49_197_92, 0)
    assert claiming.status(engine, loan) == "active"


def test_a_new_draft_takes_the_place_of_a_returned_claim(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    first = claiming.approved(engine, loan)
    with claiming.desk(engine, "finance") as unit:
        claims.send_back(unit, first, "材料不全", claiming.CLAIMED_ON)
    claiming.repay(engine, loan, "10000.00", "2019-08-20")
    second = claiming.claim(engine, claiming.drafted(engine, loan, claiming.day("2019-09-01")))
    assert (second.principal, second.interest) == (40_000_00, 329_86)
    with pytest.raises(WrongStatus), claiming.desk(engine, "checker") as unit:
        claims.submit(unit, first)


def test_what_others_paid_lowers_the_claim_before_it_is_paid(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.deposit(engine, "60000.00", "2019-08-01")
    claim = claiming.approved(engine, loan)
    claiming.repay(engine, loan, "20000.00", "2019-08-20")
    assert claiming.pay(engine, claim, "2019-08-21").paid == yuan("30329.86")


def test_a_claim_others_paid_whole_is_returned(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claim = claiming.approved(engine, loan)
    claiming.repay(engine, loan, "60000.00", "2019-08-20")
    claiming.deposit(engine, "60000.00", "2019-08-21")
    with pytest.raises(Refusal) as refused:
        claiming.pay(engine, claim, "2019-08-21")
    assert refused.value.code == "loan_closed"
    with claiming.desk(engine, "finance2") as unit:
        assert claims.send_back(unit, claim, "已还清").status == "returned"


def test_a_receipt_above_the_whole_debt_is_refused(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.deposit(engine, "60000.00", "2019-08-01")
    claiming.pay(engine, claiming.approved(engine, loan))
    with claiming.desk(engine, "officer") as unit, pytest.raises(Refusal) as refused:
        recoveries.receive(unit, loan, yuan("60000.00"), claiming.CLAIMED_ON)
    # The limit is the sum of 50,329.86 yuan open principal and interest, the penalties of 42 and of 52 days (415.63 and
    # 514.58), and compound interest (2.74 and 3.39).
    assert (refused.value.code, refused.value.facts["limit"]) == ("above_whole_debt", "51266.20")
