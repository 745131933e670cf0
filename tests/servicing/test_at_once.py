"""Tests that concurrent repayments, a misuse and the job on one loan give the books of work done one after another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from threading import Barrier

from sqlalchemy import Engine

from tests.oracle.facts import Misused, Repaid
from tests.support import serviced
from tests.support.beside_oracle import open_shop

LOAN = serviced.loan_of("4.35", "2016-01-01", "2016-12-01")
THROUGH = date(2017, 3, 21)


def test_repayments_misuse_and_the_job_at_the_same_moment(engine: Engine) -> None:
    # Each day has only one fact, because the recording order of facts with one date would be random.
    days = [date(2016, 2, 1) + timedelta(days=41 * n) for n in range(8)]
    facts = [Repaid(day, 30_000, "principal" if n % 2 else "credit") for n, day in enumerate(days)]
    found = Misused(date(2016, 10, 10))
    with open_shop(engine, LOAN) as shop:
        work: list[Callable[[], None]] = [
            *(partial(serviced.record, engine, shop.loan_id, fact) for fact in (*facts, found)),
            *(partial(serviced.run_to, engine, shop.loan_id, day) for day in (date(2016, 9, 21), THROUGH)),
        ]
        start = Barrier(len(work))
        with ThreadPoolExecutor(len(work)) as threads:
            for done in [threads.submit(_together, start, each) for each in work]:
                done.result()
        shop.history.facts = [*facts, found]
        shop.run_to(THROUGH)
        shop.compare()


def _together(start: Barrier, work: Callable[[], None]) -> None:
    start.wait()
    work()
