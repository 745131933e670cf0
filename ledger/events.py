"""Business events (业务事件): one frozen, dated class for each kind of event, named in the past tense.

The debits and credits of each event are in posting.py; the names, replay and reversal of each event are in
catalogue.py. Every amount is in whole fen. The field `loan` is the id of the loan where the event concerns one loan.

Later releases must be able to read events that earlier releases stored. A field added to an event class has a default
value that stands for the earlier behaviour. A stored field that the event class no longer has is ignored. An event
class is never removed or renamed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple, get_type_hints

import orjson

from ledger.chart import Kind
from ledger.money import NIL, Fen


class Applied(NamedTuple):
    """Amounts by which an event paid, waived or wrote off a settlement line (结息单) with a given first day."""

    period_start: date
    contract: Fen
    compound: Fen
    penalty: Fen


class LoanPart(NamedTuple):
    """One loan's part of an amount that is posted to several loans."""

    loan: int
    amount: Fen


class Adjusted(NamedTuple):
    """One debit and credit of a manual adjustment."""

    kind: Kind
    debit: str
    credit: str
    amount: Fen


FORMAT = 2
"""The format of the journal, stored with every event; the format decides the posting rules and the hashed columns.

Raise the format by one in a release that changes a posting rule (posting.py) or adds a column to the table of events
(journal.py).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The fields of every event: the business date, the county, the bank and, for some events, the loan."""

    effective_on: date
    county: str
    bank: str
    loan: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanDisbursed(Event):
    """放款"""

    principal: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestBilled(Event):
    """结息: one settlement line for the days [period_start, effective_on)."""

    period_start: date
    contract: Fen
    penalty: Fen
    compound: Fen
    cause: str = ""  # The operation that required the settlement line; empty where a settlement day required the line.

    @property
    def charges(self) -> Fen:
        return Fen(self.penalty + self.compound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applying(Event):
    """An event that pays interest lines and principal; `overdue_principal` is the part posted to account 130302."""

    interest: Fen = NIL
    charges: Fen = NIL
    principal: Fen = NIL
    overdue_principal: Fen = NIL
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceived(_Applying):
    """还款: a repayment, applied in the order of scheme 3.9; `payer` is one of borrower, guarantor, collateral."""

    repayment: int
    amount: Fen
    surplus: str = "credit"
    payer: str = "borrower"
    credit: Fen = NIL
    loss: Fen = NIL
    income: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditApplied(_Applying):
    """暂收款抵扣: the borrower's credit pays what is due; `cause` is the operation that used the credit, if any."""

    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRefunded(Event):
    """暂收款退还: the borrower's credit is paid back."""

    amount: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalOverdue(Event):
    """转逾期: unpaid principal becomes overdue."""

    principal: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanExtended(Event):
    """展期: the loan gets a later due day; no amounts are posted."""

    months: int
    due_on: date
    annual_rate: str
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseFound(Event):
    """认定挪用: misuse of the loan is found; the event has the first day of the misuse rate as its date and posts no
    amounts.
    """

    found_on: date
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRenewed(Event):
    """续贷: the open principal of `loan` moves to the loan `renewal` without cash."""

    renewal: int
    principal: Fen
    overdue_principal: Fen
    approval: int

    @property
    def renewed(self) -> Fen:
        return Fen(self.principal + self.overdue_principal)


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyWaived(Event):
    """减免罚息复利: penalty and compound interest are waived.

    `asked` is the requested amount, which is zero for a waiver of the whole open amount.
    """

    amount: Fen
    asked: Fen
    applied: tuple[Applied, ...]
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanWrittenOff(_Applying):
    """核销: the bank writes off the part of the loan that nobody compensates."""

    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceReceived(_Applying):
    """保险赔付: the insurer pays; an amount of zero records that the insurer refused."""

    policy_no: str
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPlanApproved(Event):
    """缓释金计划批准: a quarterly fund call or an advance is approved, with one amount for each source of the fund."""

    plan: int
    city_funded: Fen = NIL
    county_funded: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class FundAppropriated(Event):
    """市级拨付到县"""

    plan: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundDeposited(Event):
    """缴存专户"""

    plan: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyFundContributed(Event):
    """县级自筹缴存"""

    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundInterestCredited(Event):
    """专户利息入账"""

    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPaid(_Applying):
    """代偿: the fund compensates a loan; the share fields say how city and county bear the loss (scheme 6.5)."""

    claim: int
    paid: Fen
    fund_share: Fen
    county_share: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReceived(Event):
    """收到追回款"""

    recovery: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRemitted(Event):
    """追回款缴回专户"""

    recovery: int
    claim: int
    amount: Fen
    fund_share: Fen
    county_share: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRetained(_Applying):
    """追回款留归银行: the part of a recovery beyond the fund's claim stays with the bank."""

    recovery: int
    loss: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseRecorded(Event):
    """多缴追回款挂账"""

    amount: Fen
    suspense: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseReleased(Event):
    """挂账款退出"""

    amount: Fen
    suspense: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyShareReceived(Event):
    """收到县级分担款"""

    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CountyShareReturned(Event):
    """退还县级预缴分担款"""

    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RecourseClosed(Event):
    """追偿终结: recovery of a compensated loan ends, since no more money is expected."""

    claim: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundResultClosed(Event):
    """基金损益结转: the fund's interest and losses are closed to its capital before the money is returned."""

    interest_to_city: Fen = NIL
    interest_to_county: Fen = NIL
    losses_of_city: tuple[LoanPart, ...] = ()
    losses_of_county: tuple[LoanPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FundReturned(Event):
    """基金清退"""

    to_city: Fen = NIL
    to_county: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyApproved(Event):
    """贴息核准: the subsidy of one loan in a batch is approved."""

    batch: int
    line: int
    households: Fen = NIL
    organisations: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsidyPaid(Event):
    """贴息拨付"""

    batch: int
    line: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackRaised(Event):
    """应追回贴息"""

    clawback: int
    households: Fen = NIL
    organisations: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawbackReceived(Event):
    """追回贴息到账"""

    clawback: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReversed(Event):
    """红字冲销: an event is reversed once, by entries on the event's accounts and sides with negative amounts."""

    reverses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualAdjustment(Event):
    """手工调整: an adjustment that one person requests and another approves, with reason and document.

    Audit reports list adjustments apart from other events.
    """

    rows: tuple[Adjusted, ...]
    approval: int


_BASE = {field.name for field in fields(Event)}


def _subclasses(kind: type[Event]) -> list[type[Event]]:
    return [heir for child in kind.__subclasses__() for heir in (child, *_subclasses(child))]


TYPES: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in _subclasses(Event) if not kind.__name__.startswith("_")
}


_OWN_FIELDS: Mapping[type[Event], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _BASE) for kind in TYPES.values()
}
_HINTS: Mapping[type[Event], dict[str, Any]] = {kind: get_type_hints(kind) for kind in TYPES.values()}


def plain_json(value: object) -> object:
    """Convert a value that orjson cannot write: a named tuple to a list, a kind of date to text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"not a value of an event: {value!r}")


def payload(event: Event) -> str:
    """Return an event's own fields as compact JSON; the base fields are stored in columns of the table of events."""
    own = {name: getattr(event, name) for name in _OWN_FIELDS[type(event)]}
    return orjson.dumps(own, default=plain_json).decode()


def event_of(kind: str, base: Mapping[str, Any], text: str) -> Event:
    """Return the event that `payload` wrote as text, perhaps in an earlier release; `base` holds the base fields.

    A field missing from the text gets its default; a field that the class no longer has is ignored.
    """
    made = TYPES[kind]
    hints = _HINTS[made]
    own = {name: _read(hints[name], value) for name, value in json.loads(text).items() if name in _OWN_FIELDS[made]}
    return made(**base, **own)


def says_the_same(event: Event, text: str) -> bool:
    """Return whether an event's own fields equal those of a stored text; fields that the text lacks are ignored."""
    own: dict[str, Any] = json.loads(payload(event))
    stored: dict[str, Any] = json.loads(text)
    return all(own[name] == value for name, value in stored.items() if name in own)


def _read(hint: Any, value: Any) -> Any:
    if hint is date:
        return date.fromisoformat(value)
    if hint is Kind:
        return Kind(value)
    row = next((arg for arg in getattr(hint, "__args__", ()) if hasattr(arg, "_fields")), None)
    if row is not None:
        hints = get_type_hints(row)
        return tuple(row(*map(_read, hints.values(), item)) for item in value)
    return value
