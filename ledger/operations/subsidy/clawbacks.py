"""Receipts on claw-backs (追回贴息到账): no receipt is netted against a payment (4.9)."""

from dataclasses import dataclass
from datetime import date

from moneyed import Money

from ledger import journal
from ledger.errors import NotFound, RuleViolation
from ledger.events import ClawbackReceived
from ledger.ids import new_id
from ledger.money import ZERO, Fen, plain, to_fen
from ledger.policy.loan_changes import NotThatMuch
from ledger.tables.subsidies import Clawback, ClawbackReceipt
from ledger.unit_of_work import Unit


class ReceiptNotPositive(RuleViolation):
    code = "amount_not_positive"
    zh = "金额须大于零，填写为 {found} 元"
    en = "an amount is above zero; {found} yuan was given"


class BeforeRaised(RuleViolation):
    code = "before_raised"
    zh = "到账日期 {found} 早于应追回之日 {limit}"
    en = "{found} lies before the claw-back was raised on {limit}"


@dataclass(frozen=True, slots=True)
class Received:
    """The ids of a receipt on a claw-back and of its event."""

    id: int
    event_id: int


def receive(unit: Unit, clawback_id: int, amount: Money, on: date | None = None) -> Received:
    """Record money received on a claw-back, up to the amount still outstanding.

    Raise NotFound, FutureDate, ReceiptNotPositive, BeforeRaised, NotThatMuch, PeriodClosed.
    """
    on = on or unit.today
    unit.not_future(on, "on")
    if amount <= ZERO:
        raise ReceiptNotPositive(found=amount)
    row = unit.session.get(Clawback, clawback_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(what="clawback", id=str(clawback_id))
    if on < row.raised_on:
        raise BeforeRaised(rule="4.9", limit=row.raised_on, found=on)
    fen, outstanding = to_fen(amount), Fen(row.fen - row.received)
    if fen > outstanding:
        raise NotThatMuch(rule="4.9", what="追回贴息 claw-back", limit=plain(outstanding), found=plain(fen))
    receipt = ClawbackReceipt(
        id=new_id(), clawback_id=row.id, fen=fen, on=on, by=unit.user, recorded_at=unit.recorded_at
    )
    unit.session.add(receipt)
    row.received += fen
    event = ClawbackReceived(
        effective_on=on, county=row.county, bank=row.bank, loan=row.loan_id, clawback=row.id, amount=fen
    )
    return Received(receipt.id, journal.record(unit, event, document=f"追回贴息 {row.id}"))
