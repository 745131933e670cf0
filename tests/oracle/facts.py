"""The oracle's input and output: a contract and dated facts; postings, lines and allocations."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import count
from typing import NamedTuple


@dataclass(frozen=True)
class Contract:
    """The terms of a loan; amounts are whole fen, `rates` are yearly fractions from a day on."""

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
    """A fact that a person recorded, with a number that tells equal facts apart."""

    on: date
    number: int = field(default_factory=count(1).__next__, init=False, repr=False)


@dataclass(frozen=True, eq=False)
class Repaid(Fact):
    amount: int
    surplus: str = "credit"
    payer: str = "borrower"


@dataclass(frozen=True, eq=False)
class Misused(Fact):
    """Misuse is found; the misuse rate applies from this day on."""


@dataclass(frozen=True, eq=False)
class Waived(Fact):
    """Penalty and compound interest are waived; without an amount, all of it."""

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
    """All open amounts are written off."""


@dataclass(frozen=True, eq=False)
class Renewed(Fact):
    """The principal moves to another loan."""


@dataclass(frozen=True, eq=False)
class Undone(Fact):
    """A repayment of a closed month is reversed on the first open day."""

    what: Repaid


class Refused(Exception):
    """A record that the scheme does not allow, with the code of its refusal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Row(NamedTuple):
    """One posting of the loan."""

    on: date
    event: str
    debit: str
    credit: str
    fen: int


class Line(NamedTuple):
    """A settlement line as posted."""

    start: date
    posted_on: date
    contract: int
    compound: int
    penalty: int


class Application(NamedTuple):
    """An allocation of money to a line; negative where it was reversed."""

    start: date
    on: date
    payer: str
    contract: int
    compound: int
    penalty: int
