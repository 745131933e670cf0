"""The shapes of queries and answers about accounts, balances, vouchers and events."""

from marshmallow.fields import Dict, Integer, List, Nested, String

from api.core.clocks import ClockAnswer, ClockQuery
from api.core.fields import Choice, Code, Day, Id, Moment, Truth, Yuan
from api.core.schemas import Answer
from ledger.chart import Kind, Side

AMOUNT = {"required": True, "zero": True, "negative": True}


class BookQuery(ClockQuery):
    book = Code()


class BalanceQuery(ClockQuery):
    """余额查询: the balances of one loan, or by book, account, county and bank."""

    book = Code()
    account = Code()
    county = Code()
    bank = Code()
    loan = Id()


class TrialBalanceQuery(ClockQuery):
    """试算平衡表查询: turnover is counted from the day `from`, or from the beginning of the book."""

    book = Code(required=True)
    county = Code()
    bank = Code()
    start = Day(data_key="from")


class EntryQuery(BalanceQuery):
    """凭证查询: the days `from` and `to` are both included."""

    start = Day(data_key="from")
    end = Day(data_key="to")


class AccountAnswer(Answer):
    """科目"""

    kind = Choice(*Kind, required=True)
    account = Code(required=True)
    name = String(required=True)
    name_zh = String(required=True)
    side = Choice(*Side, required=True)
    sub_ledger = Choice("none", "county", "bank", "loan", required=True)


class BalanceAnswer(Answer):
    """余额: the balance of an account, positive on its normal side."""

    book = Code(required=True)
    account = Code(required=True)
    name = String(required=True)
    name_zh = String(required=True)
    side = Choice(*Side, required=True)
    county = Code(required=True)
    bank = Code(required=True)
    loan_id = Id(required=True, allow_none=True)
    balance = Yuan(**AMOUNT)


class TrialBalanceRow(Answer):
    """A row of the trial balance; opening and closing balances are positive on the normal side of the account."""

    account = Code(required=True)
    name = String(required=True)
    name_zh = String(required=True)
    side = Choice(*Side, required=True)
    opening = Yuan(**AMOUNT)
    debit = Yuan(**AMOUNT)
    credit = Yuan(**AMOUNT)
    closing = Yuan(**AMOUNT)


class TrialBalanceAnswer(ClockAnswer):
    """试算平衡表; the totals are sums of closing balances by normal side."""

    book = Code(required=True)
    rows = List(Nested(TrialBalanceRow), required=True)
    debit_total = Yuan(**AMOUNT)
    credit_total = Yuan(**AMOUNT)


class EntryRow(Answer):
    """记账凭证; `number` is given when the month of the voucher is closed."""

    id = Id(required=True)
    book = Code(required=True)
    number = Integer(required=True, allow_none=True)
    print_number = String(required=True)
    effective_on = Day(required=True)
    recorded_at = Moment(required=True)
    event_id = Id(required=True)
    kind = String(required=True)
    county = Code(required=True)
    bank = Code(required=True)
    loan_id = Id(required=True, allow_none=True)
    red = Truth(required=True)
    reverses_id = Id(required=True, allow_none=True)
    total = Yuan(**AMOUNT)
    made_by = String(required=True)
    checked_by = String(required=True, allow_none=True)
    document = String(required=True)
    reason = String(required=True)


class EntryLine(Answer):
    """分录: the sum of the postings of one account and side of a voucher."""

    number = Integer(required=True)
    account = Code(required=True)
    name = String(required=True)
    name_zh = String(required=True)
    debit = Yuan(allow_none=True, **AMOUNT)
    credit = Yuan(allow_none=True, **AMOUNT)


class PostingAnswer(Answer):
    """A posting as the journal stores it."""

    number = Integer(required=True)
    debit = Code(required=True)
    credit = Code(required=True)
    amount = Yuan(**AMOUNT)
    loan_id = Id(required=True, allow_none=True)


class DocumentFile(Answer):
    """A stored file that a voucher names as its document."""

    id = Id(required=True)
    name = String(required=True)


class Voucher(EntryRow):
    """记账凭证 with its lines; `attachments` are the stored files of its document."""

    lines = List(Nested(EntryLine), required=True)
    postings = List(Nested(PostingAnswer), required=True)
    attachments = List(Nested(DocumentFile), required=True)
    hash = String(required=True)


class EntryAnswer(Voucher, ClockAnswer):
    """A voucher (记账凭证) as of the two clocks of the query."""


class EventAnswer(ClockAnswer):
    """业务事件; `content` contains the fields of the kind of event."""

    id = Id(required=True)
    kind = String(required=True)
    effective_on = Day(required=True)
    recorded_at = Moment(required=True)
    county = Code(required=True)
    bank = Code(required=True)
    loan_id = Id(required=True, allow_none=True)
    made_by = String(required=True)
    checked_by = String(required=True, allow_none=True)
    document = String(required=True)
    reason = String(required=True)
    origin = String(required=True)
    key = String(required=True, allow_none=True)
    reverses_id = Id(required=True, allow_none=True)
    reversed_by_id = Id(required=True, allow_none=True)
    content = Dict(required=True)
    entries = List(Nested(Voucher), required=True)
