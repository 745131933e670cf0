"""Reports (报表) on loans, on a quarter's issuance and on deadlines, as of any day and as known at any moment."""

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
    """The query of the portfolio: the bank and county to include, and how rows are summed."""

    county = Code()
    bank = Code()
    by = Choice("account", "county", "bank", "city", load_default="account")


class PortfolioAnswer(Answer):
    """贷款资产情况: open principal, overdue ageing, the five grades, shares and leverage."""

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
    """The query of issuance: the quarter, the bank and county to include, and how rows are summed."""

    quarter = QuarterField(required=True)
    county = Code()
    bank = Code()
    by = Choice("account", "county", "bank", "city", load_default="account")


class ReportedAnswer(Answer):
    """上报情况: the version of the report that was submitted last."""

    version = Integer(required=True)
    submitted_on = Day(required=True)
    late = Truth(required=True)
    issued_cumulative = Yuan(required=True, attribute="cumulative")


class IssuanceAnswer(Answer):
    """放款情况: loans disbursed in the quarter and up to its end, compared with the report of the bank."""

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
    """The query of deadlines; the state `outstanding` (the default) includes the states `open` and `late`."""

    county = Code()
    bank = Code()
    office = Choice(*OFFICES)
    what = Choice(*WHATS)
    state = Choice("outstanding", "all", *STATES, load_default="outstanding")


class DeadlineAnswer(Answer):
    """时限: a duty that an office has to fulfil by a day; `days` are the days left, negative where the day has passed.

    `county` is null for the confirmation of a sheet, which is a duty of the bank as a whole. A duty has `items` parts
    (for example notices of one day), of which `open` are not done; `done_on` is the day on which the last part was
    done. `provisional` tells that the calendar of the year is not published.
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
    """Return whether a user sees a deadline; an office of a county does not see duties of a whole bank."""
    owed = deadline.owed
    if within.bank is not None and owed.bank != within.bank:
        return False
    if owed.county is None:
        return within.counties is None or edge.person().scope.bank is not None
    return within.counties is None or owed.county in within.counties


def _deadline(deadline: Deadline) -> dict[str, Any]:
    owed = deadline.owed
    answer = {name: getattr(owed, name) for name in DeadlineAnswer().dump_fields if hasattr(owed, name)}
    return answer | {"title": _TITLES[owed.what], "state": deadline.state, "days": deadline.days}
