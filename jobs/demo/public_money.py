"""Records the public money of the demo: each quarter's subsidies and fund deposits, and claims and recoveries."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from jobs.demo.clock import DemoClock
from jobs.demo.plan import BANKS, COUNTY
from ledger.dates import DAY, Quarter
from ledger.errors import WrongStatus
from ledger.money import yuan
from ledger.operations.compensation import claims, payments, recoveries
from ledger.operations.fund import issuance, plans
from ledger.operations.fund.plans import Part
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.claims import Claim, Recovery
from ledger.tables.fund import FundPlan, FundPlanStep, IssuanceReport
from ledger.tables.loans import Loan
from ledger.tables.subsidies import SubsidyBatch
from ledger.unit_of_work import Unit

THRIFTY_BANK = BANKS[1]
"""The bank whose fund account receives only little of the called amount, so that a claim must queue for money."""

PAID_LATE, REPORTED_LATE = Quarter(2018, 2), Quarter(2018, 3)
"""The quarter whose subsidy is paid later than five working days, and the quarter reported after the 10th."""

_LITTLE = yuan("3000.00")
_RECOVERED = yuan("12345.67")


@dataclass(frozen=True, slots=True)
class Staff:
    """The users of the demo; `at` begins a transaction of one user on the current day of the demo's clock."""

    at: Callable[[str], AbstractContextManager[Unit]]
    clock: DemoClock
    officers: dict[str, tuple[str, str]]

    def do(self, user: str, act: Callable[..., object], *about: Any) -> None:
        """Let a demo user take one step; skip a step that an earlier attempt to make the demo has taken."""
        with suppress(WrongStatus), self.at(user) as unit:
            act(unit, *about)


def subsidise(staff: Staff, quarter: Quarter) -> None:
    """Record a quarter's subsidy batches; for the fourth quarter, also record the year's subsidy batches.

    Banks submit subsidy batches on the 25th of the quarter's last month. The county pays a quarter's subsidy on the
    28th; the subsidy of one quarter is paid six days later.
    """
    periods = [Period.parse("quarter", str(quarter))]
    if quarter.number == 4:
        periods.append(Period.parse("year", str(quarter.year)))
    for bank in BANKS:
        officer, checker = staff.officers[bank]
        for period in periods:
            staff.do(officer, batches.draft, bank, COUNTY, period)
            for who, step in ((checker, batches.submit), ("poverty", batches.approve)):
                staff.do(who, _with_batch, step, bank, period)
    staff.clock.set(staff.clock.today + timedelta(days=9 if quarter == PAID_LATE else 3))
    for bank in BANKS:
        for period in periods:
            for who, step in (("finance", batches.verify), ("finance2", batches.pay)):
                staff.do(who, _with_batch, step, bank, period)


def _with_batch(unit: Unit, step: Callable[[Unit, int], object], bank: str, period: Period) -> None:
    batch_id = unit.session.execute(
        select(SubsidyBatch.id).where(
            SubsidyBatch.bank == bank,
            SubsidyBatch.county == COUNTY,
            SubsidyBatch.cycle == period.cycle,
            SubsidyBatch.period == str(period),
        )
    ).scalar_one()
    step(unit, batch_id)


def settle_fund(staff: Staff, quarter: Quarter) -> None:
    """Record the issuance reports, the fund plan and the deposits for a quarter that is over.

    In the month after the quarter, banks submit issuance reports on the 9th (one quarter's reports on the 11th). In the
    month after the quarter, the fund plan is recorded on the 12th, and the deposits are recorded on the 15th.
    """
    staff.clock.set(quarter.calendar.end + timedelta(days=10 if quarter == REPORTED_LATE else 8))
    for bank in BANKS:
        officer, checker = staff.officers[bank]
        staff.do(officer, _report, bank, quarter)
        staff.do(checker, _submit_reports, bank, quarter)
    staff.clock.set(quarter.calendar.end + timedelta(days=11))
    staff.do("city", _plan, quarter)
    for step in (plans.approve, plans.appropriate):
        staff.do("city2", _with_plan, step, quarter)
    staff.clock.set(quarter.calendar.end + timedelta(days=14))
    staff.do("finance", _deposit, quarter)


def _report(unit: Unit, bank: str, quarter: Quarter) -> None:
    if not _reports(unit, bank, quarter):
        issuance.draft_report(unit, bank, COUNTY, quarter)


def _submit_reports(unit: Unit, bank: str, quarter: Quarter) -> None:
    for report in _reports(unit, bank, quarter):
        issuance.submit_report(unit, report.id)


def _reports(unit: Unit, bank: str, quarter: Quarter) -> list[IssuanceReport]:
    query = select(IssuanceReport).where(IssuanceReport.bank == bank, IssuanceReport.quarter == str(quarter))
    return list(unit.session.execute(query).scalars())


def _plan(unit: Unit, quarter: Quarter) -> None:
    query = select(FundPlan.id).where(FundPlan.quarter == str(quarter), FundPlan.status != "draft")
    if unit.session.execute(query).first() is None:
        plans.draft_plan(unit, quarter)


def _with_plan(unit: Unit, step: Callable[[Unit, int], object], quarter: Quarter) -> None:
    step(unit, _plan_of(unit, quarter))


def _plan_of(unit: Unit, quarter: Quarter) -> int:
    query = select(FundPlan.id).where(FundPlan.quarter == str(quarter), FundPlan.live.is_(True))
    return unit.session.execute(query.order_by(FundPlan.id.desc()).limit(1)).scalar_one()


def _deposit(unit: Unit, quarter: Quarter) -> None:
    """Deposit all outstanding amounts of a fund plan, but at most `_LITTLE` at `THRIFTY_BANK`."""
    plan_id, slip = _plan_of(unit, quarter), f"JK{quarter}"
    parts = []
    for bank, left in plans.outstanding(unit, plan_id, "deposit").items():
        amount = min(left, _LITTLE) if bank[1] == THRIFTY_BANK else left
        if not _deposited(unit, f"{slip}-{bank[1]}"):
            parts.append(Part(bank[0], bank[1], amount, f"{slip}-{bank[1]}"))
    if parts:
        plans.deposit(unit, plan_id, parts=parts)


def _deposited(unit: Unit, slip_no: str) -> bool:
    return unit.session.execute(select(FundPlanStep.id).where(FundPlanStep.slip_no == slip_no)).first() is not None


def claim(staff: Staff) -> None:
    """Draft claims for loans that are ninety days overdue, and pay the claims as far as the fund accounts allow."""
    for loan_id, officer, checker in list(_claimable(staff)):
        staff.do(officer, claims.draft, loan_id, staff.clock.today, "overdue", ["催收记录", "借款合同"])
        for who, step in ((checker, claims.submit), ("poverty2", claims.review), ("finance", claims.approve)):
            staff.do(who, _with_claim, step, loan_id)
    for claim_id in _unpaid(staff):
        staff.do("finance2", payments.pay, claim_id)


def _claimable(staff: Staff) -> Iterator[tuple[int, str, str]]:
    since = staff.clock.today - timedelta(days=90)
    with staff.at("officer") as unit:
        query = (
            select(Loan.id, Loan.bank)
            .where(Loan.status == "overdue", Loan.rolled_on <= since, Loan.id.not_in(select(Claim.loan_id)))
            .order_by(Loan.rolled_on, Loan.id)
        )
        for row in unit.session.execute(query).all():
            yield row.id, *staff.officers[row.bank]


def _with_claim(unit: Unit, step: Callable[[Unit, int], object], loan_id: int) -> None:
    step(unit, unit.session.execute(select(Claim.id).where(Claim.loan_id == loan_id)).scalar_one())


def _unpaid(staff: Staff) -> list[int]:
    """Return the ids of approved claims that are not fully paid, oldest first.

    For `THRIFTY_BANK` only one claim is returned, since a younger claim waits until older claims are paid in full.
    """
    with staff.at("finance2") as unit:
        query = select(Claim).where(Claim.status.in_(("approved", "partly_paid")))
        found = unit.session.execute(query.order_by(Claim.approved_on, Claim.id)).scalars().all()
        queued: set[str] = set()
        chosen = []
        for row in found:
            if row.bank not in queued:
                chosen.append(row.id)
            if row.bank == THRIFTY_BANK:
                queued.add(row.bank)
        return chosen


def recover(staff: Staff) -> None:
    """Record recoveries on the two oldest paid claims; remit the first recovery a day later, and the second never."""
    with staff.at("officer") as unit:
        # If an earlier attempt to make the demo was interrupted, the recoveries may exist already.
        if unit.session.execute(select(Recovery.id)).first() is not None:
            return
        query = select(Claim).where(Claim.status == "paid", Claim.bank == BANKS[0]).order_by(Claim.id)
        paid = [row.loan_id for row in unit.session.execute(query).scalars()][:2]
    for loan_id in paid:
        staff.do("officer", recoveries.receive, loan_id, _RECOVERED, staff.clock.today, "ZH-1")
    staff.clock.set(staff.clock.today + DAY)
    if paid:
        staff.do("officer", _remit_first, paid[0])


def _remit_first(unit: Unit, loan_id: int) -> None:
    recovery_id = unit.session.execute(select(Recovery.id).where(Recovery.loan_id == loan_id)).scalars().first()
    if recovery_id is not None:
        recoveries.remit(unit, recovery_id)
