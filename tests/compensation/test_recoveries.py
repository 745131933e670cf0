"""Tests of recoveries (scheme 6.5 to 6.7): the split between fund and bank, and the county's half of the loss."""

from typing import Any

import pytest
from sqlalchemy import Engine

from ledger.chart import COMPENSATION_LOSS, DUE_FROM_COUNTY, FUND_DEPOSITS, RECOURSE, RECOURSE_ALLOWANCE
from ledger.errors import Refusal
from ledger.money import of_fen, yuan
from ledger.operations.compensation import county_shares, recoveries, suspense
from tests.support import claiming
from tests.support.county_desk import BANK, COUNTY

ACCOUNT = {"county": COUNTY, "bank": BANK}


def compensated(engine: Engine, scheme: str = "ganzhou-2016", money: str = "60000.00") -> tuple[int, int]:
    """Return the ids of the worked example's loan under a scheme and of its claim.

    The claim was paid from a fund account with a balance of `money`.
    """
    loan = claiming.failed_loan(engine, under=scheme)
    claiming.deposit(engine, money, "2019-08-01", source="city" if scheme == "ganzhou-2016" else "county")
    claim = claiming.approved(engine, loan)
    claiming.pay(engine, claim)
    return loan, claim


# Each preset is tried with a loan of 50,329.86 yuan that is one year old. A row has the paid claim, the fund's part and
# the bank's part of a recovery of 10,000.01 yuan, and the fund's own loss and the county's debt after the recovery.
PRESETS = (
    ("ganzhou-2016", "50329.86", "10000.01", "0.00", "20164.93", "20164.92"),
    ("national-2014", "35230.90", "7000.01", "3000.00", "28230.89", "0.00"),
    ("national-2021", "35230.90", "7000.01", "3000.00", "28230.89", "0.00"),
    ("yanjin-2016", "25164.93", "5000.01", "5000.00", "20164.92", "0.00"),
)


@pytest.mark.parametrize(("scheme", "paid", "of_fund", "kept", "lost", "due"), PRESETS)
def test_every_preset_splits_losses_and_receipts_its_way(
    engine: Engine, scheme: str, paid: str, of_fund: str, kept: str, lost: str, due: str
) -> None:
    loan, claim = compensated(engine, scheme)
    assert claiming.fund(engine, RECOURSE) == claiming.fen(paid)
    paid_principal = claiming.claim(engine, claim).paid_principal
    assert claiming.balances_of(engine, loan).get("130302", 0) == 50_000_00 - paid_principal
    received = claiming.receive(engine, loan, "10000.01", "2019-09-02")
    assert (received.to_fund, received.retained) == (yuan(of_fund), yuan(kept))
    assert claiming.balances_of(engine, loan)["2242"] == claiming.fen(of_fund)
    claiming.remit(engine, received.id, "2019-09-03")
    assert (
        claiming.fund(engine, RECOURSE)
        == claiming.fund(engine, RECOURSE_ALLOWANCE)
        == claiming.fen(paid) - claiming.fen(of_fund)
    )
    assert (claiming.fund(engine, COMPENSATION_LOSS), claiming.fund(engine, DUE_FROM_COUNTY)) == (
        claiming.fen(lost),
        claiming.fen(due),
    )


def test_the_banks_part_is_written_off_and_the_recourse_closed(engine: Engine) -> None:
    loan, claim = compensated(engine, "national-2014")
    claiming.decide(engine, "write_off", {"on": "2019-12-02"}, asks="officer", loan_id=loan)
    assert claiming.status(engine, loan) == "compensated"
    assert claiming.balances_of(engine, loan)["6701"] == 15_098_96
    received = claiming.receive(engine, loan, "1000.00", "2019-12-03")
    assert (received.to_fund, received.retained) == (yuan("700.00"), yuan("300.00"))
    assert claiming.balances_of(engine, loan)["6701"] == 14_798_96
    with pytest.raises(Refusal) as refused:
        claiming.close(engine, claim, "2019-12-04")
    assert (refused.value.code, refused.value.facts["found"]) == ("recovery_unremitted", "700.00")
    claiming.remit(engine, received.id, "2019-12-04")
    claiming.close(engine, claim, "2019-12-04")
    assert claiming.claim(engine, claim).status == "closed"
    assert (claiming.fund(engine, RECOURSE), claiming.fund(engine, RECOURSE_ALLOWANCE)) == (0, 0)
    assert claiming.fund(engine, COMPENSATION_LOSS) == 34_530_90
    with pytest.raises(Refusal) as refused:
        claiming.receive(engine, loan, "1.00", "2019-12-05")
    assert refused.value.code == "recourse_closed"


def test_what_queues_is_not_written_off(engine: Engine) -> None:
    loan, _ = compensated(engine, money="40000.00")
    with pytest.raises(Refusal) as refused:
        claiming.decide(engine, "write_off", {"on": "2019-12-02"}, asks="officer", loan_id=loan)
    assert refused.value.code == "claim_stands"


def test_a_receipt_beyond_what_the_fund_paid_lowers_the_queue(engine: Engine) -> None:
    loan, claim = compensated(engine, money="40000.00")
    received = claiming.receive(engine, loan, "45000.00", "2019-09-02")
    assert (received.to_fund, received.retained) == (yuan("40000.00"), yuan("5000.00"))
    assert claiming.claim(engine, claim).status == "partly_paid"
    claiming.remit(engine, received.id, "2019-09-02")
    paid = claiming.pay(engine, claim, "2019-09-03")  # The remitted recovery pays the queued part of the claim.
    assert (paid.paid, paid.queued, paid.status) == (yuan("5329.86"), yuan("0.00"), "recovering")


def test_the_penalty_comes_last_and_closes_loan_and_claim(engine: Engine) -> None:
    loan, claim = compensated(engine)
    claiming.recover(engine, loan, "50329.86", "2019-09-02")
    open_now = claiming.balances_of(engine, loan)
    assert claiming.claim(engine, claim).status == "recovering"
    assert open_now["113202"] == 415_63 + 2_74 + 514_58 + 3_39
    received = claiming.receive(engine, loan, "936.34", "2019-09-02")
    assert (received.to_fund, received.retained) == (yuan("0.00"), yuan("936.34"))
    assert (claiming.status(engine, loan), claiming.claim(engine, claim).status) == ("closed", "closed")
    with pytest.raises(Refusal) as refused:
        claiming.remit(engine, received.id, "2019-09-03")
    assert refused.value.code == "nothing_to_remit"


def test_a_penalty_that_grew_unbilled_is_billed_by_what_settles_it(engine: Engine) -> None:
    loan, claim = compensated(engine, money="40000.00")
    claiming.recover(engine, loan, "40000.00", "2019-09-02")
    due = claiming.payoff(engine, loan, "2019-11-01")
    received = claiming.receive(engine, loan, str(of_fen(due).amount), "2019-11-01")
    assert received.to_fund == yuan("0.00")
    assert (claiming.status(engine, loan), claiming.claim(engine, claim).status) == ("closed", "closed")


def test_a_penalty_that_grew_unbilled_is_billed_by_what_reaches_into_it(engine: Engine) -> None:
    """Receive a recovery of one fen less than the whole debt.

    The bank's part of the recovery is applied to the penalty, and no part becomes credit.
    """
    loan, _ = compensated(engine, money="40000.00")
    claiming.recover(engine, loan, "40000.00", "2019-09-02")
    due = claiming.payoff(engine, loan, "2019-11-01")
    claiming.receive(engine, loan, str(of_fen(due - 1).amount), "2019-11-01")
    left = claiming.balances_of(engine, loan)
    assert {code: left[code] for code in left.keys() & {"130302", "113201", "113202", "2241"}} == {"113202": 1}
    assert (claiming.status(engine, loan), claiming.payoff(engine, loan, "2019-11-01")) == ("compensated", 1)


def test_closing_waives_the_penalty_and_makes_the_loss_final(engine: Engine) -> None:
    loan, claim = compensated(engine)
    claiming.close(engine, claim, "2019-10-01")
    stands = claiming.balances_of(engine, loan)
    assert not stands.keys() & {"113201", "113202", "130301", "130302", "1301", "1391"}
    assert (claiming.fund(engine, COMPENSATION_LOSS), claiming.fund(engine, DUE_FROM_COUNTY)) == (25_164_93, 25_164_93)
    assert claiming.status(engine, loan) == "closed"
    # A loan with closed recourse still counts against the household's cap.
    assert claiming.exposure_of(engine, loan) == 50_329_86
    claiming.reverse(engine, claiming.event_of(engine, loan, "RecourseClosed"))
    assert claiming.fund(engine, RECOURSE) == 50_329_86
    assert (claiming.status(engine, loan), claiming.claim(engine, claim).status) == ("compensated", "paid")
    assert claiming.balances_of(engine, loan)["113202"] > 0
    claiming.recover(engine, loan, "50329.86", "2019-10-02")
    assert claiming.fund(engine, COMPENSATION_LOSS) == 0


def test_a_county_share_goes_to_the_oldest_claim_and_its_prepayment_to_the_next(engine: Engine) -> None:
    loan, first = compensated(engine, money="200000.00")
    second = claiming.approved(engine, claiming.failed_loan(engine), claiming.day("2019-09-02"))
    claiming.pay(engine, second, "2019-09-02")
    with claiming.desk(engine, "finance") as unit:
        share = county_shares.receive(unit, COUNTY, BANK, yuan("30000.00"), claiming.day("2019-09-03"), "C1")
    assert (share.due, share.prepaid) == (yuan("20329.86"), yuan("0.00"))
    assert claiming.allotted(engine) == {first: (25_164_93, 25_164_93), second: (25_164_93, 4_835_07)}
    claiming.recover(engine, loan, "50329.86", "2019-10-08")
    assert claiming.allotted(engine) == {first: (0, 0), second: (25_164_93, 25_164_93)}
    assert claiming.fund(engine, DUE_FROM_COUNTY) == -4_835_07
    back = {**ACCOUNT, "on": "2019-10-09", "slip_no": "C2"}
    with pytest.raises(Refusal) as refused:
        claiming.decide(engine, "county_share_return", back | {"amount": "4835.08"})
    assert (refused.value.code, refused.value.facts["limit"]) == ("county_share_not_prepaid", "4835.07")
    claiming.decide(engine, "county_share_return", back | {"amount": "4835.07"}, **ACCOUNT)
    assert claiming.fund(engine, DUE_FROM_COUNTY) == 0
    with pytest.raises(Refusal) as refused:
        claiming.reverse(engine, share.id)
    assert refused.value.code == "rests_on_later"


def test_surplus_money_stays_in_suspense_until_two_release_it(engine: Engine) -> None:
    loan, claim = compensated(engine)
    with claiming.desk(engine, "finance") as unit:
        held = suspense.record(unit, COUNTY, BANK, yuan("500.00"), claiming.day("2019-09-02"), "S1", loan)
    assert claiming.fund(engine, FUND_DEPOSITS) == 60_000_00 - 50_329_86 + 500_00
    with pytest.raises(Refusal) as refused:
        claiming.close(engine, claim, "2019-10-01")
    assert refused.value.code == "suspense_open"
    payload: dict[str, Any] = {"suspense_id": str(held.id), "on": "2019-09-03", "slip_no": "S2", "amount": "200.00"}
    claiming.decide(engine, "suspense_release", payload, loan_id=loan)
    with pytest.raises(Refusal) as refused:
        claiming.decide(engine, "suspense_release", payload | {"amount": "300.01"}, loan_id=loan)
    assert (refused.value.code, refused.value.facts["limit"]) == ("suspense_used", "300.00")
    claiming.decide(engine, "suspense_release", payload | {"amount": None}, loan_id=loan)
    assert "2301" not in claiming.balances_of(engine, loan)
    claiming.close(engine, claim, "2019-10-01")


def test_what_was_remitted_is_taken_back_the_latest_first(engine: Engine) -> None:
    loan, claim = compensated(engine)
    received = claiming.receive(engine, loan, "10000.00", "2019-08-12")
    claiming.remit(engine, received.id, "2019-08-12")
    for kind in ("ClaimPaid", "RecoveryReceived"):
        with pytest.raises(Refusal) as refused:
            claiming.reverse(engine, claiming.event_of(engine, loan, kind))
        assert refused.value.code == "rests_on_later"
    with pytest.raises(Refusal) as refused:
        claiming.remit(engine, received.id, "2019-08-12")
    assert refused.value.code == "wrong_status"
    for kind in ("RecoveryRemitted", "RecoveryReceived", "ClaimPaid"):
        claiming.reverse(engine, claiming.event_of(engine, loan, kind))
    assert (claiming.status(engine, loan), claiming.claim(engine, claim).status) == ("overdue", "approved")
    for account in (RECOURSE, RECOURSE_ALLOWANCE, COMPENSATION_LOSS, DUE_FROM_COUNTY):
        assert claiming.fund(engine, account) == 0
    assert claiming.fund(engine, FUND_DEPOSITS) == 60_000_00
    assert claiming.balances_of(engine, loan)["130302"] == 50_000_00
    claiming.repay(engine, loan, "10.00", "2019-08-13")
    assert claiming.pay(engine, claim, "2019-08-14").paid == yuan("50319.86")


def test_a_receipt_is_not_remitted_by_another_sum_or_before_it_came(engine: Engine) -> None:
    loan, _ = compensated(engine)
    received = claiming.receive(engine, loan, "10000.00", "2019-09-02")
    assert received.remit_by == claiming.day("2019-09-09")
    for on, amount, code in (("2019-09-01", None, "before_claim_step"), ("2019-09-03", "1.00", "remittance_differs")):
        with pytest.raises(Refusal) as refused, claiming.desk(engine, "officer") as unit:
            recoveries.remit(unit, received.id, claiming.day(on), None if amount is None else yuan(amount))
        assert refused.value.code == code


def test_nothing_is_recorded_under_a_payment_that_stands(engine: Engine) -> None:
    loan, claim = compensated(engine, money="40000.00")
    claiming.recover(engine, loan, "100.00", "2019-09-02")
    claiming.deposit(engine, "5000.00", "2019-08-20")
    with pytest.raises(Refusal) as refused:
        claiming.pay(engine, claim, "2019-08-30")
    assert (refused.value.code, refused.value.facts["first_open"]) == ("rests_on_later", "2019-09-02")
