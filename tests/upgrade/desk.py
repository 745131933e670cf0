"""What lies on the kept county's desks at its end: loans on their way, batches at every step, requests that wait."""

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
from ledger.operations.approvals import requests
from ledger.operations.lending import loans
from ledger.operations.sheets import review
from ledger.operations.subsidy import batches
from ledger.policy.subsidy import Period
from ledger.tables.subsidies import SubsidyLine
from tests.upgrade.deeds import BANKERS, Agenda, day, latest
from tests.upgrade.quarters import take_batch
from tests.upgrade.stage import BANK, OFFICERS, THRIFTY, Story, asked_for, lend


def last_days(story: Story, houses: Sequence[House], lent: Sequence[Lent]) -> Agenda:
    """Return the last days' work that is left half done."""
    return [
        (day("2017-09-26"), partial(_return_lines, story)),
        (day("2019-10-08"), partial(_reject_sheet, story, lent)),
        (day("2019-10-09"), partial(_refused_sheet, story, lent)),
        (day("2019-12-26"), partial(_put_forward, story, houses)),
        (day("2019-12-27"), partial(_leave_batches, story)),
        (day("2019-12-27"), partial(_ask, story)),
        (day("2019-12-31"), partial(_waiting_sheet, story, lent)),
    ]


def _return_lines(story: Story) -> None:
    """Return two lines of an approved batch; what was approved of them is reversed in red."""
    batch_id = take_batch(story, BANK, Period.parse("quarter", "2017Q3"), ())
    with story.at("auditor") as unit:
        query = select(SubsidyLine.id).where(SubsidyLine.batch_id == batch_id, SubsidyLine.live.is_(True))
        lines = unit.session.execute(query.order_by(SubsidyLine.id).limit(2)).scalars().all()
    story.do("finance", batches.send_back, batch_id, "名单有误", lines)


def _sheet(lent: Sequence[Lent], bank: str, on: date, receipt: str) -> bytes:
    """Return a repayment sheet of two rows on the bank's last loans."""
    rows = [row for row in lent if row.bank == bank and row.habit == "punctual"][-2:]
    return sheets.repayments([Paid(bank, row.contract_no, Fen(10_000), on, receipt) for row in rows])


def _reject_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Import a sheet that the checker rejects: its rows are taken back in red."""
    data = _sheet(lent, THRIFTY, date(2019, 9, 30), "WRONG")
    taken = story.take_in("repayments", "officer2", THRIFTY, data, "还款明细错.csv")
    story.do(OFFICERS[THRIFTY][1], review.reject, taken, "重复上报")


def _refused_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Send a sheet dated in the future, which is refused as a whole."""
    try:
        story.take_in("repayments", "officer", BANK, _sheet(lent, BANK, date(2020, 9, 30), "LATER"), "未来.csv")
    except Refusal:
        return
    raise RuntimeError("a sheet dated in the future was booked")


def _waiting_sheet(story: Story, lent: Sequence[Lent]) -> None:
    """Import a sheet that nobody has confirmed yet."""
    story.take_in("repayments", "officer", BANK, _sheet(lent, BANK, date(2019, 12, 30), "LAST"), "还款明细末.csv")


def _put_forward(story: Story, houses: Sequence[House]) -> None:
    """Put five loans forward, each a step further: submitted, returned, submitted again, approved, paid out."""
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
    """Ask for what nobody has decided yet, and have one request refused."""
    loan_id = story.named["refused by the insurer"]
    waiver = {"on": str(story.clock.today), "amount": None}
    story.ask("officer", "waiver", waiver, "户主患病住院", loan_id=loan_id)
    paid = latest(story, story.named["adjusted"], "RepaymentReceived")
    story.ask(BANKERS[0], "reversal", {"event_id": str(paid)}, "录入错误")
    asked = story.ask("officer", "waiver", waiver, "再次申请", loan_id=story.named["insured"])
    story.do("checker", requests.refuse, asked, "材料不全")
