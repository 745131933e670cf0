"""A further quarter of the sample county, 2020-01 to 2020-03, run by the present code on a stored database."""

from datetime import date, timedelta
from functools import partial
from random import Random

from sqlalchemy import Engine, select

from jobs.demo import people, sheets
from jobs.demo.plan import Paid
from jobs.lease import Lease
from jobs.runner import run_queued
from ledger import balances
from ledger.chart import INTEREST_RECEIVABLE
from ledger.dates import DAY, Quarter
from ledger.money import Fen, plain, yuan
from ledger.operations.approvals import requests
from ledger.operations.compensation import claims, payments, recoveries
from ledger.operations.notices import delivery
from ledger.operations.notices.delivery import Delivered
from ledger.operations.servicing import repayments
from ledger.operations.sheets import review
from ledger.operations.subsidy import batches
from ledger.reports.notices.notices import notices as notices_on
from ledger.tables.claims import Claim
from ledger.tables.loans import Approval, Loan, Repayment
from ledger.tables.subsidies import SubsidyBatch
from ledger.tables.work import Import
from tests.upgrade import county, quarters
from tests.upgrade.deeds import BANKERS, Agenda, day
from tests.upgrade.stage import BANK, COUNTY, OFFICERS, THRIFTY, Clock, Story, lend, quoted

FIRST, LAST = date(2020, 1, 1), date(2020, 3, 31)
QUARTER = Quarter(2020, 1)
_STEPS = {"draft": "checker", "submitted": "poverty2", "reviewed": "finance"}


def live_on(engine: Engine) -> Story:
    """Run the further quarter, with equal actions on every database, and return the scenario after its last day."""
    story = Story(engine, Clock(FIRST))
    chance = Random(county.SEED)
    houses = people.houses(chance, COUNTY, county.SHEETED + county.AT_DESKS)
    last, unused = Quarter(2019, 4), houses[-1]
    evening = day("2020-01-02")
    agenda: Agenda = [(evening + 7 * number * DAY, partial(story.run, "daily")) for number in range(12)]
    agenda += [
        (day("2020-01-02"), partial(_run_what_waits, story)),
        (day("2020-01-03"), partial(_confirm_sheets, story)),
        (day("2020-01-06"), partial(_finish_batches, story)),
        (day("2020-01-08"), partial(quarters.report, story, last)),
        (day("2020-01-12"), partial(quarters.plan_fund, story, last)),
        (day("2020-01-15"), partial(quarters.deposit, story, last)),
        (day("2020-01-15"), partial(_decide_what_waits, story)),
        (day("2020-01-20"), partial(lend, story, "new", unused, 8906)),
        (day("2020-02-10"), partial(_further_claims, story)),
        (day("2020-02-12"), partial(_remit_what_waits, story)),
        (day("2020-02-20"), partial(_reverse_repayment, story)),
        (day("2020-02-24"), partial(_deliver, story)),
        (day("2020-03-25"), partial(_sheets, story)),
        (day("2020-03-25"), partial(quarters.approve_subsidies, story, QUARTER)),
        (day("2020-03-28"), partial(quarters.pay_subsidies, story, QUARTER)),
        (day("2020-03-30"), partial(_pay_off, story)),
        (LAST, partial(story.run, "daily")),
    ]
    county.play(story, agenda)
    return story


def _run_what_waits(story: Story) -> None:
    """Run the job that was queued on the scenario's last days."""
    run_queued(Lease(story.engine, "kept", clock=story.clock))


def _confirm_sheets(story: Story) -> None:
    """Confirm the imported sheets that wait for their checker."""
    with story.at("auditor") as unit:
        query = select(Import.id, Import.bank).where(Import.status == "booked", Import.bank.is_not(None))
        waiting = [(row.id, row.bank) for row in unit.session.execute(query.order_by(Import.id))]
    for import_id, bank in waiting:
        story.do(OFFICERS[bank][1], review.approve, import_id)


def _finish_batches(story: Story) -> None:
    """Take the county's unfinished batches of 2019 through their remaining steps to payment."""
    query = (
        select(SubsidyBatch)
        .where(SubsidyBatch.county == COUNTY, SubsidyBatch.status != "paid", SubsidyBatch.period.like("2019%"))
        .order_by(SubsidyBatch.id)
    )
    with story.at("auditor") as unit:
        unfinished = [(row.id, row.bank, row.status) for row in unit.session.execute(query).scalars()]
    steps = (("checker", batches.submit), ("poverty", batches.approve), ("finance", batches.verify))
    done = {"draft": 0, "returned": 0, "submitted": 1, "approved": 2, "verified": 3}
    for batch_id, bank, status in unfinished:
        for user, step in (*steps, ("finance2", batches.pay))[done[status] :]:
            story.do(OFFICERS[bank][1] if user == "checker" else user, step, batch_id)


def _decide_what_waits(story: Story) -> None:
    """Approve the pending request for a waiver."""
    with story.at("auditor") as unit:
        query = select(Approval.id).where(Approval.status == "pending", Approval.kind == "waiver")
        request_id = unit.session.execute(query).scalar_one()
    story.do("checker", requests.approve, request_id)


def _further_claims(story: Story) -> None:
    """Take every unfinished claim one step further, and pay queued claims as far as the fund accounts have money."""
    with story.at("auditor") as unit:
        payable = (Claim.status == "partly_paid") | ((Claim.status == "approved") & (Claim.bank == BANK))
        query = select(Claim).where(Claim.status.in_(_STEPS) | payable).order_by(Claim.approved_on, Claim.id)
        unfinished = [(row.id, row.bank, row.status) for row in unit.session.execute(query).scalars()]
    steps = {"draft": claims.submit, "submitted": claims.review, "reviewed": claims.approve}
    for claim_id, bank, status in unfinished:
        if status not in _STEPS:
            story.do("finance2", payments.pay, claim_id)
        else:
            user = OFFICERS[bank][1] if status == "draft" else _STEPS[status]
            story.do(user, steps[status], claim_id)


def _remit_what_waits(story: Story) -> None:
    """Receive a recovery on a compensated loan and remit the recovery on the same day."""
    with story.at("auditor") as unit:
        query = select(Claim.loan_id).where(Claim.status == "paid", Claim.bank == BANK).order_by(Claim.id)
        loan_id = unit.session.execute(query.limit(1)).scalar_one()
    recovery = story.do("officer", recoveries.receive, loan_id, yuan("1234.56"), story.clock.today, "ZH-2020")
    story.do("officer", recoveries.remit, recovery.id)


def _reverse_repayment(story: Story) -> None:
    """Reverse the latest repayment of an active loan, so that the loan's interest lines are billed again."""
    with story.at("auditor") as unit:
        query = (
            select(Repayment.event_id)
            .join(Loan, Loan.id == Repayment.loan_id)
            .where(Loan.status == "active", Loan.bank == BANK, Repayment.live.is_(True))
            .where(Repayment.paid_on >= date(2019, 12, 1))
            .order_by(Loan.contract_no, Repayment.id.desc())
        )
        event_id = unit.session.execute(query.limit(1)).scalar_one()
    story.reverse(BANKERS, event_id, "退票")


def _deliver(story: Story) -> None:
    """Deliver every pending notice."""
    with story.at("auditor") as unit:
        notices = notices_on(unit.session, on=story.clock.today)
    for notice in notices:
        if notice.status == "pending":
            details = Delivered(story.clock.today, "直接送达", "签收人", "本人")
            story.do(OFFICERS[notice.bank][0], delivery.deliver, notice.id, details)


def _sheets(story: Story) -> None:
    """For each bank, import a sheet with payments of all interest billed to date."""
    story.run("daily")
    for bank in (BANK, THRIFTY):
        officer = OFFICERS[bank][0]
        rows = _paid(story, bank)
        import_id = story.take_in("repayments", officer, bank, sheets.repayments(rows), "还款明细2020-03-25.csv")
        story.confirm(bank, import_id)


def _paid(story: Story, bank: str) -> list[Paid]:
    """Return the rows of a repayment sheet, in which every third active loan with unpaid interest pays it in full."""
    with story.at("auditor") as unit:
        query = select(Loan).where(Loan.bank == bank, Loan.county == COUNTY, Loan.status == "active")
        loans = unit.session.execute(query.order_by(Loan.contract_no)).scalars().all()
        balances_by_loan = balances.loan_balances(unit.connection, [loan.id for loan in loans])
    owed = [(loan.contract_no, balances_by_loan.get(loan.id, {}).get(INTEREST_RECEIVABLE, 0)) for loan in loans]
    on = story.clock.today - timedelta(days=2)
    return [Paid(bank, number, Fen(fen), on, "HD2020") for number, fen in owed[::3] if fen]


def _pay_off(story: Story) -> None:
    """Pay one loan off before its due date."""
    with story.at("auditor") as unit:
        query = select(Loan.id).where(Loan.bank == BANK, Loan.county == COUNTY, Loan.status == "active")
        loan_id = unit.session.execute(query.order_by(Loan.contract_no).limit(1)).scalar_one()
    amount = yuan(plain(quoted(story, loan_id, story.clock.today).total))
    received = repayments.Received(loan_id, amount, story.clock.today, "counter", "JQ2020")
    story.do("officer", repayments.repay, received)
