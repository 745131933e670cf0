"""A random year of a county, with loans, fund accounts at two banks, claims, subsidies, late records and reversals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, select, text

from ledger import balances, chart
from ledger.dates import Quarter
from ledger.errors import Refusal
from ledger.money import of_fen
from ledger.operations.approvals import requests
from ledger.operations.compensation import claims, county_shares, payments, recoveries, suspense
from ledger.operations.fund import accounts, plans
from ledger.operations.servicing import repayments, run
from ledger.operations.servicing.backdating import ReversalReason
from ledger.operations.servicing.repayments import Received
from ledger.operations.subsidy import batches, clawbacks, due
from ledger.tables.claims import Claim, Recovery, Suspense
from ledger.tables.fund import FundPlan
from ledger.tables.loans import Loan, Repayment
from ledger.tables.subsidies import Clawback, SubsidyBatch, SubsidyLine
from ledger.unit_of_work import Unit
from tests.support.county_desk import COUNTY, at_desk

BANKS = ("GZRCB", "PSBC")
FIRST, LAST = date(2019, 1, 1), date(2019, 12, 31)
REVERSED_BY_HAND = (
    "FundAppropriated",
    "FundDeposited",
    "FundInterestCredited",
    "RecoveryReceived",
    "RecoveryRemitted",
    "CountyShareReceived",
    "ClaimPaid",
    "RecourseClosed",
    "RepaymentReceived",
)


@dataclass(slots=True)
class Year:
    """A simulated county on a day of the year; each action is performed by a random person and may be refused."""

    engine: Engine
    chance: Random
    loans: Sequence[int]
    source: str
    today: date = FIRST
    done: list[str] = field(default_factory=list)

    def live_on(self) -> None:
        """Advance by up to four days, run the jobs, and let a random person perform an action, which may be refused."""
        self.today = min(LAST, self.today + timedelta(days=self.chance.choice([0, 0, 1, 2, 3, 4])))
        with at_desk(self.engine, "job", self.today) as unit:
            run.run_to(unit, self.loans, self.today)
        while not self._does(self.chance.choice(_OFTEN)):
            pass

    def _does(self, name: str) -> bool:
        """Try an action, and return whether the books contained a row for the action, even if it was refused."""
        try:
            with at_desk(self.engine, self.person(), self.today) as unit:
                DEEDS[name](self, unit)
            self.done.append(name)
        except Refusal as refused:
            self.done.append(f"{name}: {refused.code}")
        except Nothing:
            return False
        return True

    def person(self) -> str:
        return f"person {self.chance.randrange(10**9)}"

    def day(self, back: int = 40) -> date:
        """Return today in half of the cases, and otherwise a random day less than `back` days ago."""
        return max(FIRST, self.today - timedelta(days=self.chance.choice([0, self.chance.randrange(back)])))

    def amount(self, most: int = 400_000) -> Any:
        return of_fen(self.chance.randint(1, self.chance.choice([most // 20, most])))

    def bank(self) -> str:
        return self.chance.choice(BANKS)

    def one_of(self, unit: Unit, column: Any, *conditions: Any) -> int:
        """Return the id of a random row that fulfils the conditions; raise `Nothing` where no such row exists."""
        found = unit.session.execute(select(column).where(*conditions).order_by(column)).scalars().all()
        if not found:
            raise Nothing
        return int(self.chance.choice(found))

    def decide(self, unit: Unit, kind: str, payload: dict[str, Any], **about: Any) -> None:
        """Request a change as one person and approve the change as another person.

        The request and the approval are in one transaction, so a refusal leaves nothing stored.
        """
        asked = requests.ask(unit, kind, payload, reason="r", **about)
        unit.user = self.person()
        requests.approve(unit, asked.id)


class Nothing(Exception):
    """Raised where the books contain no row to which an action could be applied."""


def owed(unit: Unit, loans: Sequence[int]) -> dict[int, int]:
    """Return the open interest and charges of loans, in fen, by loan id."""
    by_loan = balances.loan_balances(unit.connection, loans)
    asked = (chart.INTEREST_RECEIVABLE, chart.PENALTY_RECEIVABLE)
    return {loan: sum(of.get(account, 0) for account in asked) for loan, of in by_loan.items()}


def repay(year: Year, unit: Unit) -> None:
    loan = year.chance.choice(year.loans)
    interest = owed(unit, [loan]).get(loan, 0)
    amount = of_fen(year.chance.choice([interest, interest, interest // 2, 30_000, 2_100_00]) or 1)
    received = Received(loan, amount, year.day(), "counter", year.person(), surplus="principal")
    repayments.repay(unit, received)


def pay_what_is_owed(year: Year, unit: Unit) -> None:
    query = select(Loan.id).where(Loan.status.in_(("active", "overdue")))
    for loan, fen in owed(unit, unit.session.execute(query).scalars().all()).items():
        if fen:
            repayments.repay(unit, Received(loan, of_fen(fen), year.today, "counter", year.person()))


def take_back(year: Year, unit: Unit) -> None:
    repayments.reverse(unit, year.one_of(unit, Repayment.id, Repayment.live.is_(True)), ReversalReason("录入错误"))


def waive(year: Year, unit: Unit) -> None:
    year.decide(unit, "waiver", {"on": str(year.today)}, loan_id=year.chance.choice(year.loans))


def write_off(year: Year, unit: Unit) -> None:
    year.decide(unit, "write_off", {"on": str(year.today)}, loan_id=year.chance.choice(year.loans))


def misuse(year: Year, unit: Unit) -> None:
    payload = {"effective_on": str(year.day(100)), "found_on": str(year.today)}
    year.decide(unit, "misuse", payload, loan_id=year.chance.choice(year.loans))


def plan(year: Year, unit: Unit) -> None:
    plans.draft_plan(unit, Quarter.of(year.today).shift(-1))


def advance(year: Year, unit: Unit) -> None:
    plans.draft_advance(unit, COUNTY, year.bank(), year.amount(), year.day(), year.source)


def move_plan(year: Year, unit: Unit) -> None:
    """Carry out the next step of a fund plan, for the whole amount or a part of the amount."""
    plan_id = year.one_of(unit, FundPlan.id, FundPlan.status != "deposited", FundPlan.live.is_(True))
    status = unit.session.get_one(FundPlan, plan_id).status
    step = {"draft": "approval", "approved": "appropriation", "appropriated": "deposit"}[status]
    if year.source == "county" and step == "appropriation":
        step = "deposit"
    left = plans.outstanding(unit, plan_id, step)
    part = None
    if left and year.chance.random() < 0.4:
        (county, bank), most = year.chance.choice(sorted(left.items(), key=str))
        fen = year.chance.randint(1, int(most.amount * 100))
        part = [plans.Part(county, bank, of_fen(fen), "S", year.source)]
    {"approval": plans.approve, "appropriation": plans.appropriate, "deposit": plans.deposit}[step](
        unit, plan_id, year.day(), part
    )


def interest(year: Year, unit: Unit) -> None:
    accounts.credit_interest(unit, COUNTY, year.bank(), year.amount(900), year.day(), "I")


def contribute(year: Year, unit: Unit) -> None:
    accounts.contribute(unit, COUNTY, year.bank(), year.amount(), year.day(), "C")


def claim(year: Year, unit: Unit) -> None:
    """Draft a claim, or let another person carry out the next step of a claim."""
    if year.chance.random() < 0.3:
        claims.draft(unit, year.one_of(unit, Loan.id, Loan.status == "overdue"), year.today, "overdue", ["催收记录"])
        return
    claim_id = year.one_of(unit, Claim.id, Claim.status.in_(("draft", "returned", "submitted", "reviewed")))
    for _ in range(year.chance.choice([1, 3, 3])):
        status = unit.session.get_one(Claim, claim_id).status
        if status in CLAIM_STEPS:
            unit.user = year.person()
            CLAIM_STEPS[status](unit, claim_id, year.today)


CLAIM_STEPS: dict[str, Callable[[Unit, int, date], object]] = {
    "draft": claims.submit,
    "returned": claims.submit,
    "submitted": claims.review,
    "reviewed": claims.approve,
}


def send_claim_back(year: Year, unit: Unit) -> None:
    claims.send_back(unit, year.one_of(unit, Claim.id), "材料不全", year.today)


def pay_claim(year: Year, unit: Unit) -> None:
    payments.pay(unit, year.one_of(unit, Claim.id), year.day())


def close_claim(year: Year, unit: Unit) -> None:
    claim_id = year.one_of(unit, Claim.id)
    loan_id = unit.session.get_one(Claim, claim_id).loan_id
    year.decide(unit, "claim_closing", {"claim_id": str(claim_id), "on": str(year.today)}, loan_id=loan_id)


def recover(year: Year, unit: Unit) -> None:
    loan = year.one_of(unit, Loan.id, Loan.status == "compensated")
    recoveries.receive(unit, loan, year.amount(), year.day(), "S")


def remit(year: Year, unit: Unit) -> None:
    waiting = year.one_of(unit, Recovery.id, Recovery.live.is_(True), Recovery.remitted_on.is_(None))
    recoveries.remit(unit, waiting, year.day())


def share(year: Year, unit: Unit) -> None:
    county_shares.receive(unit, COUNTY, year.bank(), year.amount(90_000), year.day(), "C")


def return_share(year: Year, unit: Unit) -> None:
    payload = {
        "county": COUNTY,
        "bank": year.bank(),
        "amount": str(year.amount(50_000).amount),
        "on": str(year.today),
        "slip_no": "C",
    }
    year.decide(unit, "county_share_return", payload, county=COUNTY, bank=payload["bank"])


def suspend(year: Year, unit: Unit) -> None:
    suspense.record(unit, COUNTY, year.bank(), year.amount(5_000), year.day(), "U")


def release(year: Year, unit: Unit) -> None:
    held = year.one_of(unit, Suspense.id)
    amount = str(year.amount(5_000).amount)
    payload = {"suspense_id": str(held), "on": str(year.today), "slip_no": "U", "amount": amount}
    year.decide(unit, "suspense_release", payload, county=COUNTY)


def reverse(year: Year, unit: Unit) -> None:
    """Request the reversal of a random event that may be reversed by hand."""
    kind = year.chance.choice(REVERSED_BY_HAND)
    query = text(
        "SELECT id FROM events e WHERE kind = :kind AND NOT red AND NOT EXISTS "
        "(SELECT 1 FROM events r WHERE r.reverses_id = e.id) ORDER BY effective_on, recorded_at, id"
    )
    found = unit.connection.execute(query, {"kind": kind}).scalars().all()
    if not found:
        raise Nothing
    year.decide(unit, "reversal", {"event_id": str(year.chance.choice(found[-3:]))})


def draft_subsidies(year: Year, unit: Unit) -> None:
    """Draft every subsidy batch that is due, as the daily job does."""
    for scope, periods in due.batches_due(unit.session, year.today).items():
        for period in periods:
            batches.draft(unit, scope.bank, scope.county, period)


def move_batch(year: Year, unit: Unit) -> None:
    batch_id = year.one_of(unit, SubsidyBatch.id, SubsidyBatch.status != "paid")
    steps: dict[str, Callable[[Unit, int], object]] = {
        "draft": batches.submit,
        "returned": batches.submit,
        "submitted": batches.approve,
        "approved": batches.verify,
        "verified": batches.pay,
    }
    for _ in range(year.chance.choice([1, 4])):
        if (status := unit.session.get_one(SubsidyBatch, batch_id).status) in steps:
            unit.user = year.person()
            steps[status](unit, batch_id)


def send_batch_back(year: Year, unit: Unit) -> None:
    batch_id = year.one_of(unit, SubsidyBatch.id)
    query = select(SubsidyLine.id).where(SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
    some = [line for line in unit.session.execute(query).scalars() if year.chance.random() < 0.5]
    batches.send_back(unit, batch_id, "有误", some)


def claw_back(year: Year, unit: Unit) -> None:
    clawbacks.receive(unit, year.one_of(unit, Clawback.id), year.amount(9_000), year.today)


DEEDS: dict[str, Callable[[Year, Unit], None]] = {
    deed.__name__: deed
    for deed in (
        repay,
        pay_what_is_owed,
        take_back,
        waive,
        write_off,
        misuse,
        plan,
        advance,
        move_plan,
        interest,
        contribute,
        claim,
        send_claim_back,
        pay_claim,
        close_claim,
        recover,
        remit,
        share,
        return_share,
        suspend,
        release,
        reverse,
        draft_subsidies,
        move_batch,
        send_batch_back,
        claw_back,
    )
}
_TIMES = {
    "repay": 4,
    "pay_what_is_owed": 3,
    "move_plan": 8,
    "claim": 8,
    "pay_claim": 6,
    "recover": 6,
    "remit": 6,
    "share": 4,
    "reverse": 8,
    "draft_subsidies": 3,
    "move_batch": 8,
    "plan": 3,
    "contribute": 2,
}
_OFTEN = [name for name in DEEDS for _ in range(_TIMES.get(name, 1))]
