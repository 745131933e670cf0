"""The recurring work of a quarter in the sample county: sheets, jobs, subsidies, the fund's plan and deposits."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy import select

from jobs.demo import sheets
from jobs.demo.plan import Lent, Paid
from ledger.dates import DAY, Quarter, Span
from ledger.money import yuan
from ledger.operations.fund import issuance, plans
from ledger.operations.fund.plans import Part
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.fund import FundPlan, IssuanceReport
from ledger.tables.subsidies import SubsidyBatch, SubsidyLine
from ledger.unit_of_work import Unit
from tests.upgrade.stage import BANK, COUNTY, OFFICERS, OTHER, THRIFTY, Story, pay_what_is_open

LITTLE = yuan("3000.00")
"""The largest deposit into the thrifty bank's fund account per call: the account runs dry, and a claim queues."""

LEFT_IN_TRANSIT = (OTHER, BANK)
"""The fund account, by county and bank, whose money the other county never deposits."""

PAID_LATE, REPORTED_LATE = Quarter(2018, 2), Quarter(2018, 3)
"""The quarter whose subsidy is paid after five working days, and the quarter reported after the 10th."""

REJECTED, DRAWN_UP_AGAIN = "2018Q1", Quarter(2017, 1)
"""The quarter with a rejected subsidy line, and the quarter whose fund plan is drafted twice."""


def approve(unit: Unit, batch_id: int) -> None:
    """Approve a subsidy batch; in the quarter REJECTED, also reject the first line of the batch."""
    batch = unit.session.get_one(SubsidyBatch, batch_id)
    rejected = {}
    if batch.period == REJECTED and batch.bank == BANK:
        lines = select(SubsidyLine.id).where(SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
        rejected[unit.session.execute(lines.order_by(SubsidyLine.id).limit(1)).scalar_one()] = "非贫困户"
    batches.approve(unit, batch_id, rejected)


_APPROVED: tuple[tuple[str, Callable[..., object]], ...] = (("checker", batches.submit), ("poverty", approve))
_PAID: tuple[tuple[str, Callable[..., object]], ...] = (("finance", batches.verify), ("finance2", batches.pay))


def eve_of(quarter: Quarter) -> date:
    """Return the 25th of a quarter's last month, on which the banks import their sheets."""
    return quarter.interest.end.replace(day=25)


def bring_sheets(story: Story, quarter: Quarter, lent: Sequence[Lent], paid: Sequence[Paid]) -> None:
    """Import and confirm the loans and repayments since the previous quarter's sheets, then run the daily job."""
    days = Span(eve_of(quarter.shift(-1)), eve_of(quarter))
    for bank in (BANK, THRIFTY):
        officer, _ = OFFICERS[bank]
        loans = [row for row in lent if row.bank == bank and row.disbursed_on in days]
        received = [row for row in paid if row.bank == bank and row.paid_on in days]
        if loans:
            name = f"放款台账{days.end}.csv"
            story.confirm(bank, story.take_in("loans", officer, bank, sheets.loans(loans), name))
        if received:
            name = f"还款明细{days.end}.csv"
            story.confirm(bank, story.take_in("repayments", officer, bank, sheets.repayments(received), name))
    story.run("daily")
    pay_what_is_open(story, story.payers)


def periods_of(quarter: Quarter) -> list[Period]:
    """Return the subsidy periods paid with a quarter: the quarter, and for the last quarter also the year."""
    periods = [Period.parse("quarter", str(quarter))]
    if quarter.number == 4:
        periods.append(Period.parse("year", str(quarter.year)))
    return periods


def approve_subsidies(story: Story, quarter: Quarter) -> None:
    """Draft, submit and approve the subsidy batches of the county's two banks."""
    for bank in (BANK, THRIFTY):
        for period in periods_of(quarter):
            take_batch(story, bank, period, _APPROVED)


def pay_subsidies(story: Story, quarter: Quarter) -> None:
    """Verify and pay the subsidy batches of the county's two banks."""
    for bank in (BANK, THRIFTY):
        for period in periods_of(quarter):
            take_batch(story, bank, period, _PAID)


def take_batch(story: Story, bank: str, period: Period, steps: Iterable[tuple[str, Callable[..., object]]]) -> int:
    """Take a subsidy batch through some steps, after drafting the batch if it does not exist; return the batch's id."""
    officer, checker = OFFICERS[bank]
    with story.at("auditor") as unit:
        existing = _batch(unit, bank, period)
    batch_id = existing or story.do(officer, batches.draft, bank, COUNTY, period).id
    for user, step in steps:
        story.do(checker if user == "checker" else user, step, batch_id)
    return batch_id


def _batch(unit: Unit, bank: str, period: Period) -> int | None:
    query = select(SubsidyBatch.id).where(
        SubsidyBatch.bank == bank,
        SubsidyBatch.county == COUNTY,
        SubsidyBatch.cycle == period.cycle,
        SubsidyBatch.period == str(period),
    )
    return unit.session.execute(query).scalar()


def report(story: Story, quarter: Quarter) -> None:
    """Draft and submit the banks' issuance reports for a past quarter."""
    for bank in (BANK, THRIFTY):
        officer, checker = OFFICERS[bank]
        drafted: IssuanceReport = story.do(officer, issuance.draft_report, bank, COUNTY, quarter)
        story.do(checker, issuance.submit_report, drafted.id)


def plan_fund(story: Story, quarter: Quarter) -> None:
    """Draft and approve a quarter's fund plan, and appropriate the city's money to the counties."""
    if quarter == DRAWN_UP_AGAIN:
        story.do("city", plans.draft_plan, quarter)
    plan_id = story.do("city", plans.draft_plan, quarter)
    story.do("city2", plans.approve, plan_id)
    with story.at("auditor") as unit:
        called = plans.outstanding(unit, plan_id, "appropriation")
    if called:
        story.do("city2", plans.appropriate, plan_id)


def deposit(story: Story, quarter: Quarter) -> None:
    """Deposit the counties' money for a quarter, except in two fund accounts: one gets less money, one gets none."""
    with story.at("auditor") as unit:
        query = select(FundPlan.id).where(FundPlan.quarter == str(quarter), FundPlan.kind == "quarter")
        plan_id = unit.session.execute(query.order_by(FundPlan.id.desc()).limit(1)).scalar_one()
        outstanding = plans.outstanding(unit, plan_id, "deposit")
    for county, user in ((COUNTY, "finance"), (OTHER, "finance3")):
        parts = [
            Part(*account, min(amount, LITTLE) if account[1] == THRIFTY else amount, f"JK{quarter}-{account[1]}")
            for account, amount in sorted(outstanding.items())
            if account[0] == county and account != LEFT_IN_TRANSIT
        ]
        if parts:
            story.do(user, plans.deposit, plan_id, parts=parts)


def days_of(quarter: Quarter) -> tuple[date, date, date, date, date]:
    """Return the days of a quarter's sheets, subsidy payment, issuance reports, fund plan and deposits."""
    over = quarter.calendar.end
    return (
        eve_of(quarter),
        eve_of(quarter) + timedelta(days=9 if quarter == PAID_LATE else 3),
        over + timedelta(days=10 if quarter == REPORTED_LATE else 8),
        over + timedelta(days=11),
        over + timedelta(days=14),
    )


def months_between(first: date, last: date) -> list[str]:
    """Return the months between two days, both included, written `2016-05`."""
    months, day = [], first.replace(day=1)
    while day <= last:
        months.append(f"{day:%Y-%m}")
        day = (day + 31 * DAY).replace(day=1)
    return months
