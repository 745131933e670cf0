"""The county's share of losses (县级分担款): payments, which are allotted to the oldest claims first, and refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from moneyed import Money

from ledger import balances, journal, money, movements, period_lock
from ledger.balances import Clocks
from ledger.chart import DUE_FROM_COUNTY, Kind, book_of
from ledger.errors import RuleViolation
from ledger.events import CountyShareReceived, CountyShareReturned, Event
from ledger.money import of_fen, plain, to_fen, yuan
from ledger.operations.servicing.backdating import RestsOnLater
from ledger.operations.servicing.repayments import AmountNotPositive
from ledger.queries import claims_owed
from ledger.tables.loans import Approval
from ledger.unit_of_work import Unit


class ShareNotDue(RuleViolation):
    code = "county_share_not_due"
    zh = "县级应分担 {limit} 元，缴入 {found} 元超出（{rule}）"
    en = "the county owes {limit} yuan; {found} is more ({rule})"


class NotPrepaid(RuleViolation):
    code = "county_share_not_prepaid"
    zh = "县级预缴分担款余额 {limit} 元，不能退还 {found} 元（{rule}）"
    en = "the county has prepaid {limit} yuan; {found} cannot be returned ({rule})"


@dataclass(frozen=True, slots=True)
class ShareReceived:
    """A received payment of the county's share, with the county's remaining debt and its prepaid amount."""

    id: int
    amount: Money
    due: Money
    prepaid: Money


def receive(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> ShareReceived:
    """Record a payment of the county's share (6.5); an amount above the county's debt is refused.

    Raise FutureDate, AmountNotPositive, ShareNotDue, PeriodClosed.
    """
    unit.not_future(on, "on")
    if amount <= money.ZERO:
        raise AmountNotPositive(found=amount)
    _hold(unit, county, bank, on)
    due = max(0, min(_due(unit, county, bank, on), _due(unit, county, bank, date.max)))
    if to_fen(amount) > due:
        raise ShareNotDue(rule="6.5", limit=plain(due), found=amount)
    event = CountyShareReceived(effective_on=on, county=county, bank=bank, amount=to_fen(amount))
    event_id = journal.record(unit, event, document=slip_no)
    movements.settle(unit)
    left = _due(unit, county, bank, date.max)
    return ShareReceived(event_id, amount, of_fen(max(0, left)), of_fen(max(0, -left)))


def check_return(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Check a return of prepaid county share; the payload has `county, bank, amount, on, slip_no`.

    Raise FutureDate, AmountNotPositive, NotPrepaid, PeriodClosed.
    """
    county, bank, on = payload["county"], payload["bank"], date.fromisoformat(payload["on"])
    amount = yuan(payload["amount"])
    unit.not_future(on, "on")
    if amount <= money.ZERO:
        raise AmountNotPositive(found=amount)
    _hold(unit, county, bank, on)
    prepaid = max(0, -max(_due(unit, county, bank, on), _due(unit, county, bank, date.max)))
    if to_fen(amount) > prepaid:
        raise NotPrepaid(rule="6.5", limit=plain(prepaid), found=amount)


def apply_return(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Return prepaid county share as approved by a second person (退还预缴).

    Raise the same errors as `check_return`, and FundOverdrawn.
    """
    check_return(unit, payload)
    event = CountyShareReturned(
        effective_on=date.fromisoformat(payload["on"]),
        county=payload["county"],
        bank=payload["bank"],
        amount=to_fen(yuan(payload["amount"])),
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


def undo_share(unit: Unit, event_id: int, event: Event, approval: Approval) -> None:
    """Reverse a receipt of county share, unless the receipt's prepaid part has been returned to the county.

    Raise RestsOnLater, FundOverdrawn.
    """
    assert isinstance(event, CountyShareReceived)
    _hold(unit, event.county, event.bank, unit.today)
    journal.reverse_all(unit, [event_id], approval.reason, unit.user, approval.made_by)
    movements.settle(unit)
    due = sum(share for _, share in claims_owed.county_shares(unit.session, event.county, event.bank))
    if _due(unit, event.county, event.bank, date.max) > due:
        raise RestsOnLater(
            rule="books 3",
            event=CountyShareReturned.__name__,
            found=event.effective_on,
            on=event.effective_on,
            first_open=unit.today,
        )


def _hold(unit: Unit, county: str, bank: str, on: date) -> None:
    """Lock the fund's book and the fund account, so that only one caller at a time computes the amount due."""
    period_lock.check_open(unit, [book_of(Kind.FUND, bank=bank, county=county)], on)
    movements.held_balance(unit, county, bank)


def _due(unit: Unit, county: str, bank: str, on: date) -> int:
    """Return the county's debt to the fund account in fen (account 1201); a negative debt is a prepaid amount."""
    book = book_of(Kind.FUND, bank=bank, county=county)
    return balances.balance(unit.connection, DUE_FROM_COUNTY, book, Clocks(on), county=county, bank=bank)
