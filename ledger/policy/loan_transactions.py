"""Loan transactions as data: a transaction is an action of a person, or of a claim, on one loan on one day.

`ledger/policy/transaction_rules.py` applies transactions to a loan's state. Transactions are frozen. For back-dating,
the transaction is made again from its stored event; it equals the original, and the same rule applies it. Amounts are
whole fen.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum
from typing import ClassVar, NamedTuple

from ledger.money import NIL, Fen
from ledger.policy.schemes import Scheme


class Particulars(NamedTuple):
    """The document number and reason of a transaction; its maker and checker, if they differ from the current user."""

    document: str = ""
    reason: str = ""
    made_by: str = ""
    checked_by: str | None = None


NO_PARTICULARS = Particulars()


@dataclass(frozen=True, slots=True)
class Parts:
    """Principal and contract interest of a claim, in fen; penalty and compound interest are never compensated (6.1)."""

    principal: Fen = NIL
    interest: Fen = NIL

    @property
    def total(self) -> Fen:
        return Fen(self.principal + self.interest)


class DayOrder(IntEnum):
    """The order of one loan's transactions within a day; transactions of equal order stay in the order of recording."""

    ORDINARY = 0
    CLAIM_BILL = 1
    LAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTransaction:
    """An action on a loan on a day, with its document number, reason, maker and checker."""

    on: date
    about: Particulars = NO_PARTICULARS

    day_order: ClassVar[DayOrder] = DayOrder.ORDINARY
    only_pays: ClassVar[bool] = False
    """Whether the transaction only pays open amounts. Recorded in time, such a payment corrects no subsidy."""


# The transactions that the borrower or the bank causes.


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay(LoanTransaction):
    """A repayment (还款); `surplus` says whether money beyond the due debt becomes credit or pays principal.

    `payer` is `borrower`, `guarantor` or `collateral`.
    """

    repayment: int
    amount: Fen
    surplus: str = "credit"
    payer: str = "borrower"

    only_pays: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCredit(LoanTransaction):
    """A refund of the borrower's credit (暂收款退还)."""

    amount: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaivePenalty(LoanTransaction):
    """A waiver of penalty and compound interest (减免罚息复利); if `asked` is zero, the whole open amount is waived."""

    asked: Fen
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindMisuse(LoanTransaction):
    """A finding of misuse (认定挪用): the misuse rate applies from the day `on`."""

    found_on: date
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(LoanTransaction):
    """An extension (展期); `rates` holds all rates of the loan, in whole units of 1e-8, each with its first day.

    The rate of the extended term is one of the rates in `rates`.
    """

    months: int
    due_on: date
    rolled_on: date
    annual_rate: Decimal
    rates: tuple[tuple[date, int], ...]
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew(LoanTransaction):
    """A renewal (续贷): the open principal moves to the loan with the id `renewal`."""

    renewal: int
    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(LoanTransaction):
    """A write-off of a loan (核销)."""

    approval: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveInsurance(LoanTransaction):
    """An insurance payment (保险赔付); an amount of zero records that the insurer refused to pay."""

    amount: Fen
    policy_no: str
    approval: int


# Transactions of a claim and of the recoveries after a claim come last in the order of a day.


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftClaim(LoanTransaction):
    """A draft of a claim (代偿申请): interest is billed to the day, and the amounts open after the bill are claimed."""

    scheme: Scheme
    cause: str

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class BillClaim(LoanTransaction):
    """The interest bill of a recorded claim, made again after back-dating without changing the claim itself."""

    day_order: ClassVar[DayOrder] = DayOrder.CLAIM_BILL


@dataclass(frozen=True, slots=True, kw_only=True)
class PayClaim(LoanTransaction):
    """A payment of a claim by the fund (代偿).

    `frozen` is the claimed amount, and `paid` is the amount that the fund had already paid on the claim. `net` is the
    part of `paid` that was not returned to the fund. `available` is the present balance of the fund account.
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
    """A recovery received by the bank (收到追回款).

    `to_fund` is the amount that the fund paid and has not received back. `fund_settled` is True if the fund expects no
    further money.
    """

    scheme: Scheme
    recovery: int
    amount: Fen
    to_fund: Fen
    fund_settled: bool

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class RemitRecovery(LoanTransaction):
    """A remittance of a recovery to the fund account (追回款缴回专户).

    `net` is the net loss before the remittance. `fund_settled` is True if the fund expects no further money after the
    remittance.
    """

    scheme: Scheme
    recovery: int
    claim: int
    amount: Fen
    net: Fen
    fund_settled: bool

    day_order: ClassVar[DayOrder] = DayOrder.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRecourse(LoanTransaction):
    """An end of recourse (追偿终结); `amount` is the net loss that becomes final."""

    claim: int
    amount: Fen
    approval: int

    day_order: ClassVar[DayOrder] = DayOrder.LAST
