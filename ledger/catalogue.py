"""The catalogue of events (业务目录).

One row per kind of event gives the event's summary, replay, natural key and reversal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from ledger import events as e
from ledger.events import TYPES, Event


class Replay(StrEnum):
    """The treatment of a later event of a loan when an event with an earlier date is recorded (scheme 3
    "Back-dated").
    """

    APART = "apart"
    """The event is not touched: it is not one of the events that a loan is replayed from."""
    CALENDAR = "calendar"
    """The event is reversed, then posted by the calendar once more, or by the claim that called for it, see `cause`."""
    RECORDED = "recorded"
    """The event is reversed, then recorded once more as the person recorded it."""
    STANDS = "stands"
    """The event is kept, because other records rest on its figures; an event with an earlier date is refused."""
    LATEST_FIRST = "latest_first"
    """The event is kept like STANDS; by hand, a loan's events of this kind are reversed in reverse order."""


class Ends(StrEnum):
    """The effect of an event that ends a loan or its collection; the loan's notices end as well (scheme 7)."""

    CLOSED = "closed"
    """The event ends the loan when no debt is left open."""
    RENEWED = "renewed"
    """The event ends the loan, because its whole debt moves to another loan."""
    COMPENSATED = "compensated"
    """The event ends collection by notice: the fund has paid, and recourse begins."""
    WRITTEN_OFF = "written_off"
    """The event ends collection by notice: the whole debt is lost."""


class Office(StrEnum):
    """The office that requests a reversal by hand and decides on the request."""

    BANK = "bank"
    FINANCE = "finance"
    """The county's finance bureau (财政局)."""
    OF_THE_BOOK = "of_the_book"
    """The bank for a loan book, the finance bureau for the county's books."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """Reversal by hand (红字冲销): the operation that reverses the event, and the office that may request it."""

    operation: str
    office: Office


@dataclass(frozen=True, slots=True)
class Instead:
    """The action to take instead of a reversal by hand: its name, and the path of its POST route below /api/v1."""

    route: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """The properties of a kind of event that no other module defines.

    The names of events are in labels/events.py, the fields in events.py and the postings in posting.py. In a summary or
    key, a name in braces is a field of the event. `ends` is None for an event that ends nothing. `payer` is None for an
    event that pays no interest bills. `key` is None for an event without a natural key, which has only the key of its
    request.
    """

    summary_zh: str
    summary_en: str
    replay: Replay
    ends: Ends | None
    payer: str | None
    """The party whose money pays interest bills, as repayments and scheme 4.3 name the party."""
    key: str | None
    """The natural key: one event per key, however often and by whomever the event is requested."""
    undone: ByHand | Instead


# fmt: off
#                      route below /api/v1                     中文                   English
REPAYMENT    = Instead("/loans/{loan_id}/repayments",          "登记还款",            "record a repayment")
RENEWAL      = Instead("/loans/{loan_id}/renewal",             "办理续贷",            "renew the loan")
WAIVER       = Instead("/loans/{loan_id}/waiver",              "减免罚息复利",        "waive the penalty")
LATER_PLAN   = Instead("/fund/plans",                          "编制以后季度的计划",  "draft a later quarter's plan")
RECOVERY     = Instead("/ledger/events/{event_id}/reversal",   "冲销该笔收到追回款",  "reverse the recovery behind it")
RELEASE      = Instead("/fund/suspense/{suspense_id}/release", "办理挂账款退出",      "release it from suspense")
SUSPENSE     = Instead("/fund/suspense",                       "登记挂账款",          "put it in suspense")
COUNTY_SHARE = Instead("/fund/county-shares",                  "登记县级分担款",      "record a county share")
BATCH_RETURN = Instead("/subsidy-batches/{batch_id}/return",   "退回贴息批次或明细",  "return the batch or the line")
NEXT_BATCH   = Instead("/subsidy-batches",                     "编制下期贴息批次",    "draft the next batch")
CLAWBACK     = Instead("/clawbacks/{clawback_id}/receipt",     "登记追回贴息到账",    "record a claw-back receipt")
ADJUSTMENT   = Instead("/ledger/adjustments",                  "手工调整",            "adjust by hand")

APART, CALENDAR, RECORDED, STANDS, LATEST_FIRST = Replay
CLOSED, RENEWED, COMPENSATED, WRITTEN_OFF = Ends
BANK, FINANCE, OF_THE_BOOK = Office

CATALOGUE: Final[Mapping[type[Event], CatalogueRow]] = {
    # event
    #   摘要                                                    summary
    #   replay        ends         payer        natural key                       undone by
    e.LoanDisbursed:         CatalogueRow(
        "发放贷款",                                             "loan paid out",
        APART,        None,        None,        None,                             ByHand("disbursement", BANK)),
    e.InterestBilled:        CatalogueRow(
        "结息（{period_start} 至 {effective_on}，算头不算尾）", "interest {period_start} to {effective_on}, exclusive",
        CALENDAR,     None,        None,        "interest/{loan}/{effective_on}", REPAYMENT),
    e.RepaymentReceived:     CatalogueRow(
        "收回贷款",                                             "loan repaid",
        RECORDED,     CLOSED,      "{payer}",   None,                             ByHand("repayment", BANK)),
    e.CreditApplied:         CatalogueRow(
        "暂收款抵还贷款",                                       "borrower credit used on the loan",
        CALENDAR,     CLOSED,      "credit",    "credit/{loan}/{effective_on}",   REPAYMENT),
    e.CreditRefunded:        CatalogueRow(
        "退还暂收款",                                           "borrower credit handed back",
        RECORDED,     None,        None,        None,                             REPAYMENT),
    e.PrincipalOverdue:      CatalogueRow(
        "到期未还本金转入逾期贷款",                             "principal unpaid at maturity transferred to overdue",
        CALENDAR,     None,        None,        "overdue/{loan}/{effective_on}",  REPAYMENT),
    e.LoanExtended:          CatalogueRow(
        "展期 {months} 个月，到期日改为 {due_on}",              "extended by {months} months, due on {due_on}",
        STANDS,       None,        None,        None,                             RENEWAL),
    e.MisuseFound:           CatalogueRow(
        "认定挪用（{found_on} 认定）",                          "misuse found on {found_on}",
        RECORDED,     None,        None,        None,                             WAIVER),
    e.LoanRenewed:           CatalogueRow(
        "续贷，未还本金转入新贷款",                             "renewed: open principal moved to the new loan",
        STANDS,       RENEWED,     None,        None,                             RENEWAL),
    e.PenaltyWaived:         CatalogueRow(
        "减免罚息、复利",                                       "penalty and compound interest waived",
        RECORDED,     CLOSED,      "waiver",    None,                             ADJUSTMENT),
    e.LoanWrittenOff:        CatalogueRow(
        "核销贷款",                                             "loan written off",
        STANDS,       WRITTEN_OFF, "write_off", None,                             REPAYMENT),
    e.InsuranceReceived:     CatalogueRow(
        "收到保险赔款（保单 {policy_no}）",                     "insurer's share received, policy {policy_no}",
        STANDS,       CLOSED,      "insurer",   None,                             ADJUSTMENT),

    e.FundPlanApproved:      CatalogueRow(
        "批准缓释金计划",                                       "fund plan approved",
        APART,        None,        None,        None,                             LATER_PLAN),
    e.FundAppropriated:      CatalogueRow(
        "市级缓释金拨付到县",                                   "city's money appropriated to the county",
        APART,        None,        None,        None,                             ByHand("fund_step", FINANCE)),
    e.FundDeposited:         CatalogueRow(
        "缓释金缴存专户",                                       "money deposited in the fund account",
        APART,        None,        None,        None,                             ByHand("fund_step", FINANCE)),
    e.CountyFundContributed: CatalogueRow(
        "县级自筹资金缴存专户",                                 "county's own money deposited in the fund account",
        APART,        None,        None,        None,                             ADJUSTMENT),
    e.FundInterestCredited:  CatalogueRow(
        "专户存款利息",                                         "interest credited to the fund account",
        APART,        None,        None,        None,                             ByHand("entry", FINANCE)),
    e.ClaimPaid:             CatalogueRow(
        "风险缓释基金代偿贷款",                                 "loan compensated by the fund",
        LATEST_FIRST, COMPENSATED, "fund",      None,                             ByHand("claim_payment", FINANCE)),
    e.RecoveryReceived:      CatalogueRow(
        "收到代偿贷款追回款",                                   "money recovered on the compensated loan",
        LATEST_FIRST, None,        None,        None,                             ByHand("recovery", BANK)),
    e.RecoveryRemitted:      CatalogueRow(
        "追回款缴回专户",                                       "recovery remitted to the fund account",
        LATEST_FIRST, None,        None,        None,                             ByHand("remittance", BANK)),
    e.RecoveryRetained:      CatalogueRow(
        "追回款留归银行抵还贷款",                               "bank's part of the recovery used on the loan",
        LATEST_FIRST, CLOSED,      "recovery",  None,                             RECOVERY),
    e.SuspenseRecorded:      CatalogueRow(
        "多缴追回款挂账待处理",                                 "surplus money put in suspense",
        APART,        None,        None,        None,                             RELEASE),
    e.SuspenseReleased:      CatalogueRow(
        "挂账款退出",                                           "money released from suspense",
        APART,        None,        None,        None,                             SUSPENSE),
    e.CountyShareReceived:   CatalogueRow(
        "收到县级分担款",                                       "county's share of losses received",
        APART,        None,        None,        None,                             ByHand("county_share", FINANCE)),
    e.CountyShareReturned:   CatalogueRow(
        "退还县级预缴分担款",                                   "county's prepayment of losses returned",
        APART,        None,        None,        None,                             COUNTY_SHARE),
    e.RecourseClosed:        CatalogueRow(
        "追偿终结，转销应收代偿追偿款",                         "recourse closed: nothing more to come",
        LATEST_FIRST, CLOSED,      None,        None,                             ByHand("closing", FINANCE)),
    e.FundResultClosed:      CatalogueRow(
        "结转基金利息收入和代偿损失",                           "fund's interest and losses closed into the fund",
        APART,        None,        None,        None,                             ADJUSTMENT),
    e.FundReturned:          CatalogueRow(
        "清退基金",                                             "fund account wound down and its money returned",
        APART,        None,        None,        None,                             ADJUSTMENT),

    e.SubsidyApproved:       CatalogueRow(
        "核准贴息",                                             "interest subsidy approved",
        APART,        None,        None,        "subsidy/{line}/approved",        BATCH_RETURN),
    e.SubsidyPaid:           CatalogueRow(
        "拨付贴息",                                             "interest subsidy paid",
        APART,        None,        None,        "subsidy/{line}/paid",            CLAWBACK),
    e.ClawbackRaised:        CatalogueRow(
        "应追回贴息",                                           "interest subsidy to be paid back",
        APART,        None,        None,        None,                             NEXT_BATCH),
    e.ClawbackReceived:      CatalogueRow(
        "追回贴息到账",                                         "interest subsidy paid back",
        APART,        None,        None,        None,                             ADJUSTMENT),

    e.EventReversed:         CatalogueRow(
        "红字冲销（原业务 {reverses}）",                        "reversal of event {reverses}",
        APART,        None,        None,        None,                             ADJUSTMENT),
    e.ManualAdjustment:      CatalogueRow(
        "手工调整分录",                                         "manual adjustment",
        APART,        None,        None,        None,                             ByHand("entry", OF_THE_BOOK)),
}
# fmt: on
assert not (_MISSING := TYPES.keys() - {kind.__name__ for kind in CATALOGUE}), f"not in the catalogue: {_MISSING}"


def events_where(holds: Callable[[CatalogueRow], bool]) -> tuple[type[Event], ...]:
    """Return the events whose rows fulfil a condition, in the order of the catalogue."""
    return tuple(kind for kind, row in CATALOGUE.items() if holds(row))


def by_calendar(event: Event) -> bool:
    """Return whether a calendar day caused an event, rather than an operation or a person."""
    return CATALOGUE[type(event)].replay is Replay.CALENDAR and not _cause(event)


def key_of(event: Event) -> str | None:
    """Return an event's natural key.

    The natural key is None for an event without a natural key, and for an interest bill that an operation caused.
    """
    compiled = _KEYS.get(type(event))
    if compiled is None or _cause(event):
        return None
    text, fields_of = compiled
    return text % fields_of(event)


# A quarter's run builds one key for each loan, and the % operator takes half the time of str.format.
_BRACES = re.compile(r"{(\w+)}")
_KEYS = {
    kind: (_BRACES.sub("%s", row.key), attrgetter(*_BRACES.findall(row.key)))
    for kind, row in CATALOGUE.items()
    if row.key is not None
}


def key_from(kind: type[Event], **fields: object) -> str:
    """Return the natural key of an event of a kind with the given fields; the kind must have a natural key."""
    key = CATALOGUE[kind].key
    assert key is not None, f"{kind.__name__} has no natural key"
    return key.format(**fields)


def payer_of(event: Event) -> str:
    """Return the party whose money an event applied to interest bills (4.3); the event must be of a kind that pays
    bills.
    """
    payer = CATALOGUE[type(event)].payer
    assert payer is not None, f"{type(event).__name__} pays no settlement lines"
    return _filled(payer, event)


def summary_of(event: Event, language: str) -> str:
    """Return the summary (摘要) of an event's vouchers, in `zh` or `en`."""
    row = CATALOGUE[type(event)]
    return _filled(row.summary_zh if language == "zh" else row.summary_en, event)


def _cause(event: Event) -> str:
    """Return the operation that caused an interest bill; return "" where a calendar day caused the bill, and for other
    events.
    """
    cause: str = getattr(event, "cause", "")
    return cause


class _Fields:
    """The fields of an event by name, to fill the braces of a template."""

    __slots__ = ("_event",)

    def __init__(self, event: Event) -> None:
        self._event = event

    def __getitem__(self, name: str) -> Any:
        return getattr(self._event, name)


def _filled(template: str, event: Event) -> str:
    return template.format_map(_Fields(event))
