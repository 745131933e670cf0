"""Suspense (待处理追回款): surplus money received in a fund account, and its release by two persons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from moneyed import Money
from sqlalchemy import select

from ledger import journal, money, movements
from ledger.errors import NotFound, RuleViolation
from ledger.events import SuspenseRecorded, SuspenseReleased
from ledger.ids import new_id
from ledger.money import Fen, plain, to_fen, yuan
from ledger.operations.servicing.repayments import AmountNotPositive
from ledger.tables.claims import Suspense
from ledger.tables.loans import Approval, Loan
from ledger.unit_of_work import Unit


class SuspenseUsed(RuleViolation):
    code = "suspense_used"
    zh = "挂账款余额 {limit} 元，不能退出 {found} 元（{rule}）"
    en = "{limit} yuan is left in suspense; {found} cannot be released ({rule})"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded suspense entry: surplus money that a fund account received."""

    id: int
    amount: Money


def record(
    unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str, loan_id: int | None = None
) -> Recorded:
    """Record surplus money in a fund account as a debt to an unknown owner (2301), with the loan where it is known.

    Raise FutureDate, AmountNotPositive, NotFound, PeriodClosed.
    """
    unit.not_future(on, "on")
    if amount <= money.ZERO:
        raise AmountNotPositive(found=amount)
    if loan_id is not None:
        loan = unit.session.get(Loan, loan_id)
        if loan is None or (loan.county, loan.bank) != (county, bank):
            raise NotFound(what="loan", id=str(loan_id))
    held = Suspense(
        id=new_id(),
        county=county,
        bank=bank,
        loan_id=loan_id,
        fen=to_fen(amount),
        released=0,
        on=on,
        slip_no=slip_no,
        recorded_by=unit.user,
    )
    unit.session.add(held)
    unit.session.flush()
    event = SuspenseRecorded(
        effective_on=on, county=county, bank=bank, loan=loan_id, amount=to_fen(amount), suspense=held.id
    )
    journal.record(unit, event, document=slip_no)
    return Recorded(held.id, amount)


def check_release(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Check a release of suspense; the payload has `suspense_id, on, slip_no, amount`.

    An `amount` of null releases the whole remaining suspense. Raise NotFound, FutureDate, SuspenseUsed.
    """
    _ready(unit, payload)


def _ready(unit: Unit, payload: Mapping[str, Any]) -> tuple[Suspense, Fen]:
    on = date.fromisoformat(payload["on"])
    unit.not_future(on, "on")
    query = select(Suspense).where(Suspense.id == int(payload["suspense_id"])).with_for_update()
    held = unit.session.execute(query.execution_options(populate_existing=True)).scalar()
    if held is None:
        raise NotFound(what="suspense", id=str(payload["suspense_id"]))
    left = Fen(held.fen - held.released)
    amount = left if payload.get("amount") is None else to_fen(yuan(payload["amount"]))
    if not 0 < amount <= left or on < held.on:
        raise SuspenseUsed(rule="books 3", limit=plain(left if on >= held.on else 0), found=plain(amount))
    return held, amount


def apply_release(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Release suspense as approved by a second person.

    Raise the same errors as `check_release`, and PeriodClosed and FundOverdrawn.
    """
    held, amount = _ready(unit, payload)
    held.released += amount
    event = SuspenseReleased(
        effective_on=date.fromisoformat(payload["on"]),
        county=held.county,
        bank=held.bank,
        loan=held.loan_id,
        amount=amount,
        suspense=held.id,
    )
    journal.record(
        unit,
        event,
        document=str(payload.get("slip_no") or ""),
        reason=approval.reason,
        made_by=approval.made_by,
        checked_by=unit.user,
    )
    movements.settle(unit)
