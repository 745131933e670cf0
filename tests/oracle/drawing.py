"""Random loans and records, drawn close to difficult cases: settlement days, due dates and exact amounts."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from tests.oracle.book import Book
from tests.oracle.days import is_settlement
from tests.oracle.facts import (
    Contract,
    Extended,
    Fact,
    Insured,
    Misused,
    Refunded,
    Refused,
    Renewed,
    Repaid,
    Waived,
    WrittenOff,
)
from tests.oracle.history import History

T = TypeVar("T")


class Draw(Protocol):
    """A function that draws a value, in a composite strategy or within a test."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


AFTER_DUE = 200  # The number of days for which the tests continue a loan after its rolled due date.
FEW = ("repaid", "repaid", "repaid", "repaid", "misused", "waived", "refunded")
ALL = (*FEW, *FEW, "extended", "insured", "written_off", "renewed")


@dataclass(frozen=True)
class Drawn:
    """A loan and its records, in the order of recording.

    Each record has the code of its refusal, or None where the record was accepted.
    """

    contract: Contract
    told: tuple[tuple[Fact, str | None], ...]

    @property
    def standing(self) -> list[Fact]:
        return [fact for fact, refusal in self.told if refusal is None]

    @property
    def through(self) -> date:
        last = max([self.contract.rolled_on, *(fact.on for fact, _ in self.told)])
        return last + timedelta(days=AFTER_DUE)


@st.composite
def contracts(draw: Draw, *, payable_on: Callable[[date], date] | None = None) -> Contract:
    """Draw contracts of short loans that are disbursed on any day, often close to a settlement day.

    With `payable_on`, draw only contracts that a bank of the programme can make: at a fixed rate that is not above the
    published rates, and payable on the day that `payable_on` returns for the due date.
    """
    day = date(2016, 1, 1) + timedelta(days=draw(st.integers(0, 700)))
    if draw(st.booleans()):
        day = date(day.year, draw(st.sampled_from((3, 6, 9, 12))), draw(st.sampled_from((19, 20, 21, 22))))
    months = draw(st.integers(1, 9))
    due_on = months_later(day, months)
    principal = draw(st.sampled_from((5_000_000, 5_000_000, 4_999_999, 99)) | st.integers(1, 100_000_000))
    if payable_on is not None:
        return Contract(principal, day, due_on, payable_on(due_on), ((day, draw(_published_rates)),))
    rolled_on = due_on + timedelta(days=draw(st.sampled_from((0, 0, 0, 1, 2, 7))))
    rates = [(day, draw(_rates))]
    if draw(st.booleans()):
        changes = sorted(draw(st.sets(st.integers(1, 400), max_size=2)))
        rates += [(day + timedelta(days=offset), draw(_rates)) for offset in changes]
    return Contract(
        principal,
        day,
        due_on,
        rolled_on,
        tuple(rates),
        overdue=draw(st.sampled_from((Fraction(3, 2), Fraction(13, 10)))),
        misuse=draw(st.sampled_from((Fraction(2), Fraction(3, 2), Fraction(11, 10)))),
        compound=draw(st.sampled_from((True, True, False))),
        grace_days=draw(st.sampled_from((0, 0, 1, 5, 100))),
        principal_first_over=draw(st.sampled_from((90, 90, 0, 30))),
    )


_rates = st.one_of(st.sampled_from((435, 475, 490)), st.integers(1, 2400)).map(lambda part: Fraction(part, 10_000))
# From 2014 on, no rate above 5.60 % was published for loans of six months or less.
_published_rates = st.one_of(st.sampled_from((435, 475, 490, 560)), st.integers(1, 560)).map(
    lambda part: Fraction(part, 10_000)
)


@st.composite
def drawn_histories(
    draw: Draw, *, kinds: Sequence[str] = ALL, most: int = 7, payable_on: Callable[[date], date] | None = None
) -> Drawn:
    """Draw a contract and its records, on any days and in any order."""
    history = History(draw(contracts(payable_on=payable_on)))
    told: list[tuple[Fact, str | None]] = []
    for _ in range(draw(st.integers(1, most))):
        fact = draw_fact(draw, history, kinds)
        if fact is not None:
            told.append((fact, refusal_of(history, fact)))
    return Drawn(history.contract, tuple(told))


def refusal_of(history: History, fact: Fact) -> str | None:
    """Record a fact, and return the code of the refusal, or None where the fact is accepted."""
    try:
        history.record(fact)
    except Refused as refused:
        return refused.code
    return None


def draw_fact(draw: Draw, history: History, kinds: Sequence[str]) -> Fact | None:
    """Draw a fact on a day on which the loan exists; return None where the kind of fact is impossible on that day."""
    kind = draw(st.sampled_from(kinds))
    on = _draw_day(draw, history)
    book = history.at(on)
    if kind == "repaid":
        surplus = draw(st.sampled_from(("credit", "principal")))
        payer = draw(st.sampled_from(("borrower", "guarantor", "collateral")))
        return Repaid(on, max(1, _draw_amount(draw, book)), surplus, payer)
    if kind == "extended":
        return _draw_extension(draw, history, on)
    if kind == "waived":
        charges = sum(bill.compound + bill.penalty for bill in book.bills)
        if not charges and draw(st.integers(0, 3)):
            return None
        return Waived(on, draw(st.sampled_from((0, charges, charges // 2, charges + 1))))
    if kind == "refunded":
        if not book.credit and draw(st.integers(0, 3)):
            return None
        return Refunded(on, max(1, draw(st.sampled_from((book.credit, book.credit // 2, book.credit + 1)))))
    if kind == "insured":
        return Insured(on, draw(st.sampled_from((0, book.owed, book.owed // 2, book.owed + 1))))
    plain: dict[str, type[Fact]] = {"misused": Misused, "written_off": WrittenOff, "renewed": Renewed}
    return plain[kind](on)


def _draw_day(draw: Draw, history: History) -> date:
    contract = history.contract
    last = contract.rolled_on + timedelta(days=AFTER_DUE - 40)
    days = (last - contract.disbursed_on).days
    if draw(st.booleans()):
        return contract.disbursed_on + timedelta(days=draw(st.integers(0, days)))
    rolled = [contract.rolled_on, *(fact.rolled_on for fact in history.facts if isinstance(fact, Extended))][-1]
    beside = {contract.due_on, rolled, rolled + timedelta(days=90), *(fact.on for fact in history.facts)}
    every = (contract.disbursed_on + timedelta(days=offset) for offset in range(days))
    beside |= {day for day in every if is_settlement(day)}
    near = draw(st.sampled_from(sorted(beside))) + timedelta(days=draw(st.integers(-1, 1)))
    return max(contract.disbursed_on, near)


def _draw_amount(draw: Draw, book: Book) -> int:
    contract = sum(bill.contract for bill in book.bills)
    return draw(
        st.sampled_from(
            (
                book.payoff,
                book.payoff - 1,
                book.payoff + 12_345,
                book.billed,
                book.billed + 1,
                book.billed + book.unbilled,
                book.billed + book.owed,
                contract,
                book.owed // 2,
                book.billed + book.owed // 3,
                1,
            )
        )
        | st.integers(1, book.contract.principal * 2)
    )


def _draw_extension(draw: Draw, history: History, on: date) -> Fact | None:
    """Draw a loan's only extension, made before the contract due date, to a day after the old due date."""
    contract = history.contract
    if on >= contract.due_on or any(isinstance(fact, Extended) for fact in history.facts):
        return None
    months = draw(st.integers(1, 4))
    due_on = months_later(contract.due_on, months)
    rolled_on = due_on + timedelta(days=draw(st.sampled_from((0, 0, 1, 7))))
    return Extended(on, months, due_on, rolled_on, draw(_rates))


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
