"""The input of the oracle (a contract and dated facts) and its output (postings, lines and allocations)."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import count
from typing import NamedTuple


@dataclass(frozen=True)
class Contract:
    """The terms of a loan.

    Amounts are whole fen; each of the `rates` is a first day and the yearly rate, as a fraction, from that day on.
    """

    principal: int
    disbursed_on: date
    due_on: date
    rolled_on: date
    rates: tuple[tuple[date, Fraction], ...]
    overdue: Fraction = Fraction(3, 2)
    misuse: Fraction = Fraction(2)
    compound: bool = True
    grace_days: int = 0
    principal_first_over: int = 90


@dataclass(frozen=True, eq=False)
class Fact:
    """A fact that a person recorded, with a number that distinguishes it from equal facts."""

    on: date
    number: int = field(default_factory=count(1).__next__, init=False, repr=False)


@dataclass(frozen=True, eq=False)
class Repaid(Fact):
    amount: int
    surplus: str = "credit"
    payer: str = "borrower"


@dataclass(frozen=True, eq=False)
class Misused(Fact):
    """The bank discovered misuse of the loan, so the misuse rate applies from the day of the fact on."""


@dataclass(frozen=True, eq=False)
class Waived(Fact):
    """The bank waived penalty and compound interest.

    The field `asked` is the amount to waive, in fen; 0 waives the whole amount.
    """

    asked: int = 0


@dataclass(frozen=True, eq=False)
class Refunded(Fact):
    amount: int


@dataclass(frozen=True, eq=False)
class Insured(Fact):
    amount: int


@dataclass(frozen=True, eq=False)
class Extended(Fact):
    months: int
    due_on: date
    rolled_on: date
    rate: Fraction


@dataclass(frozen=True, eq=False)
class WrittenOff(Fact):
    """The bank wrote off all open amounts of the loan."""


@dataclass(frozen=True, eq=False)
class Renewed(Fact):
    """The loan was renewed, so its principal moved to a new loan."""


@dataclass(frozen=True, eq=False)
class Undone(Fact):
    """A repayment in a closed month was reversed on the first open day."""

    what: Repaid


class Refused(Exception):
    """Raised for a record that the scheme does not allow, with the code of the refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Row(NamedTuple):
    """One posting on the loan."""

    on: date
    event: str
    debit: str
    credit: str
    fen: int


class Line(NamedTuple):
    """A settlement line with the amounts that were posted."""

    start: date
    posted_on: date
    contract: int
    compound: int
    penalty: int


class Allocation(NamedTuple):
    """An allocation of money to a settlement line; the amounts are negative where the allocation was reversed."""

    start: date
    on: date
    payer: str
    contract: int
    compound: int
    penalty: int
