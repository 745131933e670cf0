"""What happened (业务事件): frozen, dated, past tense; what it does to the books stands in posting.py.

What each event is called, and how it is replayed and undone, stands in catalogue.py. Every amount is whole fen.
`loan` is the loan's id where the event is about one loan.
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
    """What of one settlement line (结息单) an event paid, waived or wrote off; the line is named by its start."""

    period_start: date
    contract: Fen
    compound: Fen
    penalty: Fen


class LoanPart(NamedTuple):
    """One loan's part of an amount that is posted loan by loan."""

    loan: int
    amount: Fen


class Adjusted(NamedTuple):
    """One row of a manual adjustment."""

    kind: Kind
    debit: str
    credit: str
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Business date, and whose books it concerns."""

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
    cause: str = ""  # the operation that called for the line, when no calendar day did

    @property
    def charges(self) -> Fen:
        return Fen(self.penalty + self.compound)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applying(Event):
    """An event that pays lines and principal; `overdue_principal` is what lies on 130302."""

    interest: Fen = NIL
    charges: Fen = NIL
    principal: Fen = NIL
    overdue_principal: Fen = NIL
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaymentReceived(_Applying):
    """还款: applied by scheme 3.9; `payer` is borrower, guarantor or collateral."""

    repayment: int
    amount: Fen
    surplus: str = "credit"
    payer: str = "borrower"
    credit: Fen = NIL
    loss: Fen = NIL
    income: Fen = NIL


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditApplied(_Applying):
    """暂收款抵扣; `cause` is the operation that called for it, when no line did."""

    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRefunded(Event):
    """暂收款退还"""

    amount: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalOverdue(Event):
    """转逾期"""

    principal: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanExtended(Event):
    """展期: terms only."""

    months: int
    due_on: date
    annual_rate: str
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseFound(Event):
    """认定挪用: terms only; dated the day the misuse rate begins."""

    found_on: date
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRenewed(Event):
    """续贷: the open principal of `loan` moves to the loan `renewal`, no cash."""

    renewal: int
    principal: Fen
    overdue_principal: Fen
    approval: int

    @property
    def renewed(self) -> Fen:
        return Fen(self.principal + self.overdue_principal)


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyWaived(Event):
    """减免罚息复利; `asked` is zero where all that is open was to be waived."""

    amount: Fen
    asked: Fen
    applied: tuple[Applied, ...]
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanWrittenOff(_Applying):
    """核销: what nobody compensates."""

    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceReceived(_Applying):
    """保险赔付; nothing received = the insurer refused."""

    policy_no: str
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPlanApproved(Event):
    """缓释金计划批准: the call of a quarter or an advance, by fund source."""

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
    """代偿: what the fund paid on a loan, and who bears it (scheme 6.5)."""

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
    """追回款留归银行: beyond what the fund is owed."""

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
    """追偿终结: nothing more to come."""

    claim: int
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class FundResultClosed(Event):
    """基金损益结转: before the money is returned."""

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
    """贴息核准: one loan's line of a batch."""

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
    """红字冲销: all entries of an event, negative, on the same sides, once."""

    reverses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualAdjustment(Event):
    """手工调整: two people, a reason, a document; listed apart in every audit report."""

    rows: tuple[Adjusted, ...]
    approval: int


_BASE = {field.name for field in fields(Event)}


def _descendants(kind: type[Event]) -> list[type[Event]]:
    return [heir for child in kind.__subclasses__() for heir in (child, *_descendants(child))]


TYPES: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in _descendants(Event) if not kind.__name__.startswith("_")
}


_OWN_FIELDS: Mapping[type[Event], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _BASE) for kind in TYPES.values()
}
_HINTS: Mapping[type[Event], dict[str, Any]] = {kind: get_type_hints(kind) for kind in TYPES.values()}


def plain_json(value: object) -> object:
    """What orjson is told of the rest: rows of named tuples are lists, heirs of date are dates."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"not a value of an event: {value!r}")


def payload(event: Event) -> str:
    """The event's own fields as compact JSON; the base fields are columns."""
    own = {name: getattr(event, name) for name in _OWN_FIELDS[type(event)]}
    return orjson.dumps(own, default=plain_json).decode()


def event_of(kind: str, base: Mapping[str, Any], text: str) -> Event:
    """The event that `payload` wrote down; `base` holds the base fields."""
    made = TYPES[kind]
    hints = _HINTS[made]
    own = {name: _read(hints[name], value) for name, value in json.loads(text).items()}
    return made(**base, **own)


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
