"""The county's half of losses (县级分担款): paid in, allotted to claims oldest first, prepaid, returned by two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from moneyed import Money
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import balances, journal, money, movements, period_lock
from ledger.balances import Clocks
from ledger.chart import DUE_FROM_COUNTY, Kind, book_of
from ledger.errors import RuleViolation
from ledger.events import CountyShareReceived, CountyShareReturned, Event
from ledger.money import Fen, of_fen, plain, to_fen, yuan
from ledger.operations.compensation.workflow import net_of
from ledger.operations.servicing.backdating import RestsOnLater
from ledger.operations.servicing.repayments import AmountNotPositive
from ledger.policy import compensation
from ledger.queries import reference
from ledger.tables.claims import Claim
from ledger.tables.loans import Approval, Loan
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
    """A county share paid in, by its event; what of the county's debt is left, and what it has prepaid."""

    id: int
    amount: Money
    due: Money
    prepaid: Money


def receive(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> ShareReceived:
    """Record what the county paid in of its share (6.5); more than is due is refused.

    Raises FutureDate, AmountNotPositive, ShareNotDue, PeriodClosed.
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
    """Whether the county gets back what it prepaid: `county, bank, amount, on, slip_no`.

    Raises FutureDate, AmountNotPositive, NotPrepaid, PeriodClosed.
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
    """Return it, on another's approval (退还预缴); raises as `check_return`, FundOverdrawn."""
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
    """Reverse a county share; refused once what it prepaid was returned. Raises RestsOnLater, FundOverdrawn."""
    assert isinstance(event, CountyShareReceived)
    _hold(unit, event.county, event.bank, unit.today)
    journal.reverse_all(unit, [event_id], approval.reason, unit.user, approval.made_by)
    movements.settle(unit)
    owed = sum(share for _, share in _shares(unit.session, event.county, event.bank))
    if _due(unit, event.county, event.bank, date.max) > owed:
        raise RestsOnLater(
            rule="books 3",
            event=CountyShareReturned.__name__,
            found=event.effective_on,
            on=event.effective_on,
            first_open=unit.today,
        )


def _hold(unit: Unit, county: str, bank: str, on: date) -> None:
    """The book, then the account: one at a time decides what is due."""
    period_lock.check_open(unit, [book_of(Kind.FUND, bank=bank, county=county)], on)
    movements.held_balance(unit, county, bank)


def _due(unit: Unit, county: str, bank: str, on: date) -> int:
    """What the county owes the fund account, by 1201; below zero it has prepaid."""
    book = book_of(Kind.FUND, bank=bank, county=county)
    return balances.balance(unit.connection, DUE_FROM_COUNTY, book, Clocks(on), county=county, bank=bank)


def _shares(session: Session, county: str, bank: str) -> list[tuple[int, Fen]]:
    """What of each claim's net loss the county owes, oldest approval first, then id."""
    query = (
        select(Claim, Loan.scheme, Loan.scheme_version)
        .join(Loan, Loan.id == Claim.loan_id)
        .where(Claim.county == county, Claim.bank == bank, Claim.live.is_(True), Claim.approved_on.is_not(None))
        .order_by(Claim.approved_on, Claim.id)
    )
    return [
        (claim.id, compensation.booked(reference.scheme_of(session, code, version), net_of(claim))[1])
        for claim, code, version in session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Allotted:
    """Of one claim's county share: what is due for it, and what of that is paid; whole fen."""

    due: Fen
    paid: Fen


def allotted(session: Session, accounts: Iterable[tuple[str, str]]) -> dict[int, Allotted]:
    """What the counties paid in of their shares, by claim, oldest first (6.5), for accounts of (county, bank).

    What was paid for a claim and recovered since goes to the next one: the account 1201 says the same.
    """
    found: dict[int, Allotted] = {}
    for county, bank in sorted(set(accounts)):
        shares = _shares(session, county, bank)
        book = book_of(Kind.FUND, bank=bank, county=county)
        stands = balances.balance(
            session.connection(), DUE_FROM_COUNTY, book, Clocks(date.max), county=county, bank=bank
        )
        left = sum(share for _, share in shares) - stands
        for claim_id, share in shares:
            part = Fen(max(0, min(share, left)))
            left -= part
            found[claim_id] = Allotted(share, part)
    return found
