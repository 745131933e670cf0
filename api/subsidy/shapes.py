"""The shapes of requests and answers about subsidy batches, public lists, claw-backs and the subsidy report."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema
from marshmallow.fields import Integer, List, Nested, String
from marshmallow.validate import Length

from api.core.clocks import ClockQuery
from api.core.fields import Choice, Code, Day, Flag, Id, Moment, Rate, Shaped, Text, Truth, Yuan
from api.core.schemas import Answer, Body, Query
from api.core.shapes import OnBody
from ledger.labels import Said
from ledger.statuses import BatchStatus

LINES_MAX = 10_000
CYCLES = ("quarter", "year")


class PeriodField(Shaped):
    """A field for a period, which is a quarter, written `2016Q2`, or a year, written `2016`."""

    openapi: Mapping[str, Any] = {"type": "string", "pattern": "^(19|20|21)[0-9]{2}(Q[1-4])?$", "example": "2016Q2"}
    pattern = re.compile(r"(19|20|21)[0-9]{2}(Q[1-4])?", re.ASCII)
    wanted = Said("Not a quarter written 2016Q2, nor a year written 2016.", "须为季度（2016Q2）或年度（2016）")


class BatchBody(OnBody):
    """The bank, county and period of a batch (贴息批次) to be drafted."""

    bank = Code(required=True)
    county = Code(required=True)
    cycle = Choice(*CYCLES, required=True)
    period = PeriodField(required=True)

    @validates_schema(skip_on_field_errors=True)
    def fits(self, body: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError for a quarter if the cycle is `year`, and for a year if the cycle is `quarter`."""
        if ("Q" in body["period"]) != (body["cycle"] == "quarter"):
            wanted = Said("A quarter belongs to the cycle quarter, a year to the cycle year.", "季度、年度须与周期一致")
            raise ValidationError([wanted], "period")


class RejectedBody(Body):
    """A line that is not approved, with the reason."""

    line_id = Id(required=True)
    reason = Text(most=500, required=True)


class BatchApprovalBody(OnBody):
    """The approval of a batch (核准), with the lines rejected."""

    rejected = List(Nested(RejectedBody), load_default=list, validate=Length(max=LINES_MAX))


class BatchReturnBody(OnBody):
    """The return of a batch (退回), or of only the lines named."""

    reason = Text(most=500, required=True)
    lines = List(Id(), load_default=list, validate=Length(max=LINES_MAX))


class BatchAnswer(Answer):
    """A subsidy batch (贴息批次)."""

    id = Id(required=True)
    bank = String(required=True)
    county = String(required=True)
    cycle = String(required=True)
    period = String(required=True)
    status = String(required=True)
    cut_off = Day(required=True)
    submit_by = Day(required=True)
    late = Truth(required=True)
    pay_by = Day(required=True, allow_none=True)
    pay_by_provisional = Truth(required=True)
    drafted_by = String(required=True)
    drafted_on = Day(required=True)
    refreshed_on = Day(required=True)
    submitted_by = String(required=True, allow_none=True)
    submitted_on = Day(required=True, allow_none=True)
    submitted_recorded_on = Day(required=True, allow_none=True)
    approved_by = String(required=True, allow_none=True)
    approved_on = Day(required=True, allow_none=True)
    verified_by = String(required=True, allow_none=True)
    verified_on = Day(required=True, allow_none=True)
    paid_by = String(required=True, allow_none=True)
    paid_on = Day(required=True, allow_none=True)
    return_reason = String(required=True, allow_none=True)
    line_count = Integer(required=True)
    rebilled_count = Integer(required=True)
    total = Yuan(required=True)


class SubsidyLineAnswer(Answer):
    """A line of a subsidy batch (贴息明细)."""

    id = Id(required=True)
    loan_id = Id(required=True)
    contract_no = String(required=True)
    borrower = String(required=True)
    line_ids = List(String(), required=True)
    kind = String(required=True)
    period = String(required=True)
    period_start = Day(required=True)
    period_end = Day(required=True)
    days = Integer(required=True)
    interest = Yuan(required=True)
    eligible = Yuan(required=True)
    share = Rate(required=True)
    subsidy = Yuan(required=True)
    of_line_id = Id(required=True, allow_none=True)
    status = String(required=True)
    rebilled = Truth(required=True)
    reason = String(required=True, allow_none=True)


class SubsidyChangeAnswer(Answer):
    """A step in the history of a batch or of one line."""

    step = String(required=True)
    line_id = Id(required=True, allow_none=True)
    from_status = String(required=True)
    to_status = String(required=True)
    on = Day(required=True)
    by = String(required=True)
    reason = String(required=True)
    recorded_at = Moment(required=True)


class BatchDetailAnswer(BatchAnswer):
    """A subsidy batch (贴息批次) with its lines and its history."""

    lines = List(Nested(SubsidyLineAnswer), required=True)
    history = List(Nested(SubsidyChangeAnswer), required=True)


class BatchQuery(Query):
    """The filters of the list of batches."""

    bank = Code()
    county = Code()
    cycle = Choice(*CYCLES)
    period = PeriodField()
    status = Choice(*BatchStatus)


class PublicLineAnswer(Answer):
    """A row of the public list (公示名单)."""

    name = String(required=True)
    town = String(required=True)
    village = String(required=True)
    kind = String(required=True)
    period = String(required=True)
    period_start = Day(required=True)
    period_end = Day(required=True)
    days = Integer(required=True)
    interest = Yuan(required=True)
    subsidy = Yuan(required=True)


class ClawbackAnswer(Answer):
    """A claw-back (应追回贴息)."""

    id = Id(required=True)
    loan_id = Id(required=True)
    batch_id = Id(required=True)
    line_id = Id(required=True)
    bank = String(required=True)
    county = String(required=True)
    amount = Yuan(required=True)
    received = Yuan(required=True)
    outstanding = Yuan(required=True)
    raised_on = Day(required=True)
    raised_by = String(required=True)
    reason = String(required=True)


class ClawbackQuery(Query):
    """The filters of the list of claw-backs; `open` selects those not yet collected in full."""

    bank = Code()
    county = Code()
    loan = Id()
    batch = Id()
    open = Flag()


class ClawbackReceiptBody(OnBody):
    """A receipt on a claw-back (追回贴息到账)."""

    amount = Yuan(required=True)


class SubsidyReportQuery(ClockQuery):
    """The filters of the subsidy report; without `from`, turnover counts from the first entry on."""

    start = Day(data_key="from", load_default=None, allow_none=True)
    county = Code()
    bank = Code()


class SubsidyRowAnswer(Answer):
    """The subsidies of one county through one bank (贴息情况)."""

    county = String(required=True)
    bank = String(required=True)
    households = Yuan(required=True)
    organisations = Yuan(required=True)
    approved = Yuan(required=True)
    paid = Yuan(required=True)
    payable = Yuan(required=True)
    clawback_raised = Yuan(required=True)
    clawback_received = Yuan(required=True)
    clawback_outstanding = Yuan(required=True)
