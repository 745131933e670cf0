"""The fund's accounts at the banks (专户): interest, the county's own money, reconciliation, wind-down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from moneyed import Money
from sqlalchemy import select

from ledger import balances, journal, movements
from ledger import chart as c
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.dates import DAY, Quarter
from ledger.errors import RuleViolation
from ledger.events import CountyFundContributed, FundInterestCredited, FundResultClosed, FundReturned, LoanPart
from ledger.ids import new_id
from ledger.labels import Said
from ledger.money import NIL, Fen, plain, to_fen
from ledger.operations.fund import targets
from ledger.policy.risk_fund import NotAnAmount
from ledger.queries import claims_owed, fund_calls
from ledger.queries.fund_calls import Account
from ledger.tables.fund import FundReturn, Reconciliation
from ledger.tables.loans import Approval, Loan
from ledger.unit_of_work import Unit


class NotReconciled(RuleViolation):
    code = "not_reconciled"
    zh = "账套 {book} {month} 结账前须完成专户对账：{found:text}（{rule}）"
    en = "before {month} of {book} closes its accounts are reconciled or explained; missing: {found:text} ({rule})"


class NotRunOff(RuleViolation):
    code = "fund_account_not_run_off"
    zh = "专户 {county}/{bank} 尚不能清退：{found:text}（{rule}）"
    en = "the fund account {county}/{bank} is not wound down yet: {found:text} ({rule})"


_RUN_OFF = (
    c.CITY_APPROPRIATION,
    c.COUNTY_TRANSIT,
    c.DUE_FROM_COUNTY,
    c.RECOURSE,
    c.RECOURSE_ALLOWANCE,
    c.RECOVERY_SUSPENSE,
)
"""What has to stand at zero before an account is wound down (5.8)."""


def credit_interest(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> int:
    """Interest the bank credited to the account (5.6); answers the event's id.

    Raises NotAnAmount, WoundDown, PeriodClosed, NotFound, FutureDate.
    """
    return _receive(unit, FundInterestCredited, county, bank, amount, on, slip_no)


def contribute(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> int:
    """The county's own extra money (县级自筹); it is none of the calls (5.2). As `credit_interest`."""
    return _receive(unit, CountyFundContributed, county, bank, amount, on, slip_no)


def _receive(
    unit: Unit,
    kind: type[FundInterestCredited | CountyFundContributed],
    county: str,
    bank: str,
    amount: Money,
    on: date,
    slip_no: str,
) -> int:
    unit.not_future(on, "on")
    targets.check_standing(unit, county, bank)
    if to_fen(amount) <= 0:
        raise NotAnAmount(rule="5.6", found=amount)
    event = kind(effective_on=on, county=county, bank=bank, amount=to_fen(amount))
    return journal.record(unit, event, document=slip_no)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The bank's closing balance of a quarter beside ours, in fen."""

    id: int
    quarter: Quarter
    bank_fen: Fen
    book_fen: Fen

    @property
    def difference(self) -> Fen:
        return Fen(self.bank_fen - self.book_fen)


def reconcile(
    unit: Unit,
    county: str,
    bank: str,
    closing: Money,
    on: date,
    slip_no: str,
    quarter: Quarter | None = None,
    explanation: str = "",
) -> Reconciled:
    """Record the bank's closing balance of a quarter (对账); a difference is listed until gone or explained (5.7).

    The quarter is the last one over on `on` unless named. Raises FutureDate, NotFound.
    """
    unit.not_future(on, "on")
    quarter = quarter or Quarter.of(on).shift(0 if on == Quarter.of(on).calendar.end - DAY else -1)
    booked = balances.balance(
        unit.connection,
        c.FUND_DEPOSITS,
        book_of(Kind.FUND, bank=bank, county=county),
        Clocks(quarter.calendar.end - DAY),
        bank=bank,
    )
    row = Reconciliation(
        id=new_id(),
        county=county,
        bank=bank,
        quarter=str(quarter),
        bank_fen=to_fen(closing),
        book_fen=booked,
        explanation=explanation,
        slip_no=slip_no,
        made_by=unit.user,
        made_on=on,
        recorded_at=unit.recorded_at,
    )
    unit.session.add(row)
    unit.session.flush()
    return Reconciled(row.id, quarter, to_fen(closing), booked)


def check_reconciled(unit: Unit, county: str, last: date) -> None:
    """Before a quarter's last month of a county's fund book closes: every account reconciled or explained (5.7).

    Asked of the balance as it stands now. Raises NotReconciled naming the accounts.
    """
    quarter = Quarter.of(last)
    if last != quarter.calendar.end - DAY:
        return
    book = book_of(Kind.FUND, bank="", county=county)
    stands = balances.standings(unit.connection, Clocks(last), book=book, account=c.FUND_DEPOSITS.code)
    told = _latest(unit, county, quarter)
    missing = [
        standing.bank
        for standing in stands
        if (row := told.get(standing.bank)) is None or (row.bank_fen != standing.balance and not row.explanation)
    ]
    if missing:
        raise NotReconciled(rule="5.7", book=book, month=f"{last:%Y-%m}", found=", ".join(missing))


def _latest(unit: Unit, county: str, quarter: Quarter) -> dict[str, Reconciliation]:
    query = select(Reconciliation).where(Reconciliation.county == county, Reconciliation.quarter == str(quarter))
    return {row.bank: row for row in unit.session.execute(query.order_by(Reconciliation.id)).scalars()}


def check_wind_down(unit: Unit, loan_id: int | None, payload: Mapping[str, Any]) -> None:
    """Whether an account may be wound down (清退) now; raises NotRunOff naming what stands, WoundDown."""
    county, bank = payload["county"], payload["bank"]
    unit.not_future(date.fromisoformat(payload["on"]), "on")
    targets.check_standing(unit, county, bank)
    stands = _stands(unit, county, bank)
    open_accounts = [
        Said(f"{account.code} {plain(stands[account])}", f"{account.code}{account.zh} {plain(stands[account])} 元")
        for account in _RUN_OFF
        if stands.get(account)
    ]
    for queued in claims_owed.queued_by_account(unit.session, county, bank).values():
        open_accounts.append(Said(f"queued {plain(queued)}", f"排队代偿 {plain(queued)} 元"))
    if open_accounts:
        raise NotRunOff(
            rule="5.8",
            county=county,
            bank=bank,
            found=Said("; ".join(open_accounts), "；".join(each.zh for each in open_accounts)),
        )


def apply_return(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Close the account's result into the fund and return the money (5.8); afterwards its every account is zero."""
    county, bank, on = payload["county"], payload["bank"], date.fromisoformat(payload["on"])
    movements.held_balance(unit, county, bank)
    check_wind_down(unit, None, payload)
    about = {
        "document": str(payload.get("slip_no") or ""),
        "reason": approval.reason,
        "made_by": approval.made_by,
        "checked_by": unit.user,
    }
    result = _result(unit, county, bank, on)
    if any((result.interest_to_city, result.interest_to_county, result.losses_of_city, result.losses_of_county)):
        journal.record(unit, result, **about)
        movements.settle(unit)
    stands = _stands(unit, county, bank)
    to_city, to_county = stands.get(c.CITY_FUND, NIL), stands.get(c.COUNTY_FUND, NIL)
    event = FundReturned(effective_on=on, county=county, bank=bank, to_city=to_city, to_county=to_county)
    event_id = journal.record(unit, event, **about)
    unit.session.add(
        FundReturn(
            county=county,
            bank=bank,
            on=on,
            city_fen=to_city,
            county_fen=to_county,
            made_by=approval.made_by,
            checked_by=unit.user,
            event_id=event_id,
        )
    )
    unit.session.flush()


def _result(unit: Unit, county: str, bank: str, on: date) -> FundResultClosed:
    """Interest into the fund that earned it; losses from the city's part as far as it goes, then the county's."""
    stands = _stands(unit, county, bank)
    given = fund_calls.contributed(unit.session, county, bank)
    by_city = given.get(Account(county, bank, "city"), NIL) > 0 or not given
    interest = stands.get(c.FUND_INTEREST, NIL)
    room = stands.get(c.CITY_FUND, NIL) + interest if by_city else NIL
    of_city, of_county = [], []
    for loan, loss in _losses(unit, county, bank):
        part = min(loss, room)
        room -= part
        if part:
            of_city.append(LoanPart(loan, Fen(part)))
        if loss - part:
            of_county.append(LoanPart(loan, Fen(loss - part)))
    return FundResultClosed(
        effective_on=on,
        county=county,
        bank=bank,
        interest_to_city=interest if by_city else NIL,
        interest_to_county=NIL if by_city else interest,
        losses_of_city=tuple(of_city),
        losses_of_county=tuple(of_county),
    )


def _losses(unit: Unit, county: str, bank: str) -> list[tuple[int, int]]:
    """What the fund lost for good, loan by loan (5001)."""
    mine = select(Loan.id).where(Loan.county == county, Loan.bank == bank, Loan.disbursed_on.is_not(None))
    found = balances.loan_balances(unit.connection, unit.session.execute(mine).scalars())
    return [(loan, lost) for loan, sums in sorted(found.items()) if (lost := sums.get(c.COMPENSATION_LOSS, 0)) > 0]


def _stands(unit: Unit, county: str, bank: str) -> dict[c.Account, Fen]:
    """Every account of one bank in the county's fund book, whatever its date."""
    book = book_of(Kind.FUND, bank=bank, county=county)
    found = balances.standings(unit.connection, Clocks(date.max), book=book, bank=bank)
    return {standing.account: standing.balance for standing in found}
