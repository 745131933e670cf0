"""Tests that the auditors' equations hold every day, whatever is paid, recovered, closed or reversed."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, select

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.errors import Refusal
from ledger.events import ClaimPaid, RecoveryRemitted
from ledger.money import Fen, of_fen
from ledger.operations.compensation import county_shares
from ledger.operations.servicing import backdating, run
from ledger.policy import compensation
from ledger.policy.schemes import load_preset
from ledger.reports.verifying.verification import verify
from ledger.tables.claims import Claim, Recovery
from tests.support import claiming
from tests.support.county_desk import BANK, COUNTY

SCHEMES = ("ganzhou-2016", "national-2014")
FIRST = date(2019, 8, 1)
KINDS = ("ClaimPaid", "RecoveryReceived", "RecoveryRemitted", "RecourseClosed")

DAYS_MOST, FEN_MOST, STEPS = 6, 3_000_00, 24


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("seed", range(2))
def test_the_auditors_equations_hold_on_every_day(engine: Engine, scheme: str, seed: int) -> None:
    shop, dice = _Shop(engine, scheme), Random(seed)
    for _ in range(STEPS):
        shop.day += timedelta(days=dice.randint(0, DAYS_MOST))
        with suppress(Refusal):
            _DEEDS[dice.choice(sorted(_DEEDS))](shop, dice.randint(0, 1), dice.randint(1, FEN_MOST))
    shop.check()
    assert verify(engine) == ()


class _Shop:
    """Two failed loans whose claims at one fund account are approved, and the current day of the test."""

    def __init__(self, engine: Engine, scheme: str) -> None:
        self.engine, self.scheme, self.day = engine, load_preset(scheme), claiming.CLAIMED_ON
        self.source = self.scheme.fund_source
        self.claims = [claiming.approved_cheaply(engine, under=scheme) for _ in range(2)]
        self.loans = [claiming.claim(engine, claim).loan_id for claim in self.claims]

    def deposit(self, which: int, fen: int) -> None:
        claiming.deposit(self.engine, str(of_fen(fen).amount), str(self.day), source=self.source)

    def pay(self, which: int, fen: int) -> None:
        claiming.pay(self.engine, self.claims[which], self.day)

    def receive(self, which: int, fen: int) -> None:
        claiming.receive(self.engine, self.loans[which], str(of_fen(fen).amount), str(self.day))

    def remit(self, which: int, fen: int) -> None:
        with claiming.desk(self.engine, "auditor") as unit:
            query = select(Recovery.id).where(
                Recovery.loan_id == self.loans[which], Recovery.live.is_(True), Recovery.remitted_on.is_(None)
            )
            waiting = unit.session.execute(query).scalars().all()
        for recovery in waiting[:1]:
            claiming.remit(self.engine, recovery, str(self.day))

    def share(self, which: int, fen: int) -> None:
        with claiming.desk(self.engine, "finance") as unit:
            county_shares.receive(unit, COUNTY, BANK, of_fen(fen // 2 + 1), self.day, "C")

    def undo(self, which: int, fen: int) -> None:
        claiming.reverse(self.engine, claiming.event_of(self.engine, self.loans[which], KINDS[fen % len(KINDS)]))

    def close(self, which: int, fen: int) -> None:
        claiming.close(self.engine, self.claims[which], str(self.day))

    def run_job(self, which: int, fen: int) -> None:
        with claiming.desk(self.engine, "job") as unit:
            run.run_to(unit, self.loans, self.day)

    def repay(self, which: int, fen: int) -> None:
        claiming.repay(self.engine, self.loans[which], str(of_fen(fen).amount), str(self.day))

    def check(self) -> None:
        for offset in range((self.day - FIRST).days + 1):
            self._check_account(FIRST + timedelta(days=offset))
        for loan, claim in zip(self.loans, self.claims, strict=True):
            self._check_claim(loan, claiming.claim(self.engine, claim))

    def _check_account(self, on: date) -> None:
        """Assert that the fund account's money equals the sum of its sources and is not negative.

        The balance of the recourse account must equal the balance of the recourse allowance account.
        """
        with self.engine.connect() as connection:
            book = book_of(Kind.FUND, bank=BANK, county=COUNTY)
            rows = {row.account: row for row in balances.turnovers(connection, book, Clocks(on), bank=BANK)}
        stood = {account: int(row.closing) for account, row in rows.items()}
        of = stood.get
        assert of(chart.FUND_DEPOSITS, 0) >= 0
        sources = (chart.CITY_FUND, chart.COUNTY_FUND, chart.FUND_INTEREST, chart.RECOVERY_SUSPENSE)
        given = sum(of(account, 0) for account in sources)
        owned = (chart.FUND_DEPOSITS, chart.CITY_APPROPRIATION, chart.COUNTY_TRANSIT)
        held = sum(of(account, 0) for account in owned)
        losses = of(chart.COMPENSATION_LOSS, 0) + of(chart.DUE_FROM_COUNTY, 0)
        assert held + losses == given + of(chart.RECOURSE_ALLOWANCE, 0) - of(chart.RECOURSE, 0)
        assert of(chart.RECOURSE, 0) == of(chart.RECOURSE_ALLOWANCE, 0)

    def _check_claim(self, loan: int, claim: Claim) -> None:
        """Assert that the figures of a claim equal the figures in the journal.

        The shares of city and county must add up to the net loss.
        """
        with claiming.desk(self.engine, "auditor") as unit:
            events = [each.event for each in backdating.unreversed(unit, [loan])]
        paid = sum(event.paid for event in events if isinstance(event, ClaimPaid))
        returned = sum(event.amount for event in events if isinstance(event, RecoveryRemitted))
        assert (claim.paid_principal + claim.paid_interest, claim.returned) == (paid, returned)
        stands, net = claiming.balances_of(self.engine, loan), paid - returned
        assert stands.get("1301", 0) == stands.get("1391", 0) == (0 if claim.status == "closed" else net)
        assert stands.get("2242", 0) == claim.received - claim.returned
        of_fund, of_county = compensation.booked(self.scheme, Fen(net))
        assert stands.get("5001", 0) == of_fund
        moved = [event for event in events if isinstance(event, ClaimPaid | RecoveryRemitted)]
        signs = [1 if isinstance(event, ClaimPaid) else -1 for event in moved]
        assert sum(sign * event.county_share for sign, event in zip(signs, moved, strict=True)) == of_county
        if claiming.status(self.engine, loan) == "closed":
            assert not stands.keys() & {"130301", "130302", "113201", "113202", "2242"}


_DEEDS: dict[str, Callable[[_Shop, int, int], Any]] = {
    name: getattr(_Shop, name)
    for name in ("deposit", "pay", "receive", "remit", "share", "undo", "close", "run_job", "repay")
}
