"""The fund's accounts as of a day (专户): what stands behind them, statements, idle money (scheme 5)."""

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
    """A fund account (专户) with what stands behind it; whole fen, the multiple as the scheme says."""

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
    """Every fund account with anything in it, behind it or lent on it."""
    connection = session.connection()
    stands = _stands(connection, clocks, county, bank)
    given = fund_calls.contributed(session, county, bank, clocks)
    lent = fund_calls.issued_through(session, clocks.as_of, county, bank)
    queued = claims_owed.queued_by_account(session, county, bank)
    scheme = reference.latest_scheme(session, reference.MAIN_SCHEME)
    keys = stands.keys() | {key[:2] for key in given} | lent.keys()
    return [
        _account(
            key, stands.get(key, {}), _both(given, key), lent.get(key, NIL), queued.get(key, NIL), scheme.fund_multiple
        )
        for key in sorted(keys)
    ]


def _account(
    key: tuple[str, str], stands: Mapping[str, Fen], given: Fen, lent: Fen, queued: Fen, multiple: Decimal
) -> AccountShown:
    transit = stands.get(c.CITY_APPROPRIATION.code, 0) + stands.get(c.COUNTY_TRANSIT.code, 0)
    return AccountShown(
        *key,
        stands.get(c.FUND_DEPOSITS.code, NIL),
        given,
        lent,
        Fen(transit),
        queued,
        multiple,
        head_room(Fraction(multiple), given, lent),
    )


def _both(given: Mapping[Account, Fen], key: tuple[str, str]) -> Fen:
    return Fen(sum(given.get(Account(*key, source), 0) for source in ("city", "county")))


def _stands(
    connection: Connection, clocks: Clocks, county: str | None, bank: str | None
) -> dict[tuple[str, str], dict[str, Fen]]:
    found: dict[tuple[str, str], dict[str, Fen]] = {}
    for row in balances.account_balances(connection, clocks, kind=Kind.FUND, county=county, bank=bank):
        found.setdefault((row.county, row.bank), {})[row.account.code] = row.balance
    return found


@dataclass(frozen=True, slots=True)
class Statement:
    """对账单: a fund account from the beginning of `start` to the end of `to`; whole fen."""

    county: str
    bank: str
    start: date
    to: date
    opening: Fen
    movements: tuple[AccountLine, ...]
    account: AccountShown

    @property
    def closing(self) -> Fen:
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
    """A fund account's opening, movements and closing, and what stands behind it on that day."""
    connection, book = session.connection(), book_of(Kind.FUND, bank=bank, county=county)
    before = Clocks(start - DAY, clocks.known_at)
    opening = balances.balance(connection, c.FUND_DEPOSITS, book, before, bank=bank)
    lines = account_lines(connection, c.FUND_DEPOSITS, book, clocks, start=start, bank=bank)
    found = accounts(session, clocks, county, bank)
    multiple = reference.latest_scheme(session, reference.MAIN_SCHEME).fund_multiple
    account = found[0] if found else _account((county, bank), {}, NIL, NIL, NIL, multiple)
    return Statement(county, bank, start, clocks.as_of, opening, lines, account)


@dataclass(frozen=True, slots=True)
class Idle:
    """资金沉淀: a fund account beside what its open loans would need; `cover` = balance / (rate x open loans)."""

    county: str
    bank: str
    balance: Fen
    open_loans: Fen
    needed: Fen
    cover: Decimal | None


def idle_funds(session: Session, clocks: Clocks, county: str | None = None, bank: str | None = None) -> list[Idle]:
    """Idle money by account (5.6); no cover where nothing is lent."""
    connection = session.connection()
    stands = _stands(connection, clocks, county, bank)
    rate = Fraction(reference.latest_scheme(session, reference.MAIN_SCHEME).fund_rate)
    lent: dict[tuple[str, str], int] = {}
    for account in (c.LOAN_PRINCIPAL, c.OVERDUE_PRINCIPAL):
        for row in balances.account_balances(
            connection, clocks, kind=Kind.LOAN, account=account.code, county=county, bank=bank
        ):
            lent[row.county, row.bank] = lent.get((row.county, row.bank), 0) + row.balance
    rows = []
    for key in sorted(stands.keys() | lent.keys()):
        balance = stands.get(key, {}).get(c.FUND_DEPOSITS.code, NIL)
        needed = half_up(rate.numerator * lent.get(key, 0), rate.denominator)
        cover = (Decimal(balance) / Decimal(needed)).quantize(Decimal("0.0001")) if needed else None
        rows.append(Idle(*key, balance, Fen(lent.get(key, 0)), needed, cover))
    return rows
