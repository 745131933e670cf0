"""Random histories of a few loans and a fund account, for testing the sums that the journal stores for speed."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Engine, select

from ledger import journal
from ledger.errors import Refusal
from ledger.events import Event
from ledger.ids import new_id
from ledger.money import of_fen
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.tables.loans import Repayment
from ledger.unit_of_work import Unit
from tests.support.county_desk import at_desk, household, pay_out, request
from tests.support.recording import handed_back, put_in, recording
from tests.support.wide_scheme import signing_day, wide

FIRST = date(2016, 5, 10)

# A step has the kind of action, the number of days before the action, and two numbers that select its amount and
# object.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lend", "repay", "repay", "repay late", "undo", "walk", "walk", "deposit", "pay", "reverse"]),
        st.integers(0, 120),
        st.integers(0, 5_500_000),
        st.integers(0, 9),
    ),
    min_size=3,
    max_size=14,
)
Step = tuple[str, int, int, int]


@dataclass
class County:
    """A county with its history; `done` counts the actions that the ledger did not refuse."""

    engine: Engine
    today: date = FIRST
    loans: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    done: int = 0

    def play(self, steps: list[Step]) -> "County":
        for step in steps:
            self.today += timedelta(days=step[1])
            try:
                self._step(*step)
                self.done += 1
            except Refusal:
                continue
        return self

    def _step(self, kind: str, later: int, fen: int, choice: int) -> None:
        if not self.loans:
            self.loans.append(lend(self.engine, self.today, self.today))
        if kind == "lend":
            self.loans.append(lend(self.engine, self.today - timedelta(days=choice), self.today))
            return
        with recording(self.engine, self.today.isoformat()) as unit:
            self._do(unit, kind, fen, choice)

    def _do(self, unit: Unit, kind: str, fen: int, choice: int) -> None:
        loan = self.loans[choice % len(self.loans)]
        match kind:
            case "repay" | "repay late":
                on = self.today if kind == "repay" else self.today - timedelta(days=fen % 90)
                amount = of_fen(fen // (1, 7, 50)[choice % 3] + 1)
                surplus: Any = ("credit", "principal")[choice % 2]
                slip = Received(loan, amount, on, "cash", f"R{new_id()}", surplus=surplus)
                repayments.repay(unit, slip)
            case "undo":
                live = select(Repayment.id).where(Repayment.live.is_(True), Repayment.loan_id.in_(self.loans))
                made = list(unit.session.execute(live.order_by(Repayment.id)).scalars())
                if made:
                    repayments.reverse(unit, made[choice % len(made)], ReversalReason("typing error"))
            case "walk":
                run.run_to(unit, self.loans, self.today)
            case "deposit":
                self._move(unit, put_in(self.today.isoformat(), fen + 1))
            case "pay":
                self._move(unit, handed_back((self.today - timedelta(days=choice)).isoformat(), fen // 9 + 1))
            case "reverse":
                if self.moved:
                    journal.reverse_all(unit, [self.moved.pop(choice % len(self.moved))], "typing error")

    def _move(self, unit: Unit, event: Event) -> None:
        self.moved.append(journal.record(unit, event))


def lend(engine: Engine, on: date, today: date) -> int:
    """Record, approve and pay out a loan of 50,000 yuan for six months; return the loan's id."""
    rate = Decimal("0.0475")
    with at_desk(engine, today=today) as unit:
        home = household(unit)
    scheme, signed_on = wide(engine, "ganzhou-2016"), signing_day(rate, 6, on)
    return pay_out(engine, request(household_id=home, scheme=scheme, term_months=6, signed_on=signed_on), on, today)
