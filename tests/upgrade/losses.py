"""The failed loans of the sample county: claims in every status, recoveries, and the sharing of losses."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from ledger import balances
from ledger.balances import Clocks
from ledger.chart import DUE_FROM_COUNTY, Kind, book_of
from ledger.money import plain, yuan
from ledger.operations.compensation import claims, county_shares, payments, recoveries, suspense
from ledger.tables.claims import Claim
from ledger.tables.loans import Loan
from tests.upgrade.deeds import BANKERS, BUREAU, Agenda, day, latest, latest_of_kind
from tests.upgrade.stage import BANK, COUNTY, OFFICERS, OFFICES, THRIFTY, Story

_STEPS: tuple[Callable[..., object], ...] = (claims.submit, claims.review, claims.approve, payments.pay)


def failures(story: Story) -> Agenda:
    """Return the actions on failed loans, from the first claims to the end of recourse."""
    return [
        (day("2019-09-27"), partial(_first_claims, story)),
        (day("2019-09-30"), partial(_share, story)),
        (day("2019-10-10"), partial(_receive, story, "paid 0", "12345.67")),
        (day("2019-10-11"), partial(_remit, story, "paid 0")),
        (day("2019-10-12"), partial(_receive, story, "paid 0", "4000.00")),
        (day("2019-10-14"), partial(_undo, story, "paid 0", BANKERS, "RecoveryReceived", "不是追回款")),
        (day("2019-10-15"), partial(_receive_whole, story, "paid 1", "650.00")),
        (day("2019-10-16"), partial(_remit, story, "paid 1")),
        (day("2019-10-17"), partial(_receive, story, "paid 2", "5000.00")),
        (day("2019-10-18"), partial(_suspend, story)),
        (day("2019-10-21"), partial(_release, story)),
        (day("2019-10-22"), partial(_return_share, story)),
        (day("2019-11-05"), partial(_close, story, "paid 3")),
        (day("2019-11-07"), partial(_undo, story, "paid 3", BUREAU, "RecourseClosed", "发现可执行财产")),
        (day("2019-11-08"), partial(_receive, story, "paid 3", "321.00")),
        (day("2019-11-11"), partial(_remit, story, "paid 3")),
        (day("2019-11-12"), partial(_undo, story, "paid 3", BANKERS, "RecoveryRemitted", "缴款单号有误")),
        (day("2019-11-13"), partial(_remit, story, "paid 3")),
        (day("2019-11-14"), partial(_close, story, "paid 3")),
        (day("2019-12-23"), partial(_last_claims, story)),
        (day("2019-12-24"), partial(_share, story)),
        (day("2019-12-25"), partial(_undo_share, story)),
        (day("2019-12-26"), partial(_undo, story, "paid 4", BUREAU, "ClaimPaid", "付错账户")),
    ]


def claimable(story: Story, bank: str) -> list[int]:
    """Return a bank's loans in the county that can be claimed and have no claim yet, ordered by due date."""
    since = story.clock.today - timedelta(days=90)
    query = (
        select(Loan.id)
        .where(Loan.status == "overdue", Loan.bank == bank, Loan.county == COUNTY, Loan.rolled_on <= since)
        .where(Loan.id.not_in(select(Claim.loan_id)), Loan.id.not_in(story.named.values()))
        .order_by(Loan.rolled_on, Loan.contract_no)
    )
    with story.at("auditor") as unit:
        return list(unit.session.execute(query).scalars())


def claim(story: Story, name: str, loan_id: int, steps: int) -> int:
    """Draft a claim on a loan and take the claim through some steps in order: submitted, reviewed, approved, paid."""
    with story.at("auditor") as unit:
        loan = unit.session.get_one(Loan, loan_id)
    officer, checker = OFFICERS[loan.bank]
    details = loan_id, story.clock.today, "overdue", ["催收记录", "借款合同"]
    claim_id = story.do(officer, claims.draft, *details).id
    story.named[f"claim {name}"], story.named[f"loan {name}"] = claim_id, loan_id
    for user, step in list(zip((checker, *OFFICES[loan.county]), _STEPS, strict=True))[:steps]:
        story.do(user, step, claim_id)
    return claim_id


def _claim_each(story: Story, loan_ids: Sequence[int], named_steps: Sequence[tuple[str, int]]) -> None:
    if len(loan_ids) < len(named_steps):
        raise RuntimeError(
            f"{len(loan_ids)} loans may be claimed on {story.clock.today}, {len(named_steps)} are wanted"
        )
    for loan_id, (name, steps) in zip(loan_ids, named_steps, strict=False):
        claim(story, name, loan_id, steps)


def _first_claims(story: Story) -> None:
    """Claim overdue loans in September: four claims are paid in full, and one bank's claim is paid in part."""
    _claim_each(story, claimable(story, BANK), [(f"paid {number}", 4) for number in range(4)])
    _claim_each(story, claimable(story, THRIFTY), [("queued", 4)])
    claim(story, "insured", story.named["insured"], 3)
    refused = claim(story, "refused", story.named["refused by the insurer"], 2)
    story.do("finance", claims.send_back, refused, "缺少拒赔通知书")


def _last_claims(story: Story) -> None:
    """Claim the remaining overdue loans in December, and leave each claim at a different step."""
    named_steps = [("paid 4", 4), ("paid 5", 4), ("submitted", 1), ("draft", 0), ("reviewed", 2)]
    _claim_each(story, claimable(story, BANK), named_steps)
    _claim_each(story, claimable(story, THRIFTY), [("waiting", 3)])


def _share(story: Story) -> None:
    """Receive the county's whole debt to the fund account, which is its share of losses."""
    with story.at("auditor") as unit:
        book = book_of(Kind.FUND, bank=BANK, county=COUNTY)
        clocks = Clocks(story.clock.today)
        due = balances.balance(unit.connection, DUE_FROM_COUNTY, book, clocks, county=COUNTY, bank=BANK)
    story.do("finance", county_shares.receive, COUNTY, BANK, yuan(plain(due)), story.clock.today, "FD-1")


def _undo_share(story: Story) -> None:
    """Reverse the latest payment of the county's share of losses."""
    story.reverse(BUREAU, latest_of_kind(story, "CountyShareReceived"), "重复入账")


def _receive(story: Story, name: str, amount: str) -> None:
    """Receive a recovery on a compensated loan."""
    details = story.named[f"loan {name}"], yuan(amount), story.clock.today, "ZH-1"
    story.named[f"recovery {name}"] = story.do("officer", recoveries.receive, *details).id


def _receive_whole(story: Story, name: str, more: str) -> None:
    """Receive a recovery larger than the fund's payment; the bank keeps the excess."""
    with story.at("auditor") as unit:
        row = unit.session.get_one(Claim, story.named[f"claim {name}"])
    whole = yuan(plain(row.paid_principal + row.paid_interest)) + yuan(more)
    _receive(story, name, plain(whole))


def _remit(story: Story, name: str) -> None:
    story.do("officer", recoveries.remit, story.named[f"recovery {name}"], None, None, "JK-ZH")


def _suspend(story: Story) -> None:
    """Put surplus money into suspense, once for a loan and once without a loan."""
    details = COUNTY, BANK, yuan("800.00"), story.clock.today, "GZ-1"
    story.named["suspense"] = story.do("finance", suspense.record, *details, story.named["loan paid 0"]).id
    story.do("finance", suspense.record, COUNTY, BANK, yuan("260.00"), story.clock.today, "GZ-2")


def _release(story: Story) -> None:
    """Release a part of the money in suspense."""
    payload = {"suspense_id": str(story.named["suspense"]), "on": str(story.clock.today), "amount": "300.00"}
    story.decide(BUREAU, "suspense_release", payload | {"slip_no": "GZ-3"}, "退还多缴", county=COUNTY, bank=BANK)


def _return_share(story: Story) -> None:
    """Pay back to the county the part of its share that recoveries have made unnecessary."""
    payload = {"county": COUNTY, "bank": BANK, "amount": "20000.00", "on": str(story.clock.today), "slip_no": "FD-2"}
    story.decide(BUREAU, "county_share_return", payload, "退还预缴", county=COUNTY, bank=BANK)


def _close(story: Story, name: str) -> None:
    """Close the recourse of a claim, because no further recovery is expected."""
    payload = {"claim_id": str(story.named[f"claim {name}"]), "on": str(story.clock.today)}
    story.decide(BUREAU, "claim_closing", payload, "无可执行财产", loan_id=story.named[f"loan {name}"])


def _undo(story: Story, name: str, users: tuple[str, str], kind: str, reason: str) -> None:
    """Reverse the latest unreversed event of a kind on the claim's loan."""
    story.reverse(users, latest(story, story.named[f"loan {name}"], kind), reason)
