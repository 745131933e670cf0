"""The fund's deposit accounts at the banks (专户): interest, county money, reconciliation and wind-down."""

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
"""The accounts whose balance must be zero before a fund account is wound down (5.8)."""


def credit_interest(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> int:
    """Book interest that the bank has credited to a fund account (5.6), and return the id of the event.

    Raise NotFound, WoundDown, PeriodClosed, FutureDate, or NotAnAmount where the amount is not above zero.
    """
    return _receive(unit, FundInterestCredited, county, bank, amount, on, slip_no)


def contribute(unit: Unit, county: str, bank: str, amount: Money, on: date, slip_no: str) -> int:
    """Book money that the county adds to its fund account (县级自筹), and return the id of the event.

    Money that the county adds does not reduce the calls of the fund's plans (5.2). Raise the same errors as
    `credit_interest`.
    """
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
    """A fund account's closing balance of a quarter according to the bank and according to the books, in fen."""

    id: int
    quarter: Quarter
    bank_fen: Fen
    book_fen: Fen

    @property
    def difference(self) -> Fen:
        """Return the bank's balance less the books' balance, in fen."""
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
    """Record a fund account's closing balance as stated by the bank (对账); return the bank's and the books' balance.

    A difference is listed until the difference is gone or explained (5.7). Without `quarter`, the last quarter that has
    ended by the day `on` is reconciled. Raise FutureDate, NotFound.
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
    """Raise NotReconciled where a county's fund accounts are not reconciled for the quarter that ends on a day (5.7).

    An account is reconciled when the bank's figure equals the present books' balance for the last day of the quarter,
    or when the difference is explained. Days that end no quarter are not checked.
    """
    quarter = Quarter.of(last)
    if last != quarter.calendar.end - DAY:
        return
    book = book_of(Kind.FUND, bank="", county=county)
    closing_balances = balances.account_balances(unit.connection, Clocks(last), book=book, account=c.FUND_DEPOSITS.code)
    reconciliations = _latest(unit, county, quarter)
    unreconciled = [
        closing.bank
        for closing in closing_balances
        if (row := reconciliations.get(closing.bank)) is None
        or (row.bank_fen != closing.balance and not row.explanation)
    ]
    if unreconciled:
        raise NotReconciled(rule="5.7", book=book, month=f"{last:%Y-%m}", found=", ".join(unreconciled))


def _latest(unit: Unit, county: str, quarter: Quarter) -> dict[str, Reconciliation]:
    """Return by bank the latest reconciliation of the bank's fund account for a county and quarter."""
    query = select(Reconciliation).where(Reconciliation.county == county, Reconciliation.quarter == str(quarter))
    return {row.bank: row for row in unit.session.execute(query.order_by(Reconciliation.id)).scalars()}


def check_wind_down(unit: Unit, loan_id: int | None, payload: Mapping[str, Any]) -> None:
    """Raise NotRunOff, naming the balances that are not zero, where a fund account cannot be wound down (清退).

    Raise WoundDown where the account was wound down before, FutureDate where the day of the winding-down lies after
    today.
    """
    county, bank = payload["county"], payload["bank"]
    unit.not_future(date.fromisoformat(payload["on"]), "on")
    targets.check_standing(unit, county, bank)
    account_balances = _account_balances(unit, county, bank)
    open_accounts = [
        Said(
            f"{account.code} {plain(account_balances[account])}",
            f"{account.code}{account.zh} {plain(account_balances[account])} 元",
        )
        for account in _RUN_OFF
        if account_balances.get(account)
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
    """Close a fund account's interest and losses into the fund's capital, and return the account's money (5.8).

    After a fund account is wound down, every account of the fund book has a zero balance for the bank. Raise the same
    errors as `check_wind_down`.
    """
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
    account_balances = _account_balances(unit, county, bank)
    to_city, to_county = account_balances.get(c.CITY_FUND, NIL), account_balances.get(c.COUNTY_FUND, NIL)
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
    """Return the event that closes a fund account's interest and losses.

    Interest goes to the city's money where the city has contributed, else to the county's money. Losses reduce the
    city's money down to zero, and then the county's money.
    """
    account_balances = _account_balances(unit, county, bank)
    contributed = fund_calls.contributed(unit.session, county, bank)
    by_city = contributed.get(Account(county, bank, "city"), NIL) > 0 or not contributed
    interest = account_balances.get(c.FUND_INTEREST, NIL)
    room = account_balances.get(c.CITY_FUND, NIL) + interest if by_city else NIL
    losses_of_city, losses_of_county = [], []
    for loan, loss in _losses(unit, county, bank):
        city_part = min(loss, room)
        room -= city_part
        if city_part:
            losses_of_city.append(LoanPart(loan, Fen(city_part)))
        if loss - city_part:
            losses_of_county.append(LoanPart(loan, Fen(loss - city_part)))
    return FundResultClosed(
        effective_on=on,
        county=county,
        bank=bank,
        interest_to_city=interest if by_city else NIL,
        interest_to_county=NIL if by_city else interest,
        losses_of_city=tuple(losses_of_city),
        losses_of_county=tuple(losses_of_county),
    )


def _losses(unit: Unit, county: str, bank: str) -> list[tuple[int, int]]:
    """Return the loans on which the fund has a final loss (account 5001), each with the loss in fen."""
    disbursed = select(Loan.id).where(Loan.county == county, Loan.bank == bank, Loan.disbursed_on.is_not(None))
    balances_by_loan = balances.loan_balances(unit.connection, unit.session.execute(disbursed).scalars())
    return [
        (loan, lost)
        for loan, sums in sorted(balances_by_loan.items())
        if (lost := sums.get(c.COMPENSATION_LOSS, 0)) > 0
    ]


def _account_balances(unit: Unit, county: str, bank: str) -> dict[c.Account, Fen]:
    """Return the balance of every account of a county's fund book for one bank, in whole fen over all business days."""
    book = book_of(Kind.FUND, bank=bank, county=county)
    rows = balances.account_balances(unit.connection, Clocks(date.max), book=book, bank=bank)
    return {row.account: row.balance for row in rows}
