"""Loan transactions: what a person or a claim does to one loan on one day, as data.

`ledger/policy/transaction_rules.py` applies them to a loan's state. They are frozen: a transaction recorded now and the
same one recorded again after back-dating are equal, and take the same way. Amounts are whole fen.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import ClassVar, NamedTuple

from ledger.money import NIL, Fen
from ledger.policy.schemes import Scheme


class Particulars(NamedTuple):
    """The paper a transaction is recorded by, its reason, and its two people where they differ from the user."""

    document: str = ""
    reason: str = ""
    made_by: str = ""
    checked_by: str | None = None


NO_PARTICULARS = Particulars()


@dataclass(frozen=True, slots=True)
class Parts:
    """Principal and contract interest; penalty and compound interest are never compensated (6.1)."""

    principal: Fen = NIL
    interest: Fen = NIL

    @property
    def total(self) -> Fen:
        return Fen(self.principal + self.interest)


class DayOrder(IntEnum):
    """The order of one loan's transactions of one day; within each, those recorded before come first."""

    ORDINARY = 0
    CLAIM_BILL = 1
    LAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTransaction:
    """What is done to a loan on a day, and the particulars it is recorded with."""

    on: date
    about: Particulars = NO_PARTICULARS

    day_order: ClassVar[DayOrder] = DayOrder.ORDINARY
    only_pays: ClassVar[bool] = False
    """Whether it changes nothing but what is open: recorded in time, such a transaction makes no subsidy wrong."""


# By the borrower and the bank.


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay(LoanTransaction):
    """还款; `surplus` is credit or principal, `payer` borrower, guarantor or collateral."""

    repayment: int
    amount: Fen
    surplus: str = "credit"
    payer: str = "borrower"

    only_pays: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCredit(LoanTransaction):
    """暂收款退还"""

    amount: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaivePenalty(LoanTransaction):
    """减免罚息复利; `asked` is zero where all that is open is waived."""

    asked: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindMisuse(LoanTransaction):
    """认定挪用: the misuse rate runs from `on`."""

    found_on: date
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(LoanTransaction):
    """展期; `rates` are all rates of the loan from their days on, the extended one included, in whole 1e-8."""

    months: int
    due_on: date
    rolled_on: date
    annual_rate: Decimal
    rates: tuple[tuple[date, int], ...]
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew(LoanTransaction):
    """续贷: the open principal moves to the loan `renewal`."""

    renewal: int
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(LoanTransaction):
    """核销"""

    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveInsurance(LoanTransaction):
    """保险赔付; an amount of zero: the insurer refused."""

    amount: Fen
    policy_no: str
    approval: int


# By a claim and what follows from it: after everything else of their day.


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftClaim(LoanTransaction):
    """代偿申请: the interest to the day is billed; what is open then is what the claim is for."""

    scheme: Scheme
    cause: str

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class BillClaim(LoanTransaction):
    """The bill of a claim recorded earlier, made again after back-dating; the claim itself stands."""

    day_order: ClassVar[DayOrder] = DayOrder.CLAIM_BILL


@dataclass(frozen=True, slots=True, kw_only=True)
class PayClaim(LoanTransaction):
    """代偿: `frozen` was open when the loan was claimed, `paid` by the fund so far, `net` of it not returned.

    `available` is what the fund account can pay.
    """

    scheme: Scheme
    claim: int
    frozen: Parts
    paid: Parts
    net: Fen
    available: Fen

    day_order: ClassVar[DayOrder] = DayOrder.LAST
    only_pays: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveRecovery(LoanTransaction):
    """收到追回款; `to_fund` is what the fund paid and has not received, `fund_settled` that it waits for nothing."""

    scheme: Scheme
    recovery: int
    amount: Fen
    to_fund: Fen
    fund_settled: bool

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class RemitRecovery(LoanTransaction):
    """追回款缴回专户; `net` is the net loss before it, `fund_settled` that the fund waits for nothing after it."""

    scheme: Scheme
    recovery: int
    claim: int
    amount: Fen
    net: Fen
    fund_settled: bool

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRecourse(LoanTransaction):
    """追偿终结; `amount` is the net loss that becomes final."""

    claim: int
    amount: Fen
    approval: int

    day_order: ClassVar[DayOrder] = DayOrder.LAST
