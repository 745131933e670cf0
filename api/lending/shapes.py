"""The shapes of requests and answers about loans, interest bills, statements and pay-off quotes."""

import re
from typing import Any

from marshmallow.fields import Dict, Integer, List, Nested, String

from api.core import edge
from api.core.clocks import ClockQuery
from api.core.fields import Choice, Code, Day, Flag, Id, Identifier, Moment, Rate, Shaped, Text, Truth, Whole, Yuan
from api.core.messages import language
from api.core.schemas import Answer, Body, Query
from ledger.errors import Refusal
from ledger.labels import Said
from ledger.statuses import LoanStatus

TERM_MAX = 600
SECURITIES = ("credit", "guarantee", "collateral")


class Word(Shaped):
    """A word in lower case that the scheme defines, such as `village_committee`."""

    pattern = re.compile(r"[a-z_]{1,40}", re.ASCII)
    wanted = Said("A word of the scheme in small letters.", "须为方案中的英文小写名称")


class LoanBody(Body):
    """贷款登记"""

    contract_no = Identifier(most=60, required=True)
    scheme = Code(required=True)
    bank = Code(required=True)
    county = Code(required=True)
    household_id = Id(allow_none=True, load_default=None)
    organisation_id = Id(allow_none=True, load_default=None)
    borrower_id_card = Identifier(most=18, allow_none=True, load_default=None)
    principal = Yuan(required=True)
    annual_rate = Rate(required=True)
    term_months = Whole(least=1, most=TERM_MAX, required=True)
    signed_on = Day(required=True)
    purpose = Text(most=200, required=True)
    security = Choice(*SECURITIES, load_default="credit")
    policy_no = Identifier(most=60, allow_none=True, load_default=None)
    endorsements = List(Word(), load_default=list)
    on = Day(load_default=edge.today)


class LoanPatch(Body):
    """贷款更正: fields that are not sent are left unchanged; borrower, bank and county cannot be changed."""

    contract_no = Identifier(most=60)
    scheme = Code()
    borrower_id_card = Identifier(most=18)
    principal = Yuan()
    annual_rate = Rate()
    term_months = Whole(least=1, most=TERM_MAX)
    signed_on = Day()
    purpose = Text(most=200)
    security = Choice(*SECURITIES)
    policy_no = Identifier(most=60, allow_none=True)
    endorsements = List(Word())


class DisbursementBody(Body):
    """放款登记"""

    disbursed_on = Day(load_default=edge.today)


class LoanQuery(Query):
    """The query of loans."""

    bank = Code()
    county = Code()
    status = Choice(*LoanStatus)
    due_from = Day()
    due_to = Day()
    overdue = Flag()
    household = Id()
    organisation = Id()
    contract_no = Identifier(most=60)


class WarningAnswer(Answer):
    """A warning for the checker; a warning does not refuse the loan."""

    code = String(required=True)
    message = String(required=True)
    facts = Dict(required=True)


class WaitingAnswer(Answer):
    """A request on the loan that waits for a second person (待复核)."""

    id = Id(required=True)
    kind = String(required=True)
    made_by = String(required=True)
    made_on = Day(required=True)
    reason = String(required=True)


class LoanAnswer(Answer):
    """贷款"""

    id = Id(required=True)
    contract_no = String(required=True)
    scheme = Code(required=True)
    scheme_version = Integer(required=True)
    bank = Code(required=True)
    county = Code(required=True)
    household_id = Id(required=True, allow_none=True)
    organisation_id = Id(required=True, allow_none=True)
    borrower = String(required=True)
    id_card = String(required=True, allow_none=True)
    principal = Yuan(required=True)
    annual_rate = Rate(required=True)
    benchmark_rate = Rate(required=True)
    term_months = Integer(required=True)
    signed_on = Day(required=True)
    purpose = String(required=True)
    security = String(required=True)
    policy_no = String(required=True, allow_none=True)
    endorsements = List(String(), required=True)
    status = Choice(*LoanStatus, required=True)
    recorded_by = String(required=True)
    recorded_on = Day(required=True)
    approved_by = String(required=True, allow_none=True)
    approved_on = Day(required=True, allow_none=True)
    return_reason = String(required=True, allow_none=True)
    disbursed_by = String(required=True, allow_none=True)
    disbursed_on = Day(required=True, allow_none=True)
    original_due_on = Day(required=True, allow_none=True)
    due_on = Day(required=True, allow_none=True)
    rolled_on = Day(required=True, allow_none=True)
    due_provisional = Truth(required=True)
    extended_months = Integer(required=True)
    extended_rate = Rate(required=True, allow_none=True)
    misused_on = Day(required=True, allow_none=True)
    renews_id = Id(required=True, allow_none=True)
    first_disbursed_on = Day(required=True, allow_none=True)
    import_id = Id(required=True, allow_none=True)
    principal_open = Yuan(required=True)
    interest_open = Yuan(required=True)
    penalty_open = Yuan(required=True)
    credit = Yuan(required=True)
    paid_interest = Yuan(required=True)
    subsidised_total = Yuan(required=True)
    recourse_open = Yuan(required=True)
    queued = Yuan(required=True)
    recovered_unremitted = Yuan(required=True)
    written_off = Yuan(required=True)
    next_settlement_on = Day(required=True, allow_none=True)
    days_overdue = Integer(required=True)
    grade = String(required=True, allow_none=True)
    pending = List(Nested(WaitingAnswer), required=True)


class LoanTaken(LoanAnswer):
    """The loan after a step, with the warnings of the step."""

    warnings = List(Nested(WarningAnswer), required=True)


class LineAnswer(Answer):
    """结息单"""

    id = String(required=True)
    version = Integer(required=True)
    period_start = Day(required=True)
    period_end = Day(required=True)
    posted_on = Day(required=True)
    days = Integer(required=True)
    contract_interest = Yuan(required=True)
    penalty_interest = Yuan(required=True)
    compound_interest = Yuan(required=True)
    contract_paid = Yuan(required=True)
    paid = Yuan(required=True)
    contract_paid_on = Day(required=True, allow_none=True)
    subsidised = Yuan(required=True)


class StatementAnswer(Answer):
    """对账单的一行: one event of a loan, with the balances after the event."""

    event_id = Id(required=True)
    on = Day(required=True)
    recorded_at = Moment(required=True)
    kind = String(required=True)
    document = String(required=True)
    reason = String(required=True)
    made_by = String(required=True)
    checked_by = String(required=True, allow_none=True)
    reverses_id = Id(required=True, allow_none=True)
    cash = Yuan(required=True)
    principal = Yuan(required=True)
    interest = Yuan(required=True)
    penalty = Yuan(required=True)
    credit = Yuan(required=True)
    principal_open = Yuan(required=True)
    interest_open = Yuan(required=True)
    penalty_open = Yuan(required=True)
    credit_open = Yuan(required=True)


class StatementQuery(ClockQuery):
    """The query of a statement as of a day, as known at a moment."""


class AppliedAnswer(Answer):
    """The amounts that a repayment has paid, by component."""

    contract_interest = Yuan(required=True)
    compound_interest = Yuan(required=True)
    penalty_interest = Yuan(required=True)
    principal = Yuan(required=True)
    credit = Yuan(required=True)
    written_off = Yuan(required=True)


class RepaymentAnswer(Answer):
    """还款"""

    id = Id(required=True)
    receipt_no = String(required=True)
    amount = Yuan(required=True)
    paid_on = Day(required=True)
    received_on = Day(required=True, allow_none=True)
    channel = String(required=True)
    surplus = String(required=True)
    payer = String(required=True)
    recorded_by = String(required=True)
    event_id = Id(required=True)
    live = Truth(required=True)
    import_id = Id(required=True, allow_none=True)
    applied = Nested(AppliedAnswer, required=True)


class RepaymentBody(Body):
    """还款登记"""

    amount = Yuan(required=True)
    paid_on = Day(load_default=edge.today)
    received_on = Day(allow_none=True, load_default=None)
    channel = Text(most=20, required=True)
    receipt_no = Identifier(most=60, required=True)
    surplus = Choice("credit", "principal", load_default="credit")
    payer = Choice("borrower", "guarantor", "collateral", load_default="borrower")


class PayoffQuery(Query):
    """The day of a pay-off quote, which may be in the future."""

    on = Day(load_default=edge.today)


class PayoffAnswer(Answer):
    """结清试算: `total` is the amount that pays off the loan on the day."""

    on = Day(required=True)
    principal = Yuan(required=True)
    contract_interest = Yuan(required=True)
    penalty_interest = Yuan(required=True)
    compound_interest = Yuan(required=True)
    credit = Yuan(required=True)
    total = Yuan(required=True)


def warned(warnings: tuple[Refusal, ...]) -> list[dict[str, Any]]:
    """Return the warnings as dicts, worded in the language of the request."""
    return [{"code": warning.code, "message": warning.say(language()), "facts": warning.facts} for warning in warnings]
