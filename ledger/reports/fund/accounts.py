"""Reports of the fund accounts (专户) as of a day: balances, loans, statements and idle money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from ledger import balances
from ledger import chart as c
from ledger.activity import AccountLine, account_lines
from ledger.balances import Clocks
from ledger.chart import Kind, book_of
from ledger.dates import DAY
from ledger.money import NIL, Fen, half_up
from ledger.policy.risk_fund import head_room
from ledger.queries import claims_owed, fund_calls, reference
from ledger.queries.fund_calls import Account


@dataclass(frozen=True, slots=True)
class AccountShown:
    """A fund account (专户) with its money and with the loans that the account backs, in whole fen.

    `multiple` is the scheme's fund multiple, and `head_room` is the amount in fen that may still be lent.
    """

    county: str
    bank: str
    balance: Fen
    contributed: Fen
    issued: Fen
    in_transit: Fen
    queued: Fen
    multiple: Decimal
    head_room: Fen


def accounts(
    session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None
) -> list[AccountShown]:
    """Return the fund accounts that have a balance or contributions, or loans of their bank in their county."""
    connection = session.connection()
    balances_by_account = _account_balances(connection, clocks, county, bank)
    contributed = fund_calls.contributed(session, county, bank, clocks)
    lent = fund_calls.issued_through(session, clocks.as_of, county, bank)
    queued = claims_owed.queued_by_account(session, county, bank)
    scheme = reference.latest_scheme(session, reference.MAIN_SCHEME)
    keys = balances_by_account.keys() | {key[:2] for key in contributed} | lent.keys()
    return [
        _account(
            key,
            balances_by_account.get(key, {}),
            _both(contributed, key),
            lent.get(key, NIL),
            queued.get(key, NIL),
            scheme.fund_multiple,
        )
        for key in sorted(keys)
    ]


def _account(
    key: tuple[str, str], balance_of: Mapping[str, Fen], contributed: Fen, lent: Fen, queued: Fen, multiple: Decimal
) -> AccountShown:
    transit = balance_of.get(c.CITY_APPROPRIATION.code, 0) + balance_of.get(c.COUNTY_TRANSIT.code, 0)
    return AccountShown(
        *key,
        balance_of.get(c.FUND_DEPOSITS.code, NIL),
        contributed,
        lent,
        Fen(transit),
        queued,
        multiple,
        head_room(Fraction(multiple), contributed, lent),
    )


def _both(contributed: Mapping[Account, Fen], key: tuple[str, str]) -> Fen:
    return Fen(sum(contributed.get(Account(*key, source), 0) for source in ("city", "county")))


def _account_balances(
    connection: Connection, clocks: Clocks, county: str | None, bank: str | None
) -> dict[tuple[str, str], dict[str, Fen]]:
    by_account: dict[tuple[str, str], dict[str, Fen]] = {}
    for row in balances.account_balances(connection, clocks, kind=Kind.FUND, county=county, bank=bank):
        by_account.setdefault((row.county, row.bank), {})[row.account.code] = row.balance
    return by_account


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a fund account (对账单) in whole fen; the days `start` and `to` are inclusive."""

    county: str
    bank: str
    start: date
    to: date
    opening: Fen
    movements: tuple[AccountLine, ...]
    account: AccountShown

    @property
    def closing(self) -> Fen:
        """Return the closing balance of the statement, in fen."""
        return Fen(self.opening + sum(line.moved for line in self.movements))

    @property
    def in_transit(self) -> Fen:
        return self.account.in_transit

    @property
    def queued(self) -> Fen:
        return self.account.queued

    @property
    def head_room(self) -> Fen:
        return self.account.head_room

    @property
    def multiple(self) -> Decimal:
        return self.account.multiple


def statement(session: Session, county: str, bank: str, start: date, clocks: Clocks) -> Statement:
    """Return a fund account's opening balance, movements and closing balance, and the account as of the last day."""
    connection, book = session.connection(), book_of(Kind.FUND, bank=bank, county=county)
    before = Clocks(start - DAY, clocks.known_at)
    opening = balances.balance(connection, c.FUND_DEPOSITS, book, before, bank=bank)
    lines = account_lines(connection, c.FUND_DEPOSITS, book, clocks, start=start, bank=bank)
    shown = accounts(session, clocks, county, bank)
    multiple = reference.latest_scheme(session, reference.MAIN_SCHEME).fund_multiple
    account = shown[0] if shown else _account((county, bank), {}, NIL, NIL, NIL, multiple)
    return Statement(county, bank, start, clocks.as_of, opening, lines, account)


@dataclass(frozen=True, slots=True)
class Idle:
    """A fund account's balance, and the amount that its open loans need (资金沉淀), in fen.

    `needed` is the fund rate times the open loans; `cover` is the balance divided by `needed`, or None if no loan is
    open.
    """

    county: str
    bank: str
    balance: Fen
    open_loans: Fen
    needed: Fen
    cover: Decimal | None


def idle_funds(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[Idle]:
    """Return the idle money of each fund account (5.6)."""
    connection = session.connection()
    balances_by_account = _account_balances(connection, clocks, county, bank)
    rate = Fraction(reference.latest_scheme(session, reference.MAIN_SCHEME).fund_rate)
    lent: dict[tuple[str, str], int] = {}
    for account in (c.LOAN_PRINCIPAL, c.OVERDUE_PRINCIPAL):
        for row in balances.account_balances(
            connection, clocks, kind=Kind.LOAN, account=account.code, county=county, bank=bank
        ):
            lent[row.county, row.bank] = lent.get((row.county, row.bank), 0) + row.balance
    rows = []
    for key in sorted(balances_by_account.keys() | lent.keys()):
        balance = balances_by_account.get(key, {}).get(c.FUND_DEPOSITS.code, NIL)
        needed = half_up(rate.numerator * lent.get(key, 0), rate.denominator)
        cover = (Decimal(balance) / Decimal(needed)).quantize(Decimal("0.0001")) if needed else None
        rows.append(Idle(*key, balance, Fen(lent.get(key, 0)), needed, cover))
    return rows
