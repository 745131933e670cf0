"""The oracle's book of one loan: the open amounts, and the functions that increase and reduce them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.oracle.facts import Allocation, Contract, Fact, Line, Row

LENDING = ("active", "overdue")
HALF = Fraction(1, 2)


@dataclass
class Bill:
    """The open amounts of one interest line."""

    start: date
    posted_on: date
    contract: int
    compound: int
    penalty: int

    @property
    def open(self) -> int:
        return self.contract + self.compound + self.penalty


@dataclass
class Taken:
    """The parts into which a payment was divided when it was applied to a loan."""

    lines: list[Allocation] = field(default_factory=list)
    normal: int = 0
    overdue: int = 0

    @property
    def principal(self) -> int:
        return self.normal + self.overdue


@dataclass
class Book:
    """The book of one loan at the end of the last day that the oracle has computed."""

    contract: Contract
    rolled_on: date = date.max
    rates: list[tuple[date, Fraction]] = field(default_factory=list)
    normal: int = 0
    overdue: int = 0
    credit: int = 0
    lost: int = 0
    bills: list[Bill] = field(default_factory=list)
    billed_to: date = date.min
    accrued: dict[str, Fraction] = field(default_factory=dict)
    misused_on: date = date.max
    status: str = "active"
    rows: list[Row] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    paid: dict[Fact, tuple[list[Row], Taken, int, int]] = field(default_factory=dict)
    balances: dict[date, dict[str, int]] = field(default_factory=dict)
    statuses: dict[date, str] = field(default_factory=dict)

    @property
    def owed(self) -> int:
        return self.normal + self.overdue

    @property
    def billed(self) -> int:
        return sum(bill.open for bill in self.bills)

    @property
    def unbilled(self) -> int:
        return sum(half_up(exact) for exact in self.accrued.values())

    @property
    def payoff(self) -> int:
        return max(0, self.owed + self.billed + self.unbilled - self.credit)


def post_line(book: Book, day: date) -> None:
    found = {name: half_up(exact) for name, exact in book.accrued.items()}
    start, book.billed_to, book.accrued = book.billed_to, day, nothing()
    if any(found.values()):
        book.lines.append(Line(start, day, **found))
        book.bills.append(Bill(start, day, **found))
        post(book, day, "InterestBilled", "113201", "6011", found["contract"])
        post(book, day, "InterestBilled", "113202", "6012", found["penalty"] + found["compound"])


def use_credit(book: Book, day: date, *, to_principal: bool) -> None:
    taken, book.credit = spend(book, day, book.credit, "credit", to_principal)
    post_taken(book, day, "CreditApplied", "2241", taken)


def spend(book: Book, day: date, amount: int, payer: str, to_principal: bool) -> tuple[Taken, int]:
    first = to_principal and (day - book.rolled_on).days > book.contract.principal_first_over
    taken = take_principal(book, amount if first else 0)
    amount -= taken.principal
    for each in book.bills:
        contract = min(amount, each.contract)
        compound = min(amount - contract, each.compound)
        penalty = min(amount - contract - compound, each.penalty)
        taken.lines += take_off(book, day, each, payer, contract, compound, penalty)
        amount -= contract + compound + penalty
    if to_principal and not first:
        last = take_principal(book, amount)
        taken.normal, taken.overdue = last.normal, last.overdue
        amount -= last.principal
    return taken, amount


def take_principal(book: Book, most: int) -> Taken:
    overdue = min(most, book.overdue)
    normal = min(most - overdue, book.normal)
    book.overdue, book.normal = book.overdue - overdue, book.normal - normal
    return Taken([], normal, overdue)


def take_off(
    book: Book, day: date, bill: Bill, payer: str, contract: int, compound: int, penalty: int
) -> Sequence[Allocation]:
    if not (contract or compound or penalty):
        return []
    bill.contract, bill.compound = bill.contract - contract, bill.compound - compound
    bill.penalty -= penalty
    book.allocations.append(Allocation(bill.start, day, payer, contract, compound, penalty))
    return book.allocations[-1:]


def close_if_nothing_is_left(book: Book) -> None:
    if book.status in LENDING and not book.owed + book.billed + book.unbilled:
        book.status = "closed"


def post(book: Book, on: date, event: str, debit: str, credit: str, fen: int) -> None:
    if fen:
        book.rows.append(Row(on, event, debit, credit, fen))


def post_taken(book: Book, on: date, event: str, debit: str, taken: Taken) -> None:
    post(book, on, event, debit, "113201", sum(part.contract for part in taken.lines))
    post(book, on, event, debit, "113202", sum(part.compound + part.penalty for part in taken.lines))
    post(book, on, event, debit, "130301", taken.normal)
    post(book, on, event, debit, "130302", taken.overdue)


def nothing() -> dict[str, Fraction]:
    return {"contract": Fraction(0), "compound": Fraction(0), "penalty": Fraction(0)}


def half_up(exact: Fraction) -> int:
    return (exact + HALF).__floor__()
