"""The shapes of requests and answers about the fund's plans, steps, accounts and statements."""

from datetime import date

from marshmallow.fields import Dict, Integer, List, Nested, String
from marshmallow.validate import Length

from api.core import edge
from api.core.clocks import ClockAnswer, ClockQuery
from api.core.fields import Choice, Code, Day, Id, Identifier, QuarterField, Rate, Text, Whole, Yuan
from api.core.schemas import Answer, Body, Query
from ledger.statuses import PlanStatus

ROWS_MAX = 500


class FundPlanBody(Body):
    """额度计划"""

    quarter = QuarterField(required=True)
    on = Day(load_default=edge.today)


class FundPartBody(Body):
    """The amount of one bank and county in a step of a fund plan."""

    county = Code(required=True)
    bank = Code(required=True)
    amount = Yuan(required=True)
    slip_no = Identifier(most=60, load_default="")
    source = Choice("city", "county", load_default=None, allow_none=True)


class FundStepBody(Body):
    """批准、拨付、缴存: without lines, the step covers everything that is outstanding."""

    on = Day(load_default=edge.today)
    lines = List(Nested(FundPartBody), load_default=None, allow_none=True, validate=Length(max=ROWS_MAX))


class PlanLineAnswer(Answer):
    """The line of one bank and county in a fund plan."""

    county = String(required=True)
    bank = String(required=True)
    source = String(required=True)
    issued = Yuan(required=True)
    issued_cumulative = Yuan(required=True)
    required_cumulative = Yuan(required=True)
    contributed_cumulative = Yuan(required=True)
    due = Yuan(required=True)
    outstanding = Dict(keys=String(), values=Yuan(), required=True)


class PlanAnswer(Answer):
    """额度计划"""

    id = Id(required=True)
    kind = String(required=True)
    quarter = String(required=True)
    status = String(required=True)
    made_by = String(required=True)
    made_on = Day(required=True)
    lines = List(Nested(PlanLineAnswer), required=True)
    total = Yuan(required=True)
    outstanding = Dict(keys=String(), values=Yuan(), required=True)


class PlanQuery(Query):
    """The query of fund plans."""

    quarter = QuarterField()
    status = Choice(*PlanStatus)


class AdvanceBody(Body):
    """预拨"""

    county = Code(required=True)
    bank = Code(required=True)
    amount = Yuan(required=True)
    on = Day(load_default=edge.today)
    source = Choice("city", "county", load_default="city")


class TargetBody(Body):
    """指导任务"""

    bank = Code(required=True)
    year = Whole(least=2014, most=2100, required=True)
    amount = Yuan(required=True)


class TargetAnswer(Answer):
    """指导任务"""

    bank = String(required=True)
    year = Integer(required=True)
    amount = Yuan(required=True, attribute="fen")


class FundAccountAnswer(Answer):
    """专户"""

    county = String(required=True)
    bank = String(required=True)
    balance = Yuan(required=True)
    contributed = Yuan(required=True)
    issued = Yuan(required=True)
    in_transit = Yuan(required=True)
    queued = Yuan(required=True)
    multiple = Rate(required=True)
    head_room = Yuan(required=True)


class FundAccountQuery(ClockQuery):
    """The query of fund accounts."""

    county = Code()
    bank = Code()


class FundMovementAnswer(Answer):
    """The movement of a fund account by one event."""

    event_id = Id(required=True)
    kind = String(required=True)
    effective_on = Day(required=True)
    document = String(required=True)
    amount = Yuan(required=True, attribute="moved")


class FundStatementQuery(ClockQuery):
    """The period of a statement, from the day `from` to the day `to`, both included; `to` overrides as_of."""

    start = Day(data_key="from", load_default=date(2014, 1, 1))
    to = Day(load_default=None, allow_none=True)


class FundStatementAnswer(ClockAnswer):
    """对账单"""

    county = String(required=True)
    bank = String(required=True)
    start = Day(required=True, data_key="from")
    to = Day(required=True)
    opening = Yuan(required=True)
    movements = List(Nested(FundMovementAnswer), required=True)
    closing = Yuan(required=True)
    in_transit = Yuan(required=True)
    queued = Yuan(required=True)
    head_room = Yuan(required=True)
    multiple = Rate(required=True)


class FundReceiptBody(Body):
    """到账"""

    amount = Yuan(required=True)
    on = Day(load_default=edge.today)
    slip_no = Identifier(most=60, required=True)


class FundReceiptAnswer(Answer):
    """到账"""

    event_id = Id(required=True)


class ReconciliationBody(FundReceiptBody):
    """对账: `amount` is the closing balance of the quarter in the bank's statement."""

    quarter = QuarterField(load_default=None, allow_none=True)
    explanation = Text(most=500, least=0, load_default="")


class ReconciliationAnswer(Answer):
    """对账"""

    id = Id(required=True)
    quarter = String(required=True)
    bank_balance = Yuan(required=True, attribute="bank_fen")
    book_balance = Yuan(required=True, attribute="book_fen")
    difference = Yuan(required=True)


class FundReturnBody(Body):
    """清退"""

    on = Day(load_default=edge.today)
    slip_no = Identifier(most=60, load_default="")
    reason = Text(most=500, least=0, load_default="")


class IdleAnswer(Answer):
    """资金沉淀"""

    county = String(required=True)
    bank = String(required=True)
    balance = Yuan(required=True)
    open_loans = Yuan(required=True)
    needed = Yuan(required=True)
    cover = Rate(required=True, allow_none=True)
