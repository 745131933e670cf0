"""Reports (报表): the portfolio and what was issued, as of any day and as known at any moment."""

from marshmallow.fields import Integer, Nested, String
from sqlalchemy.orm import Session

from api import edge
from api.clocks import ClockQuery
from api.fields import Choice, Code, Day, QuarterField, Rate, Truth, Yuan
from api.routes import Blueprint
from api.schemas import Answer
from ledger.balances import Clocks
from ledger.dates import Quarter
from ledger.reports import issuance
from ledger.reports.issuance import Issuance
from ledger.reports.portfolio import Portfolio, portfolio, together

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
        row for row in portfolio(session, clocks, named, bank)
        if edge.person().scope.has(bank=row.bank, county=row.county)
    ]  # fmt: skip
    if by == "account":
        return rows
    if by == "city":
        return [together(rows)]
    names = sorted({getattr(row, by) for row in rows})
    return [together((row for row in rows if getattr(row, by) == name), **{by: name}) for name in names]


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
        row for row in issuance.issuance(session, clocks, quarter, named, bank)
        if edge.person().scope.has(bank=row.bank, county=row.county)
    ]  # fmt: skip
    if by == "account":
        return rows
    if by == "city":
        return [issuance.together(rows)] if rows else []
    names = sorted({getattr(row, by) for row in rows})
    return [issuance.together((row for row in rows if getattr(row, by) == name), **{by: name}) for name in names]
