"""Loans as text for tests: contracts and facts are made from short texts, and each event is shown as one line."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from textwrap import dedent
from typing import Any

from ledger import events as e
from ledger.events import Event
from ledger.money import plain, to_fen, yuan
from tests.oracle import facts as told
from tests.oracle.facts import Contract
from tests.support.loan_states import walk


def contract(
    disbursed_on: str,
    due_on: str,
    *,
    rolled_on: str = "",
    rate: str = "4.75",
    principal: str = "50000.00",
    **terms: Any,
) -> Contract:
    """Return a contract with a yearly rate in percent.

    The argument `rolled_on` is needed only where the due date is not a working day.
    """
    first, due = date.fromisoformat(disbursed_on), date.fromisoformat(due_on)
    rolled = date.fromisoformat(rolled_on) if rolled_on else due
    return Contract(fen(principal), first, due, rolled, ((first, Fraction(rate) / 100),), **terms)


def fen(amount: str) -> int:
    return int(to_fen(yuan(amount.replace(",", ""))))


def paid(on: str, amount: str, surplus: str = "credit") -> told.Repaid:
    return told.Repaid(date.fromisoformat(on), fen(amount), surplus)


def page(agreed: Contract, facts: Iterable[told.Fact], through: str, *, since: str = "") -> str:
    """Return the events of a loan dated on or before a day, as lines of text.

    With `since`, return only the events dated on or after the day `since`.
    """
    walked = walk(agreed, list(facts), date.fromisoformat(through))
    events = [event for event in walked.events if not isinstance(event, e.LoanDisbursed)]
    rows = [line_of(event) for event in events if not since or event.effective_on >= date.fromisoformat(since)]
    return "\n".join([*rows, walked.state.status])


def text(lines: str) -> str:
    return dedent(lines).strip()


def bills(agreed: Contract, through: str, *facts: told.Fact) -> list[str]:
    """Return the interest lines posted on or before a day as texts such as `2016-06-21 277.08`.

    Compound interest and penalty interest follow in the text, if the interest bill has any.
    """
    walked = walk(agreed, facts, date.fromisoformat(through))
    return [_bill(event) for event in walked.events if isinstance(event, e.InterestBilled)]


def _bill(event: e.InterestBilled) -> str:
    parts = [plain(event.contract)]
    parts += [f"compound {plain(event.compound)}"] * bool(event.compound)
    parts += [f"penalty {plain(event.penalty)}"] * bool(event.penalty)
    return " ".join([str(event.effective_on), *parts])


def line_of(event: Event) -> str:
    """Return an event as text: its day, its kind and every non-zero amount."""
    if isinstance(event, e.InterestBilled):
        cause = f" ({event.cause})" * bool(event.cause)
        return f"{event.effective_on} line from {event.period_start}{cause}:{_bill(event)[10:]}"
    if isinstance(event, e.CreditRefunded | e.PenaltyWaived):
        return f"{event.effective_on} {_NAMES[type(event)]} {plain(event.amount)}"
    parts = []
    for name, value in _PARTS.items():
        amount = getattr(event, name, None)
        if isinstance(amount, int) and amount:
            parts.append(f"{value} {plain(amount)}")
    return f"{event.effective_on} {_NAMES[type(event)]}: {', '.join(parts)}".removesuffix(": ")


_NAMES: dict[type[Event], str] = {
    e.RepaymentReceived: "repaid",
    e.CreditApplied: "credit used",
    e.PrincipalOverdue: "overdue",
    e.PenaltyWaived: "waived",
    e.CreditRefunded: "refunded",
    e.LoanWrittenOff: "written off",
    e.InsuranceReceived: "insured",
    e.LoanRenewed: "renewed",
    e.MisuseFound: "misused",
    e.LoanExtended: "extended",
}
_PARTS = {
    "interest": "contract",
    "charges": "charges",
    "principal": "principal",
    "overdue_principal": "overdue principal",
    "credit": "credit",
    "loss": "loss",
    "income": "income",
}
