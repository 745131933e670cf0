"""Unfinished work in the sample county at the scenario's end: loans, batches and requests left at every step."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from sqlalchemy import select

from jobs.demo import sheets
from jobs.demo.people import House
from jobs.demo.plan import Lent, Paid
from ledger.dates import DAY
from ledger.errors import Refusal
from ledger.money import Fen, yuan
from ledger.operations import job_runs
from ledger.operations.approvals import requests
from ledger.operations.job_runs import Scope
from ledger.operations.lending import loans
from ledger.operations.sheets import review
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.subsidies import SubsidyLine
from tests.upgrade.deeds import BANKERS, Agenda, day, latest
from tests.upgrade.quarters import take_batch
from tests.upgrade.stage import BANK, OFFICERS, THRIFTY, Story, asked_for, lend


def last_days(story: Story, houses: Sequence[House], lent: Sequence[Lent]) -> Agenda:
    """Return the actions of the scenario's last days, which leave work unfinished."""
    return [
        (day("2017-09-26"), partial(_return_lines, story)),
        (day("2019-10-08"), partial(_reject_sheet, story, lent)),
        (day("2019-10-09"), partial(_refused_sheet, story, lent)),
        (day("2019-12-26"), partial(_put_forward, story, houses)),
        (day("2019-12-27"), partial(_leave_batches, story)),
        (day("2019-12-27"), partial(_ask, story)),
        (day("2019-12-30"), partial(_ask_for_a_run, story)),
        (day("2019-12-31"), partial(_waiting_sheet, story, lent)),
    ]


def _return_lines(story: Story) -> None:
    """Send two lines of an approved batch back to the bank, so that the lines' approved subsidy is reversed in red."""
    batch_id = take_batch(story, BANK, Period.parse("quarter", "2017Q3"), ())
    with story.at("auditor") as unit:
        query = select(SubsidyLine.id).where(SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
        lines = unit.session.execute(query.order_by(SubsidyLine.id).limit(2)).scalars().all()
    story.do("finance", batches.send_back, batch_id, "名单有误", lines)


def _sheet(lent: Sequence[Lent], bank: str, on: date, receipt: str) -> bytes:
    """Return a repayment sheet with two rows, for the bank's last two loans that are always paid on time."""
    rows = [row for row in lent if row.bank == bank and row.habit == "punctual"][-2:]
    return sheets.repayments([Paid(bank, row.contract_no, Fen(10_000), on, receipt) for row in rows])


def _reject_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Import a sheet that the checker rejects, so that its rows are reversed in red."""
    data = _sheet(lent, THRIFTY, date(2019, 9, 30), "WRONG")
    import_id = story.take_in("repayments", "officer2", THRIFTY, data, "还款明细错.csv")
    story.do(OFFICERS[THRIFTY][1], review.reject, import_id, "重复上报")


def _refused_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Import a sheet with a date in the future, which is refused as a whole."""
    try:
        story.take_in("repayments", "officer", BANK, _sheet(lent, BANK, date(2020, 9, 30), "LATER"), "未来.csv")
    except Refusal:
        return
    raise RuntimeError("a sheet dated in the future was booked")


def _waiting_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Import a sheet that no checker confirms."""
    story.take_in("repayments", "officer", BANK, _sheet(lent, BANK, date(2019, 12, 30), "LAST"), "还款明细末.csv")


def _ask_for_a_run(story: Story) -> None:
    """Queue a run of a job, which no process starts before the scenario ends."""
    story.do("city", job_runs.enqueue, "interest", story.clock.today, Scope(BANK, ""), "city")


def _put_forward(story: Story, houses: Sequence[House]) -> None:
    """Record five loans and leave each at a different step: submitted, returned, amended, approved, paid out."""
    signed_on = story.clock.today - DAY
    for number, (name, house) in enumerate(zip(("submitted", "returned", "amended", "approved"), houses, strict=False)):
        loan_id = story.do("officer", loans.record, asked_for(story, house, 8901 + number, signed_on)).id
        story.named[f"new {name}"] = loan_id
    for name in ("returned", "amended"):
        story.do("checker", loans.send_back, story.named[f"new {name}"], "缺少项目用款计划")
    story.do("officer", loans.amend, story.named["new amended"], {"principal": yuan("40000.00")})
    story.do("officer", loans.resubmit, story.named["new amended"])
    story.do("checker", loans.approve, story.named["new approved"])
    lend(story, "new paid out", houses[4], 8905)


def _leave_batches(story: Story) -> None:
    """Leave the last batches at different steps: verified, approved, submitted, returned."""
    quarter, year = Period.parse("quarter", "2019Q4"), Period.parse("year", "2019")
    approved = (("checker", batches.submit), ("poverty", batches.approve))
    take_batch(story, BANK, quarter, (*approved, ("finance", batches.verify)))
    take_batch(story, THRIFTY, quarter, approved)
    take_batch(story, BANK, year, approved[:1])
    returned = take_batch(story, THRIFTY, year, approved[:1])
    story.do("poverty", batches.send_back, returned, "缺少结息单")


def _ask(story: Story) -> None:
    """Make several requests that stay pending, and one request that is refused."""
    loan_id = story.named["refused by the insurer"]
    waiver = {"on": str(story.clock.today), "amount": None}
    story.ask("officer", "waiver", waiver, "户主患病住院", loan_id=loan_id)
    event_id = latest(story, story.named["adjusted"], "RepaymentReceived")
    story.ask(BANKERS[0], "reversal", {"event_id": str(event_id)}, "录入错误")
    request_id = story.ask("officer", "waiver", waiver, "再次申请", loan_id=story.named["insured"])
    story.do("checker", requests.refuse, request_id, "材料不全")
