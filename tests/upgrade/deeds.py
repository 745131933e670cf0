"""Decisions on single loans of the sample county, as a table of days and actions."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import select, text

from jobs.demo.people import House
from ledger.events import TYPES
from ledger.money import plain, yuan
from ledger.operations.fund import accounts, plans
from ledger.operations.servicing import backdating
from ledger.operations.subsidy import clawbacks
from ledger.tables.fund import FundPlanStep
from ledger.tables.subsidies import Clawback
from tests.upgrade.stage import BANK, COUNTY, FOURTH, OTHER, THIRD, THRIFTY, Story, lend, quoted, repay

Agenda = list[tuple[date, Callable[[], object]]]
"""The actions of a scenario with their days; actions of one day run in the order of the list."""

YANJIN = {"scheme": "yanjin-2016", "principal": yuan("30000.00"), "term_months": 12, "annual_rate": Decimal("0.0435")}
"""The terms of loans under another county's scheme: a shorter term, a smaller principal, no subsidy."""

BANKERS, BUREAU, NEIGHBOURS = ("officer", "checker"), ("finance", "finance2"), ("finance3", "finance4")


def day(text: str) -> date:
    """Return the date of a text such as `2016-05-10`."""
    return date.fromisoformat(text)


def lending(story: Story, houses: list[House], neighbours: list[House]) -> Agenda:
    """Return the loans that officers record singly, each with a name that describes its later events."""
    own_county: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("2016-03-22", "waived", {}),
        ("2016-04-12", "written off", {}),
        ("2016-04-20", "insured", {"policy_no": "P-2016-1"}),
        ("2016-04-28", "guaranteed", {"security": "guarantee"}),
        ("2016-05-05", "refused by the insurer", {"policy_no": "P-2016-2"}),
        ("2016-05-10", "extended", {}),
        ("2016-06-02", "renewed", {}),
        ("2016-06-15", "back-dated", {}),
        ("2016-08-10", "misused", {"term_months": 48}),
        ("2016-11-03", "refunded", {}),
        ("2017-02-06", "undone", {}),
        ("2016-09-06", "taken back", {"bank": THRIFTY}),
        ("2017-01-10", "adjusted", {"principal": yuan("30000.00")}),
        ("2018-08-06", "own scheme", {"scheme": "ruijin-2018"}),
    )
    other_county: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("2017-03-01", "neighbour", {"bank": BANK}),
        ("2017-03-02", "neighbour early", {"bank": THIRD}),
        ("2017-03-03", "neighbour small", {"bank": THIRD, "principal": yuan("20000.00")}),
        ("2018-07-10", "neighbour late", {"bank": BANK, "term_months": 60}),
        ("2017-05-08", "yanjin failed", YANJIN | {"bank": FOURTH}),
        ("2018-05-16", "yanjin late", YANJIN | {"bank": FOURTH}),
    )
    agenda: Agenda = []
    for number, (house, (on, name, more)) in enumerate(zip(houses, own_county, strict=False), 8001):
        agenda.append((day(on), partial(lend, story, name, house, number, **more)))
    for number, (house, (on, name, more)) in enumerate(zip(neighbours, other_county, strict=False), 9001):
        agenda.append((day(on), partial(lend, story, name, house, number, county=OTHER, **more)))
    return agenda


def decisions(story: Story) -> Agenda:
    """Return the changes to paid-out loans that one person requests and another person approves."""
    decide = partial(_decide, story)
    extension = {"agreed_on": "2019-04-22", "months": 12, "document": "展期协议 1"}
    misuse = {"effective_on": "2018-03-01", "found_on": "2018-05-15", "document": "检查记录"}
    insured = {"received_on": "2019-08-05", "amount": "20000.00", "policy_no": "P-2016-1"}
    refused = {"received_on": "2019-08-06", "amount": "0.00", "policy_no": "P-2016-2"}
    return [
        (day("2017-05-10"), lambda: repay(story, story.named["refunded"], "3000.00", surplus="credit")),
        (day("2017-05-12"), decide("refunded", "credit_refund", {"on": "2017-05-12", "amount": "1000.00"}, "多交退还")),
        (day("2018-05-16"), decide("misused", "misuse", misuse, "用于建房")),
        (day("2019-04-22"), decide("extended", "extension", extension, "脐橙受灾")),
        (day("2019-05-30"), partial(_renew, story)),
        (day("2019-06-10"), lambda: repay(story, story.named["waived"], "40000.00", payer="collateral")),
        (day("2019-06-24"), decide("waived", "waiver", {"on": "2019-06-24", "amount": None}, "户主住院")),
        (day("2019-06-24"), partial(_settle, story, "waived")),
        (day("2019-07-01"), partial(_settle, story, "guaranteed", payer="guarantor")),
        (day("2019-08-05"), decide("insured", "insurance", insured, "保险公司赔付")),
        (day("2019-08-06"), decide("refused by the insurer", "insurance", refused, "保险公司拒赔")),
        (
            day("2019-12-10"),
            decide("written off", "write_off", {"on": "2019-12-10", "document": "核销批复"}, "户主死亡"),
        ),
        (day("2019-12-18"), lambda: repay(story, story.named["written off"], "500.00")),
    ]


def stops(story: Story) -> Agenda:
    """Return the days on which borrowers stop paying their quarterly interest."""
    agenda: Agenda = []
    for on, name in (
        ("2018-12-31", "insured"),
        ("2018-12-31", "refused by the insurer"),
        ("2019-01-31", "written off"),
        ("2019-01-31", "waived"),
        ("2019-04-01", "guaranteed"),
        ("2019-04-02", "taken back"),
        ("2019-05-31", "renewed"),
    ):
        agenda.append((day(on), partial(story.payers.discard, name)))
    return agenda


def corrections(story: Story) -> Agenda:
    """Return late records, reversals in red and adjustments by hand."""
    adjustment = {
        "book": "LOAN-GZRCB",
        "county": COUNTY,
        "bank": BANK,
        "document": "调整单 1",
        "rows": [{"debit": "1003", "credit": "6012", "amount": "12.34"}],
    }
    interest = {
        "book": "FUND-360781",
        "county": COUNTY,
        "bank": BANK,
        "document": "调整单 2",
        "rows": [{"debit": "1001", "credit": "4001", "amount": "0.66"}],
    }
    return [
        (day("2017-02-08"), partial(_undo, story, BANKERS, "undone", "LoanDisbursed", "借款人放弃")),
        (day("2017-04-13"), partial(_adjust, story, BANKERS, adjustment, "2017-04-12", "罚息补记")),
        (day("2017-04-14"), partial(_adjust, story, BANKERS, adjustment, "2017-04-14", "重复补记")),
        (day("2017-04-18"), partial(_undo_adjustment, story)),
        (day("2017-07-10"), partial(_adjust, story, BUREAU, interest, "2017-07-10", "利息尾差")),
        (day("2017-08-10"), lambda: repay(story, story.named["back-dated"], "2000.00", day("2017-06-23"))),
        (day("2018-11-08"), partial(_undo, story, BANKERS, "back-dated", "RepaymentReceived", "退票")),
        (day("2018-11-09"), lambda: repay(story, story.named["back-dated"], "100.00")),
        (day("2018-11-10"), partial(_undo, story, ("officer2", "checker2"), "taken back", "RepaymentReceived", "错户")),
        (day("2018-12-05"), partial(_receive_clawbacks, story)),
        (day("2019-03-14"), lambda: repay(story, story.named["adjusted"], "1500.00", day("2019-02-20"))),
    ]


def money_of_the_fund(story: Story) -> Agenda:
    """Return the actions on the fund's accounts other than the quarterly plans."""
    credit = partial(story.do, "finance", accounts.credit_interest, COUNTY, BANK)
    returned = {"county": OTHER, "bank": THIRD, "on": "2019-12-28", "slip_no": "QT-1"}
    return [
        (day("2016-05-20"), partial(_advance, story)),
        (day("2017-06-21"), lambda: credit(yuan("312.50"), day("2017-06-21"), "LX-1")),
        (day("2017-06-22"), lambda: story.named.update(wrong=credit(yuan("999.99"), day("2017-06-22"), "LX-2"))),
        (day("2017-06-23"), lambda: story.reverse(BUREAU, story.named["wrong"], "记错账户")),
        (day("2018-03-15"), partial(_contribute, story)),
        (day("2018-04-20"), partial(_deposit_again, story)),
        (day("2019-06-21"), partial(_neighbours_interest, story)),
        (day("2019-12-28"), lambda: story.decide(NEIGHBOURS, "fund_return", returned, "试点结束", county=OTHER)),
    ]


def _decide(story: Story, name: str, kind: str, payload: Mapping[str, Any], reason: str) -> Callable[[], object]:
    return lambda: story.decide(BANKERS, kind, payload, reason, loan_id=story.named[name])


def _renew(story: Story) -> None:
    """Pay a loan's interest up to the present day with credit, then renew the loan with a new contract."""
    loan_id, today = story.named["renewed"], story.clock.today
    due = quoted(story, loan_id, today)
    repay(story, loan_id, plain(due.contract + due.compound + due.penalty), surplus="credit")
    payload = {"signed_on": str(today), "contract_no": "GZRCB-2019-8099", "term_months": 36, "annual_rate": "0.0475"}
    story.decide(BANKERS, "renewal", payload, "继续种植", loan_id=loan_id)


def _settle(story: Story, name: str, **more: Any) -> None:
    """Pay a loan off on the scenario's current day."""
    loan_id = story.named[name]
    repay(story, loan_id, plain(quoted(story, loan_id, story.clock.today).total), **more)
    story.payers.discard(name)


def _undo(story: Story, users: tuple[str, str], name: str, kind: str, reason: str) -> None:
    """Reverse a loan's latest unreversed event of a given kind."""
    story.reverse(users, latest(story, story.named[name], kind), reason)
    if kind == "LoanDisbursed":
        story.payers.discard(name)


def latest(story: Story, loan_id: int, kind: str) -> int:
    """Return the id of a loan's latest unreversed event of a given kind."""
    with story.at("auditor") as unit:
        ids = [past.id for past in backdating.unreversed(unit, [loan_id]) if type(past.event) is TYPES[kind]]
    return ids[-1]


def latest_of_kind(story: Story, kind: str) -> int:
    """Return the id of the latest recorded event of a given kind, whether reversed or not."""
    query = text("SELECT id FROM events WHERE kind = :kind ORDER BY recorded_at DESC, id DESC LIMIT 1")
    with story.at("auditor") as unit:
        return int(unit.connection.execute(query, {"kind": kind}).scalar_one())


def _adjust(story: Story, users: tuple[str, str], payload: Mapping[str, Any], on: str, reason: str) -> None:
    about = {"county": payload["county"], "bank": payload["bank"]}
    story.decide(users, "adjustment", {**payload, "on": on}, reason, **about)


def _undo_adjustment(story: Story) -> None:
    """Reverse the latest adjustment, which was a duplicate of an earlier adjustment."""
    story.reverse(BANKERS, latest_of_kind(story, "ManualAdjustment"), "重复调整")


def _receive_clawbacks(story: Story) -> None:
    """Receive a part of the first claw-back, and leave the other claw-backs open."""
    with story.at("auditor") as unit:
        row = unit.session.execute(select(Clawback).order_by(Clawback.id).limit(1)).scalar_one()
    story.do("finance", clawbacks.receive, row.id, yuan(plain(row.fen // 2 or 1)))


def _advance(story: Story) -> None:
    """Draft, approve, appropriate and deposit an advance of fund money."""
    plan_id = story.do("city", plans.draft_advance, COUNTY, BANK, yuan("10000.00"))
    story.do("city2", plans.approve, plan_id)
    story.do("city2", plans.appropriate, plan_id)
    story.do("finance", plans.deposit, plan_id)


def _contribute(story: Story) -> None:
    story.do("finance", accounts.contribute, COUNTY, BANK, yuan("20000.00"), story.clock.today, "XC-1")


def _neighbours_interest(story: Story) -> None:
    story.do("finance3", accounts.credit_interest, OTHER, THIRD, yuan("88.20"), story.clock.today, "LX-9")


def _deposit_again(story: Story) -> None:
    """Reverse the latest deposit of one bank, the thrifty one, then deposit a part of the reversed amount."""
    with story.at("auditor") as unit:
        query = select(FundPlanStep).where(FundPlanStep.step == "deposit", FundPlanStep.bank == THRIFTY)
        step = unit.session.execute(query.order_by(FundPlanStep.id.desc()).limit(1)).scalar_one()
    story.reverse(BUREAU, step.event_id, "缴款单作废")
    parts = [plans.Part(COUNTY, THRIFTY, yuan("1200.00"), "JK-again")]
    story.do("finance", plans.deposit, step.plan_id, parts=parts)
