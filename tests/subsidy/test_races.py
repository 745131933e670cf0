"""Tests of concurrent steps on subsidy batches: payments of one batch, new bills during a payment, and drafts."""

import threading
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from sqlalchemy import Engine, func, select

from ledger import chart
from ledger.errors import Refusal, WrongStatus
from ledger.operations.subsidy import batches
from ledger.operations.subsidy.batches import LineRebilled
from ledger.retries import retried
from ledger.tables.subsidies import SubsidyBatch
from tests.support import subsidising
from tests.support.county_desk import at_desk
from tests.support.subsidising import Q2, bill, bring, draft, lend, pay

ON = date(2016, 6, 27)


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run functions concurrently, each in its own thread.

    Return each function's result or refusal, in the order of the functions.
    """
    start, results = threading.Barrier(len(acts)), list[object]([None] * len(acts))

    def run(place: int, act: Callable[[], object]) -> None:
        start.wait()
        try:
            results[place] = retried(act)
        except Refusal as refusal:
            results[place] = refusal

    threads = [threading.Thread(target=run, args=placed) for placed in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def three_loans(engine: Engine, status: str) -> tuple[list[int], int]:
    loans = [lend(engine) for _ in range(3)]
    bill(engine, date(2016, 6, 21))
    for loan in loans:
        pay(engine, loan, "277.08", date(2016, 6, 21))
    batch = draft(engine)
    bring(engine, batch, status)
    return loans, batch


def early(engine: Engine, loans: Sequence[int]) -> list[Callable[[], object]]:
    """Return, for each loan, a function that records an early repayment dated 1 June."""
    return [partial(pay, engine, loan, "20000.00", date(2016, 6, 1), today=ON, surplus="principal") for loan in loans]


def test_of_many_payments_of_one_batch_one_is_made(engine: Engine) -> None:
    _, batch = three_loans(engine, "verified")
    results = at_once(
        [partial(subsidising.step, engine, f"finance{place}", ON, batches.pay, batch) for place in range(2, 10)]
    )
    assert sum(not isinstance(result, WrongStatus) for result in results) == 1
    assert subsidising.stands(engine, chart.TREASURY) == "-831.24"


def test_a_payment_beside_a_line_billed_anew_is_refused_or_followed(engine: Engine) -> None:
    """A payment may come before or after the new bills; in both cases no line is paid more than its entitlement."""
    loans, batch = three_loans(engine, "verified")
    results = at_once([partial(subsidising.step, engine, "finance2", ON, batches.pay, batch), *early(engine, loans)])
    assert not any(isinstance(result, Refusal) for result in results[1:])
    entitled = {loan: [("52.77", date(2016, 6, 27))] for loan in loans}
    if isinstance(results[0], LineRebilled):
        assert subsidising.stands(engine, chart.TREASURY) == "0.00"
        assert [line.stale for line in subsidising.shown(engine, batch)] == [True] * 3
    else:
        assert {loan: subsidising.clawbacks(engine, loan) for loan in loans} == entitled
        assert subsidising.stands(engine, chart.SUBSIDY_HOUSEHOLDS) == "672.93"


def test_a_submission_beside_a_line_billed_anew_holds_the_new_figure_or_knows_it_is_stale(engine: Engine) -> None:
    loans, batch = three_loans(engine, "draft")
    results = at_once([partial(subsidising.step, engine, "checker", ON, batches.submit, batch), *early(engine, loans)])
    assert not any(isinstance(result, Refusal) for result in results)
    for line in subsidising.shown(engine, batch):
        assert (line.subsidy, line.stale) in [("224.31", False), ("277.08", True)]


def test_of_many_drafts_of_one_period_one_batch_is_made(engine: Engine) -> None:
    loans = [lend(engine) for _ in range(3)]
    bill(engine, date(2016, 6, 21))
    for loan in loans:
        pay(engine, loan, "277.08", date(2016, 6, 21))
    results = at_once([partial(draft, engine, Q2, ON) for _ in range(6)])
    assert len(set(results)) == 1
    with at_desk(engine) as unit:
        assert unit.session.execute(select(func.count()).select_from(SubsidyBatch)).scalar_one() == 1
    assert len(subsidising.shown(engine, int(str(results[0])))) == 3
