"""Tests that no subsidy is paid twice when settlement lines are billed or paid again, in any batch status (4.9)."""

from datetime import date

import pytest
from sqlalchemy import Engine

from ledger import chart
from ledger.operations.subsidy import batches
from ledger.operations.subsidy.batches import LineRebilled
from tests.support import subsidising
from tests.support.subsidising import Q2, bill, bring, draft, lend, pay

Q3 = Q2.next
Q4 = Q3.next


def test_a_line_billed_anew_while_its_batch_is_draft_is_refreshed(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "277.08", date(2016, 6, 21))
    batch = draft(engine)
    assert subsidising.amounts(engine, batch) == {loan: "277.08"}
    pay(engine, loan, "20000.00", date(2016, 6, 1), today=date(2016, 6, 22), surplus="principal")
    assert subsidising.contract_interest(engine, loan) == ["224.31"]
    assert subsidising.amounts(engine, batch) == {loan: "224.31"}


@pytest.mark.parametrize("status", ["submitted", "approved", "verified"])
def test_a_line_billed_anew_on_its_way_is_not_paid_until_it_is_returned(engine: Engine, status: str) -> None:
    loan, other = lend(engine), lend(engine)
    bill(engine, date(2016, 6, 21))
    for loan_id in (loan, other):
        pay(engine, loan_id, "277.08", date(2016, 6, 21))
    batch = draft(engine)
    bring(engine, batch, status)
    pay(engine, loan, "20000.00", date(2016, 6, 1), today=date(2016, 6, 27), surplus="principal")
    assert [line.stale for line in subsidising.shown(engine, batch)] == [True, False]
    bring(engine, batch, "verified", date(2016, 6, 28), since=status)
    with pytest.raises(LineRebilled) as refused:
        subsidising.step(engine, "finance2", date(2016, 6, 28), batches.pay, batch)
    stale = subsidising.line_ids(engine, batch)[0]
    assert refused.value.facts["found"] == [str(stale)]
    subsidising.step(engine, "finance", date(2016, 6, 28), batches.send_back, batch, "重新计息", [stale])
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "277.08"
    subsidising.step(engine, "finance2", date(2016, 6, 28), batches.pay, batch)
    assert subsidising.amounts(engine, batch) == {other: "277.08"}
    assert subsidising.stands(engine, chart.SUBSIDY_PAYABLE) == "0.00"
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "277.08"
    bill(engine, date(2016, 9, 21))
    assert subsidising.amounts(engine, draft(engine, Q3)) == {loan: "224.31"}


def test_a_line_billed_anew_to_the_same_figure_is_paid_as_it_stands(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "277.08", date(2016, 6, 21))
    bring(engine, batch := draft(engine), "verified")
    pay(engine, loan, "5.00", date(2016, 6, 2), today=date(2016, 6, 27))
    bring(engine, batch, "paid", since="verified")
    assert subsidising.stands(engine, chart.TREASURY) == "-277.08"


def test_what_was_overpaid_on_a_line_billed_anew_is_clawed_back_at_once(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    pay(engine, loan, "277.08", date(2016, 6, 21))
    bring(engine, draft(engine), "paid", date(2016, 6, 27))
    pay(engine, loan, "20000.00", date(2016, 6, 1), today=date(2016, 8, 1), surplus="principal")
    assert subsidising.clawbacks(engine, loan) == [("52.77", date(2016, 6, 27))]
    assert subsidising.stands(engine, chart.CLAWBACK_RECEIVABLE) == "52.77"
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "224.31"
    bill(engine, date(2016, 9, 21))
    pay(engine, loan, "311.40", date(2016, 9, 22))
    assert subsidising.amounts(engine, draft(engine, Q3)) == {loan: "364.17"}


def test_all_is_clawed_back_of_a_line_that_is_no_longer_paid_and_it_may_enter_again(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    repayment = pay(engine, loan, "277.08", date(2016, 6, 21))
    bring(engine, draft(engine), "paid", date(2016, 6, 27))
    subsidising.take_back(engine, repayment, date(2016, 7, 5))
    assert subsidising.clawbacks(engine, loan) == [("277.08", date(2016, 6, 27))]
    bill(engine, date(2016, 9, 21))
    later = draft(engine, Q3)
    assert subsidising.amounts(engine, later) == {}
    pay(engine, loan, "300.00", date(2016, 9, 22))
    draft(engine, Q3, date(2016, 9, 23))
    (line,) = subsidising.shown(engine, later)
    assert (line.kind, line.period, line.subsidy) == ("catch_up", "2016Q2", "277.08")
    bring(engine, later, "paid")
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "277.08"


def test_what_a_paid_line_is_short_of_comes_with_the_next_batch(engine: Engine) -> None:
    loan = lend(engine)
    bill(engine, date(2016, 6, 21))
    early = pay(engine, loan, "20000.00", date(2016, 6, 1), surplus="principal")
    pay(engine, loan, "277.08", date(2016, 6, 21))
    bring(engine, draft(engine), "paid")
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "224.31"
    subsidising.take_back(engine, early, date(2016, 7, 5))
    assert subsidising.contract_interest(engine, loan) == ["277.08"]
    assert subsidising.clawbacks(engine, loan) == []
    bill(engine, date(2016, 9, 21))
    later = draft(engine, Q3)
    (line,) = subsidising.shown(engine, later)
    assert (line.kind, line.period, line.subsidy) == ("supplement", "2016Q2", "52.77")
    bring(engine, later, "paid")
    assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "277.08"
    bill(engine, date(2016, 12, 21))
    assert subsidising.amounts(engine, draft(engine, Q4)) == {}
