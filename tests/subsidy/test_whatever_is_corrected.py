"""Tests of equations on subsidies, checked after every step of a random history of payments and corrections."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import settings
from sqlalchemy import Engine, select, text

from ledger import balances, chart
from ledger.balances import Clocks
from ledger.errors import Refusal
from ledger.money import plain, yuan
from ledger.operations.approvals import requests
from ledger.operations.servicing import repayments
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.operations.subsidy import batches
from ledger.operations.subsidy import due as subsidy_due
from ledger.tables.loans import Repayment
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine
from ledger.unit_of_work import Unit
from tests.oracle import subsidy as oracle
from tests.subsidy import entitled
from tests.support import subsidising
from tests.support.county_desk import at_desk, household
from tests.support.subsidising import bill

STEPS = 60
SEEDS = range(max(5, settings().max_examples // 10))


@dataclass(slots=True)
class World:
    """Four loans paid out from May 2016 on, with random events.

    Two loans belong to one household, one loan to another household, and one loan to an organisation.
    """

    engine: Engine
    chance: random.Random
    loans: list[int]
    today: date = date(2016, 6, 22)
    done: list[str] = field(default_factory=list)
    receipts: int = 0

    def any_day(self, back: int) -> date:
        return max(date(2016, 5, 12), self.today - timedelta(days=self.chance.randrange(back)))

    def pay(self, unit: Unit) -> None:
        """Record a payment of interest or early principal, dated up to half a year ago."""
        loan = self.chance.choice(self.loans)
        amount = self.chance.choice([subsidising.owed_interest(self.engine, loan) // 2, 30_000, 100_000, 700_000])
        self.receive(unit, loan, amount, self.any_day(self.chance.choice([8, 60, 180])))

    def receive(self, unit: Unit, loan: int, amount: int, on: date) -> None:
        surplus: Literal["credit", "principal"] = self.chance.choice(("credit", "principal"))
        self.receipts += 1
        received = Received(loan, yuan(plain(max(1, amount))), on, "counter", f"R{self.receipts}", surplus=surplus)
        repayments.repay(unit, received)

    def take_back(self, unit: Unit) -> None:
        live = select(Repayment.id).where(Repayment.live.is_(True)).order_by(Repayment.id)
        repayments.reverse(
            unit, self.chance.choice(unit.session.execute(live).scalars().all()), ReversalReason("录入错误")
        )

    def misuse(self, unit: Unit) -> None:
        """Record misuse, always on one particular loan, since a misused loan gets little further subsidy."""
        self.decide(unit, "misuse", self.loans[-2], {"effective_on": self.any_day(100), "found_on": self.today})

    def waive(self, unit: Unit) -> None:
        self.decide(unit, "waiver", self.chance.choice(self.loans), {"on": self.today})

    def decide(self, unit: Unit, kind: str, loan: int, payload: dict[str, date]) -> None:
        asked = requests.ask(unit, kind, payload, loan_id=loan, reason="测试")
        unit.user = "checker"
        requests.approve(unit, asked.id)

    def draft(self, unit: Unit) -> None:
        """Draft every subsidy batch that is due, as the daily job does."""
        for scope, periods in subsidy_due.batches_due(unit.session, self.today).items():
            for period in periods:
                batches.draft(unit, scope.bank, scope.county, period)

    def move_on(self, unit: Unit) -> None:
        """Let people carry out one step or four steps on a random batch, with a different person for each step."""
        unpaid = select(SubsidyBatch).where(SubsidyBatch.status != "paid").order_by(SubsidyBatch.id)
        batch = self.chance.choice(unit.session.execute(unpaid).scalars().all())
        steps: dict[str, Callable[[Unit, int], object]] = {
            "draft": batches.submit,
            "returned": batches.submit,
            "submitted": self.approve,
            "approved": batches.verify,
            "verified": batches.pay,
        }
        for place in range(self.chance.choice([1, 4])):
            if batch.status != "paid":
                unit.user = f"person {len(self.done)}.{place}"
                steps[batch.status](unit, batch.id)

    def approve(self, unit: Unit, batch: int) -> None:
        chosen = {line: "不符" for line in self.lines_of(unit, batch) if self.chance.random() < 0.1}
        batches.approve(unit, batch, chosen)

    def send_back(self, unit: Unit) -> None:
        batch = self.chance.choice(unit.session.execute(select(SubsidyBatch).order_by(SubsidyBatch.id)).scalars().all())
        some = [line for line in self.lines_of(unit, batch.id) if self.chance.random() < 0.5]
        batches.send_back(unit, batch.id, "有误", some)

    def lines_of(self, unit: Unit, batch: int) -> list[int]:
        query = select(SubsidyLine.id).where(SubsidyLine.batch_id == batch, SubsidyLine.live.is_(True))
        return list(unit.session.execute(query.order_by(SubsidyLine.id)).scalars())

    def live_on(self) -> None:
        """Advance some days, bill interest and record payments, and try one random action, which may be refused."""
        self.today += timedelta(days=self.chance.randrange(12))
        bill(self.engine, self.today)
        for loan in self.loans:
            owed = subsidising.owed_interest(self.engine, loan)
            if owed and self.chance.random() < 0.7:
                with at_desk(self.engine, today=self.today) as unit:
                    self.receive(unit, loan, owed, self.today)
        often = [self.draft] * 6 + [self.move_on] * 8 + [self.pay] * 4 + [self.take_back] * 4
        act = self.chance.choice([*often, self.misuse, self.waive, self.send_back])
        try:
            with at_desk(self.engine, f"person {len(self.done)}", self.today) as unit:
                act(unit)
            self.done.append(f"{self.today} {act.__name__}")
        except (Refusal, IndexError) as refused:
            self.done.append(f"{self.today} {act.__name__}: {refused}")


@pytest.fixture(params=SEEDS)
def world(engine: Engine, request: pytest.FixtureRequest) -> World:
    """Return four loans whose random history follows from one seed."""
    with at_desk(engine, today=date(2016, 5, 10)) as unit:
        home = household(unit)
    first = subsidising.lend(engine, household_id=home, principal=yuan("30000.00"))
    back = subsidising.pay(engine, first, "30000.00", date(2016, 5, 12), surplus="principal")
    second = subsidising.lend(engine, date(2016, 5, 20), household_id=home, principal=yuan("40000.00"))
    subsidising.take_back(engine, back, date(2016, 6, 1))
    firm = subsidising.lend_to_organisation(engine, date(2016, 5, 10), "400000.00", links=10, ends_on=None)
    return World(engine, random.Random(request.param), [first, second, subsidising.lend(engine), firm])


def test_nothing_is_paid_twice_whatever_is_corrected(world: World) -> None:
    for _ in range(STEPS):
        world.live_on()
        _every_paid_line_stands_at_what_it_is_entitled_to(world)
        _each_settlement_line_is_claimed_once(world)
        _no_more_is_paid_than_the_borrower_paid(world)
        _what_is_approved_is_paid_or_payable(world)
    with world.engine.connect() as connection:
        paid = connection.execute(text("SELECT count(*) FROM subsidy_batches WHERE status = 'paid'")).scalar_one()
    assert paid, "\n".join(world.done)


def _every_paid_line_stands_at_what_it_is_entitled_to(world: World) -> None:
    eligible = entitled.amounts(world.engine)
    for paid in entitled.paid_lines(world.engine):
        due = sum((eligible[paid.loan, start] for start in paid.starts), Fraction(0))
        share = 1 if paid.household else Fraction(1, 2)
        assert paid.net + paid.short == oracle.half_up(due * share), (paid, "\n".join(world.done))


def _each_settlement_line_is_claimed_once(world: World) -> None:
    with world.engine.connect() as connection:
        twice = connection.execute(
            text(
                "SELECT loan_id, period_start FROM subsidy_claims WHERE live GROUP BY 1, 2 HAVING count(*) > 1 "
                "UNION ALL SELECT c.loan_id, c.period_start FROM subsidy_claims c "
                "JOIN subsidy_lines s ON s.id = c.line_id WHERE c.live AND s.live IS NULL"
            )
        ).all()
    assert twice == []


def _no_more_is_paid_than_the_borrower_paid(world: World) -> None:
    """Assert that the subsidy paid, less claw-backs, is at most the contract interest that the borrower has paid."""
    with world.engine.connect() as connection:
        paid = entitled.rows(
            connection,
            (
                "SELECT loan_id, effective_on, contract FROM applications "
                "WHERE payer IN ('borrower', 'guarantor', 'collateral', 'credit')"
            ),
        )
        by_loan = balances.loan_balances(connection, world.loans, Clocks(world.today))
    for loan in world.loans:
        books = by_loan.get(loan, {})
        spent = books.get(chart.SUBSIDY_HOUSEHOLDS, 0) + books.get(chart.SUBSIDY_ORGANISATIONS, 0)
        given = spent - books.get(chart.SUBSIDY_PAYABLE, 0)
        assert given <= sum(row[2] for row in paid if row[0] == loan and row[1] <= world.today), world.done


def _what_is_approved_is_paid_or_payable(world: World) -> None:
    with world.engine.connect() as connection:
        payable = entitled.rows(
            connection,
            (
                "SELECT coalesce(sum(s.fen), 0) FROM subsidy_lines s JOIN subsidy_batches b ON b.id = s.batch_id "
                "WHERE s.live AND b.status IN ('approved', 'verified')"
            ),
        )[0][0]
    assert subsidising.stands(world.engine, chart.SUBSIDY_PAYABLE) == plain(int(payable))
