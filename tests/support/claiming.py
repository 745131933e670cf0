"""Helpers for compensation tests: a loan that failed, money in the fund account, and the steps of a claim."""

from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from sqlalchemy import Engine

from ledger import balances
from ledger.balances import Clocks
from ledger.chart import Account, Kind, book_of
from ledger.errors import NotFound, Refusal
from ledger.money import Fen, of_fen, plain, to_fen, yuan
from ledger.operations.approvals import requests
from ledger.operations.compensation import claims, payments, recoveries
from ledger.operations.compensation.payments import Payment
from ledger.operations.compensation.recoveries import Recovered
from ledger.operations.fund import plans
from ledger.operations.servicing import backdating, repayments, run
from ledger.operations.servicing.repayments import Received
from ledger.queries import claims_owed, exposure
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan
from ledger.unit_of_work import Unit
from tests.support.county_desk import BANK, COUNTY, at_desk
from tests.support.serviced import lend, loan_of

TODAY = date(2020, 12, 31)
CLAIMED_ON = date(2019, 8, 12)
FAILED = loan_of("4.75", "2016-05-10", "2019-05-10")


def day(text: str) -> date:
    return date.fromisoformat(text)


def desk(engine: Engine, user: str) -> AbstractContextManager[Unit]:
    """Open one transaction of a user on the last day of the tests."""
    return at_desk(engine, user, TODAY)


def failed_loan(engine: Engine, *, paid_through: str | None = "2019-03-21", **fields: Any) -> int:
    """Return the worked example's loan: interest paid on each settlement day, last bill and principal unpaid."""
    loan_id = lend(engine, FAILED, **({"policy_no": None} | fields))
    with desk(engine, "officer") as unit:
        run.run_to(unit, [loan_id], day("2019-05-09"))
    if paid_through is not None:
        on = day(paid_through)
        with desk(engine, "officer") as unit:
            owed = run.load_run_to(unit, loan_id, on).state.open_bills
        with desk(engine, "officer") as unit:
            repayments.repay(unit, Received(loan_id, of_fen(owed), on, "counter", "R1"))
    return loan_id


def deposit(
    engine: Engine, amount: str, on: str, *, county: str = COUNTY, bank: str = BANK, source: str = "city"
) -> None:
    """Put money into the fund account as an advance: drafted, approved by another, appropriated and deposited."""
    with at_desk(engine, "city", day(on)) as unit:
        plan = plans.draft_advance(unit, county, bank, yuan(amount), source=source)
    with at_desk(engine, "city2", day(on)) as unit:
        plans.approve(unit, plan)
        if source == "city":
            plans.appropriate(unit, plan)
    with at_desk(engine, "finance", day(on)) as unit:
        plans.deposit(unit, plan)


def drafted(engine: Engine, loan_id: int, on: date = CLAIMED_ON, cause: str = "overdue") -> int:
    with desk(engine, "officer") as unit:
        return claims.draft(unit, loan_id, on, cause, ["催收记录"]).id


def approved(engine: Engine, loan_id: int, on: date = CLAIMED_ON, cause: str = "overdue") -> int:
    """Draft, submit, review and approve a claim by four people on one day; return the claim id."""
    claim_id = drafted(engine, loan_id, on, cause)
    for user, step in (("checker", claims.submit), ("poverty", claims.review), ("finance", claims.approve)):
        with desk(engine, user) as unit:
            step(unit, claim_id, on)
    return claim_id


def pay(engine: Engine, claim_id: int, on: date | str = CLAIMED_ON) -> Payment:
    with desk(engine, "finance2") as unit:
        return payments.pay(unit, claim_id, on if isinstance(on, date) else day(on))


def receive(engine: Engine, loan_id: int, amount: str, on: str) -> Recovered:
    with desk(engine, "officer") as unit:
        return recoveries.receive(unit, loan_id, yuan(amount), day(on), "S1")


def remit(engine: Engine, recovery_id: int, on: str) -> None:
    with desk(engine, "officer") as unit:
        recoveries.remit(unit, recovery_id, day(on))


def recover(engine: Engine, loan_id: int, amount: str, on: str) -> None:
    """Receive and remit a recovery on one day."""
    remit(engine, receive(engine, loan_id, amount, on).id, on)


def decide(engine: Engine, kind: str, payload: dict[str, Any], *, asks: str = "finance", **about: Any) -> int:
    """Request a change as one user and approve it as another; reject the request if a rule refuses it."""
    with desk(engine, asks) as unit:
        asked = requests.ask(unit, kind, payload, reason="r", **about)
    try:
        with desk(engine, "finance2") as unit:
            requests.approve(unit, asked.id)
    except Refusal:
        with desk(engine, "finance2") as unit:
            requests.refuse(unit, asked.id, "not possible")
        raise
    return asked.id


def close(engine: Engine, claim_id: int, on: str) -> None:
    decide(engine, "claim_closing", {"claim_id": str(claim_id), "on": on}, loan_id=claim(engine, claim_id).loan_id)


def reverse(engine: Engine, event_id: int) -> None:
    decide(engine, "reversal", {"event_id": str(event_id)})


def event_of(engine: Engine, loan_id: int, kind: str) -> int:
    """Return the id of the loan's latest unreversed event of a kind."""
    with desk(engine, "auditor") as unit:
        found = [each.id for each in backdating.unreversed(unit, [loan_id]) if type(each.event).__name__ == kind]
    if not found:
        raise NotFound(what=kind, id=str(loan_id))
    return found[-1]


def claim(engine: Engine, claim_id: int) -> Claim:
    with desk(engine, "auditor") as unit:
        return unit.session.get_one(Claim, claim_id)


def status(engine: Engine, loan_id: int) -> str:
    with desk(engine, "auditor") as unit:
        return unit.session.get_one(Loan, loan_id).status


def balances_of(engine: Engine, loan_id: int) -> dict[str, Fen]:
    """Return the balances of a loan's accounts in the fund's and the bank's books, by code."""
    with desk(engine, "auditor") as unit:
        return {account.code: fen for account, fen in balances.loan_balance(unit.connection, loan_id).items()}


def fund(engine: Engine, account: Account, on: date = TODAY, *, county: str = COUNTY, bank: str = BANK) -> Fen:
    """Return the balance of an account of the fund's book for one bank, in fen."""
    with desk(engine, "auditor") as unit:
        book = book_of(Kind.FUND, bank=bank, county=county)
        return balances.balance(unit.connection, account, book, Clocks(on), county=county, bank=bank)


def repay(engine: Engine, loan_id: int, amount: str, on: str) -> None:
    with desk(engine, "officer") as unit:
        repayments.repay(unit, Received(loan_id, yuan(amount), day(on), "counter", f"R{on}"))


def payoff(engine: Engine, loan_id: int, on: str) -> Fen:
    """Return the pay-off of a loan on a day, in fen."""
    with desk(engine, "officer") as unit:
        quoted = repayments.payoff(unit, loan_id, day(on))
        unit.session.rollback()
    return quoted.total


def allotted(engine: Engine) -> dict[int, tuple[int, int]]:
    """Return the county's share of loss and the paid part of the share, by claim id, in fen."""
    with desk(engine, "auditor") as unit:
        found = claims_owed.allotted(unit.session, [(COUNTY, BANK)])
    return {claim_id: (share.due, share.paid) for claim_id, share in found.items()}


def fen(text: str) -> Fen:
    return to_fen(yuan(text))


def approved_cheaply(engine: Engine, **fields: Any) -> int:
    """Return the id of an approved claim on a loan of 2,000.00 yuan for three months."""
    short = loan_of("4.35", "2019-02-01", "2019-05-01", "2019-05-05", 2_000_00)
    loan = lend(engine, short, **({"policy_no": None} | fields))
    return approved(engine, loan)


def deposit_fen(engine: Engine, amount: int, on: str) -> None:
    deposit(engine, plain(amount), on)


def queued(engine: Engine) -> int:
    """Return the amount of all claims queued at the fund account, in fen."""
    with desk(engine, "auditor") as unit:
        return claims_owed.queued_by_account(unit.session).get((COUNTY, BANK), 0)


def exposure_of(engine: Engine, loan_id: int) -> Fen:
    """Return the amount that counts against the cap of the loan's household, in fen."""
    with desk(engine, "auditor") as unit:
        home = unit.session.get_one(Loan, loan_id).household_id
        assert home is not None
        counted = exposure.household_borrowings(unit, [home])[home].exposure
        return Fen(counted.open + counted.pending)
