"""Tests of a claim's interest bill among other events of the loan on the claim's day or back-dated (scheme 3)."""

from sqlalchemy import Engine, select

from ledger.money import yuan
from ledger.reports.verifying.verification import verify
from ledger.tables.claims import ClaimChange
from tests.support import claiming
from tests.support.serviced import lines_of


def lines_from(engine: Engine, loan: int, since: str) -> list[tuple[str, str, int, int]]:
    return [
        (str(line.start), str(line.posted_on), line.contract, line.penalty)
        for line in lines_of(engine, loan)
        if line.start >= claiming.day(since)
    ]


def test_a_repayment_of_the_claims_day_comes_before_its_line(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claim = claiming.approved(engine, loan)
    before = lines_from(engine, loan, "2019-05-10")
    claiming.repay(engine, loan, "100.00", "2019-08-12")
    # The interest bills are unchanged, because they cover equal days with equal interest.
    assert lines_from(engine, loan, "2019-05-10") == before
    claiming.deposit(engine, "60000.00", "2019-08-12")
    paid = claiming.pay(engine, claim)
    assert paid.paid == yuan("50229.86")
    assert verify(engine) == ()


def test_a_repayment_recorded_late_bills_the_claims_line_anew(engine: Engine) -> None:
    loan, in_time = claiming.failed_loan(engine), claiming.failed_loan(engine)
    claiming.drafted(engine, loan)
    claiming.repay(engine, loan, "20000.00", "2019-07-01")
    claiming.repay(engine, in_time, "20000.00", "2019-07-01")
    claiming.drafted(engine, in_time)
    assert lines_from(engine, loan, "2019-05-10") == lines_from(engine, in_time, "2019-05-10")
    assert verify(engine) == ()


def test_a_claim_recorded_late_is_lived_through_like_one_in_time(engine: Engine) -> None:
    loan, in_time = claiming.failed_loan(engine), claiming.failed_loan(engine)
    claiming.repay(engine, loan, "5000.00", "2019-09-30")
    late = claiming.claim(engine, claiming.drafted(engine, loan))
    prompt = claiming.claim(engine, claiming.drafted(engine, in_time))
    claiming.repay(engine, in_time, "5000.00", "2019-09-30")
    assert (late.principal, late.interest) == (prompt.principal, prompt.interest) == (50_000_00, 329_86)
    assert lines_from(engine, loan, "2019-05-10") == lines_from(engine, in_time, "2019-05-10")
    assert verify(engine) == ()


def test_credit_a_claim_used_is_used_again_after_a_late_record(engine: Engine) -> None:
    loan = claiming.failed_loan(engine)
    claiming.repay(engine, loan, "1000.00", "2019-04-01")
    claim = claiming.approved(engine, loan, claiming.day("2019-04-20"), "death")
    claiming.repay(engine, loan, "500.00", "2019-04-10")
    assert claiming.balances_of(engine, loan)["130301"] == 48_697_92
    claiming.deposit(engine, "60000.00", "2019-04-21")
    assert claiming.pay(engine, claim, "2019-04-21").paid == yuan("48697.92")
    assert claiming.status(engine, loan) == "compensated"
    assert verify(engine) == ()


def test_the_history_names_the_payments_event_though_a_repayment_is_recorded_again_after_it(engine: Engine) -> None:
    claiming.deposit(engine, "60000.00", "2019-08-01")
    loan = claiming.failed_loan(engine)
    claim = claiming.approved(engine, loan)
    claiming.repay(engine, loan, "100.00", "2019-08-20")
    claiming.pay(engine, claim, "2019-08-14")
    with engine.connect() as connection:
        query = select(ClaimChange.event_id).where(ClaimChange.claim_id == claim, ClaimChange.step == "pay")
        named = connection.execute(query).scalar_one()
    assert named == claiming.event_of(engine, loan, "ClaimPaid")
