"""Reports (报表): the portfolio, what was issued, what is due by when; as of any day and as known at any moment."""

from typing import Any

from marshmallow.fields import Integer, Nested, String
from sqlalchemy.orm import Session

from api.core import edge
from api.core.clocks import ClockQuery
from api.core.fields import Choice, Code, Day, Id, QuarterField, Rate, Truth, Yuan
from api.core.routes import Blueprint
from api.core.schemas import Answer
from api.core.scope import Within
from api.core.summaries import added_up
from ledger.balances import Clocks
from ledger.dates import Quarter
from ledger.reports.deadlines.duties import OFFICES, WHATS
from ledger.reports.deadlines.overview import OUTSTANDING, STATES, Deadline, deadlines
from ledger.reports.fund import issuance
from ledger.reports.fund.issuance import Issuance
from ledger.reports.lending.portfolio import Portfolio, portfolio, together

blueprint = Blueprint("reports", "/reports", "报表: what the books say, as of any day")


class PortfolioQuery(ClockQuery):
    """Which part of the portfolio, and by what it is added up"""

    county = Code()
    bank = Code()
    by = Choice("account", "county", "bank", "city", load_default="account")


class PortfolioAnswer(Answer):
    """贷款资产情况: open principal, overdue ageing, five grades, shares and leverage"""

    county = String(required=True)
    bank = String(required=True)
    loans = Integer(required=True)
    principal = Yuan(required=True)
    households = Yuan(required=True)
    organisations = Yuan(required=True)
    overdue_1_30 = Yuan(required=True)
    overdue_31_90 = Yuan(required=True)
    overdue_91_180 = Yuan(required=True)
    overdue_181_360 = Yuan(required=True)
    overdue_over_360 = Yuan(required=True)
    normal = Yuan(required=True)
    special_mention = Yuan(required=True)
    substandard = Yuan(required=True)
    doubtful = Yuan(required=True)
    loss = Yuan(required=True)
    npl = Yuan(required=True)
    npl_rate = Rate(required=True, allow_none=True)
    compensated = Yuan(required=True)
    issued = Yuan(required=True)
    household_share = Rate(required=True, allow_none=True)
    household_share_issued = Rate(required=True, allow_none=True)
    contributed = Yuan(required=True)
    leverage = Rate(required=True, allow_none=True)


@blueprint.listing("/portfolio", row=PortfolioAnswer, asks=PortfolioQuery)
def portfolio_of(
    session: Session, clocks: Clocks, by: str, county: str | None = None, bank: str | None = None
) -> list[Portfolio]:
    """贷款资产情况 by account, or added up by county, by bank or for the city."""
    named = None if county is None else edge.county(session, county)
    rows = [
        row
        for row in portfolio(session, clocks, named, bank)
        if edge.person().scope.has(bank=row.bank, county=row.county)
    ]
    return added_up(rows, by, together)


class IssuanceQuery(ClockQuery):
    """Which quarter, which part of it, and by what it is added up"""

    quarter = QuarterField(required=True)
    county = Code()
    bank = Code()
    by = Choice("account", "county", "bank", "city", load_default="account")


class ReportedAnswer(Answer):
    """上报情况: the version last submitted"""

    version = Integer(required=True)
    submitted_on = Day(required=True)
    late = Truth(required=True)
    issued_cumulative = Yuan(required=True, attribute="cumulative")


class IssuanceAnswer(Answer):
    """放款情况: issued in the quarter and through it, and how that compares with what the bank reported"""

    county = String(required=True)
    bank = String(required=True)
    households = Integer(required=True)
    households_issued = Yuan(required=True)
    organisations = Integer(required=True)
    organisations_issued = Yuan(required=True)
    issued = Yuan(required=True)
    issued_cumulative = Yuan(required=True, attribute="cumulative")
    due_by = Day(required=True)
    reported = Nested(ReportedAnswer, required=True, allow_none=True)
    reported_difference = Yuan(required=True, allow_none=True)


@blueprint.listing("/issuance", row=IssuanceAnswer, asks=IssuanceQuery)
def issued_in(
    session: Session, clocks: Clocks, quarter: Quarter, by: str, county: str | None = None, bank: str | None = None
) -> list[Issuance]:
    """放款情况汇总 of a quarter by account, or added up by county, by bank or for the city."""
    named = None if county is None else edge.county(session, county)
    rows = [
        row
        for row in issuance.issuance(session, clocks, quarter, named, bank)
        if edge.person().scope.has(bank=row.bank, county=row.county)
    ]
    return added_up(rows, by, issuance.together) if rows else []


class DeadlineQuery(ClockQuery):
    """Whose deadlines, of what, and how they stand; `outstanding` (the default) is `open` and `late`"""

    county = Code()
    bank = Code()
    office = Choice(*OFFICES)
    what = Choice(*WHATS)
    state = Choice("outstanding", "all", *STATES, load_default="outstanding")


class DeadlineAnswer(Answer):
    """时限: what an office owes by a day; `days` are left to it, or late where below zero.

    `county` is null for a sheet, which is its bank's as a whole. Of `items` things (notices of one day together)
    `open` are not done; `done_on` is the day on which the last was. `provisional`: the year's calendar is not there.
    """

    what = Choice(*WHATS, required=True)
    title = String(required=True)
    rule = String(required=True)
    office = Choice(*OFFICES, required=True)
    bank = String(required=True)
    county = String(required=True, allow_none=True)
    subject = String(required=True)
    subject_id = Id(required=True, allow_none=True)
    due_on = Day(required=True)
    provisional = Truth(required=True)
    items = Integer(required=True)
    open = Integer(required=True)
    done_on = Day(required=True, allow_none=True)
    days = Integer(required=True)
    state = Choice(*STATES, required=True)


_TITLES = {
    "issuance_report": "上报放款情况汇总表",
    "subsidy_list": "上报贴息名单",
    "subsidy_payment": "审核拨付贴息",
    "recovery_remittance": "追回款缴回专户",
    "import_confirmation": "复核导入",
    "notice_delivery": "送达催收通知书",
}


@blueprint.listing("/deadlines", row=DeadlineAnswer, asks=DeadlineQuery)
def due_by(
    session: Session, clocks: Clocks, state: str, county: str | None = None, bank: str | None = None, **only: str
) -> list[dict[str, Any]]:
    """时限一览: what the asker's offices owe, the earliest first; working days follow the published calendar (调休)."""
    within = edge.within(session, bank=bank, county=county)
    states = {"outstanding": OUTSTANDING, "all": STATES}.get(state) or tuple(each for each in STATES if each == state)
    return [
        _deadline(each)
        for each in deadlines(session, clocks, states)
        if _shown(each, within) and all(getattr(each.owed, name) == value for name, value in only.items())
    ]


def _shown(deadline: Deadline, within: Within) -> bool:
    """A county's office is not shown what a bank owes as a whole."""
    owed = deadline.owed
    if within.bank is not None and owed.bank != within.bank:
        return False
    if owed.county is None:
        return within.counties is None or edge.person().scope.bank is not None
    return within.counties is None or owed.county in within.counties


def _deadline(deadline: Deadline) -> dict[str, Any]:
    owed = deadline.owed
    told = {name: getattr(owed, name) for name in DeadlineAnswer().dump_fields if hasattr(owed, name)}
    return told | {"title": _TITLES[owed.what], "state": deadline.state, "days": deadline.days}
