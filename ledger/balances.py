"""The journal's reading door: the only sums there are. Every figure answers as_of and known_at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, case, cast, func, literal, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from ledger import dates
from ledger.chart import Account, Kind, Side, account_of, kind_of
from ledger.database import among
from ledger.money import Fen
from ledger.tables.journal import books, movements, postings


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two dates of a question: what stood at the end of `as_of`, as was recorded by `known_at`."""

    as_of: date
    known_at: datetime | None = None  # None: all that is recorded


@dataclass(frozen=True, slots=True)
class Turnover:
    """An account over a stretch of days: balances on its normal side, turnover on both; whole fen."""

    account: Account
    opening: Fen
    debit: Fen
    credit: Fen

    @property
    def closing(self) -> Fen:
        moved = self.debit - self.credit if self.account.side is Side.DEBIT else self.credit - self.debit
        return Fen(self.opening + moved)


def balance(
    connection: Connection, account: Account, book: str, clocks: Clocks, *,
    county: str | None = None, bank: str | None = None,
) -> Fen:  # fmt: skip
    """What an account of a book stood at, on its normal side, in fen."""
    rows = _sums(connection, clocks, book=book, account=account.code, county=county, bank=bank)
    return Fen(sum(normal(account, row.debit, row.credit) for row in rows))


def turnovers(
    connection: Connection, book: str, clocks: Clocks, *,
    start: date | None = None, county: str | tuple[str, ...] | None = None, bank: str | None = None,
) -> tuple[Turnover, ...]:  # fmt: skip
    """Every account of a book: opening before `start`, turnover from `start` through as_of; chart order.

    Without a start everything is turnover and openings are zero.
    """
    first = start or date.min
    kind = kind_of(book)
    sums: dict[str, list[int]] = {}
    for row in _sums(connection, clocks, book=book, county=county, bank=bank, start=first):
        into = sums.setdefault(row.account, [0, 0, 0])
        account = account_of(kind, row.account)
        into[0] += normal(account, row.debit - row.debit_in, row.credit - row.credit_in)
        into[1] += row.debit_in
        into[2] += row.credit_in
    return tuple(
        Turnover(account_of(kind, code), *map(Fen, figures)) for code, figures in sorted(sums.items())
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A balance by book, account, county and bank; on the account's normal side, in fen."""

    book: str
    account: Account
    county: str
    bank: str
    balance: Fen


def standings(
    connection: Connection, clocks: Clocks, *, book: str | None = None, account: str | None = None,
    county: str | tuple[str, ...] | None = None, bank: str | None = None, kind: Kind | None = None,
) -> tuple[Standing, ...]:  # fmt: skip
    """Balances by book, account, county and bank, for everything the filters leave."""
    found: dict[tuple[str, str, str, str], int] = {}
    rows = _sums(connection, clocks, book=book, account=account, county=county, bank=bank, kind=kind)
    for row in rows:
        sub_account = account_of(kind_of(row.book), row.account)
        key = (row.book, row.account, row.county, row.bank)
        found[key] = found.get(key, 0) + normal(sub_account, row.debit, row.credit)
    return tuple(
        Standing(book, account_of(kind_of(book), code), in_county, of_bank, Fen(fen))
        for (book, code, in_county, of_bank), fen in sorted(found.items())
    )


def loan_balances(
    connection: Connection, loan_ids: Iterable[int], clocks: Clocks | None = None
) -> dict[int, dict[Account, Fen]]:
    """What each loan's accounts stand at, in every book, on their normal sides; zero ones are left out.

    Without clocks: all that is recorded, whatever its date.
    """
    p = postings.c
    query = (
        select(p.loan_id, p.book, p.debit, p.credit, sum_of(p.fen).label("fen"))
        .where(among(connection, p.loan_id, loan_ids), *within(p, clocks))
        .group_by(p.loan_id, p.book, p.debit, p.credit)
    )
    return by_loan(connection.execute(query).all())


def loan_balance(connection: Connection, loan_id: int, clocks: Clocks | None = None) -> dict[Account, Fen]:
    """One loan's accounts, as `loan_balances`."""
    p = postings.c
    query = (
        select(p.loan_id, p.book, p.debit, p.credit, sum_of(p.fen).label("fen"))
        .where(p.loan_id == loan_id, *within(p, clocks))
        .group_by(p.loan_id, p.book, p.debit, p.credit)
    )
    return by_loan(connection.execute(query).all()).get(loan_id, {})


def closed_through(connection: Connection) -> dict[str, date | None]:
    """Every book's last closed day, None while nothing of it is closed."""
    rows = connection.execute(select(books.c.book, books.c.closed_through).order_by(books.c.book))
    return {row.book: row.closed_through for row in rows}


def by_loan(rows: Sequence[Any]) -> dict[int, dict[Account, Fen]]:
    found: dict[int, dict[Account, Fen]] = {}
    for row in rows:
        kind = kind_of(row.book)
        of_loan = found.setdefault(row.loan_id, {})
        for code, sign in ((row.debit, 1), (row.credit, -1)):
            account = account_of(kind, code)
            signed = sign if account.side is Side.DEBIT else -sign
            of_loan[account] = Fen(of_loan.get(account, 0) + signed * row.fen)
    return {loan: {a: fen for a, fen in sums.items() if fen} for loan, sums in found.items()}


def within(p: Any, clocks: Clocks | None) -> list[ColumnElement[bool]]:
    if clocks is None:
        return []
    within = [p.effective_on <= clocks.as_of]
    if clocks.known_at is not None:
        within.append(p.recorded_at <= dates.micros(clocks.known_at))
    return within


def normal(account: Account, debit: int, credit: int) -> int:
    return debit - credit if account.side is Side.DEBIT else credit - debit


def _sums(
    connection: Connection, clocks: Clocks, *, start: date = date.min, kind: Kind | None = None, **filters: Any
) -> Sequence[Any]:
    """Debit and credit sums by book, account, county and bank; `_in` for the part from `start` on.

    Movements answer for every recorded day before known_at's; that day's own postings are added one by one.
    Where nothing was recorded after known_at, movements answer alone.
    """
    if clocks.known_at is not None and not _recorded_after(connection, clocks.known_at):
        clocks = Clocks(clocks.as_of)
    parts = [_movement_sums(clocks, start, kind, filters)]
    if clocks.known_at is not None:
        parts += [_posting_sums(clocks, start, kind, filters, side) for side in Side]
    return connection.execute(union_all(*parts) if len(parts) > 1 else parts[0]).all()


def _recorded_after(connection: Connection, known_at: datetime) -> bool:
    later = select(postings.c.recorded_at).where(postings.c.recorded_at > dates.micros(known_at)).limit(1)
    return connection.execute(later).first() is not None


def _movement_sums(clocks: Clocks, start: date, kind: Kind | None, filters: dict[str, Any]) -> Select[Any]:
    m = movements.c
    within = [m.effective_on <= clocks.as_of, *_filtered(m, filters, kind)]
    if clocks.known_at is not None:
        within.append(m.recorded_on < dates.business_day(clocks.known_at))
    return _grouped(m, m.account, m.debit, m.credit, start, within)


def _posting_sums(
    clocks: Clocks, start: date, kind: Kind | None, filters: dict[str, Any], side: Side
) -> Select[Any]:
    p = postings.c
    assert clocks.known_at is not None
    account = p.debit if side is Side.DEBIT else p.credit
    midnight = dates.micros(dates.day_start(dates.business_day(clocks.known_at)))
    within = [
        p.effective_on <= clocks.as_of,
        p.recorded_at >= midnight,
        p.recorded_at <= dates.micros(clocks.known_at),
        *_filtered(p, {name: value for name, value in filters.items() if name != "account"}, kind),
    ]
    if filters.get("account") is not None:
        within.append(account == filters["account"])
    nothing = literal(0)
    debit, credit = (p.fen, nothing) if side is Side.DEBIT else (nothing, p.fen)
    return _grouped(p, account, debit, credit, start, within)


def _filtered(table: Any, filters: dict[str, Any], kind: Kind | None) -> list[ColumnElement[bool]]:
    chosen = [
        table[name].in_(value) if isinstance(value, tuple) else table[name] == value
        for name, value in filters.items() if value is not None
    ]  # fmt: skip
    if kind is not None:
        chosen.append(and_(table.book >= f"{kind}-", table.book < f"{kind}."))
    return chosen


def _grouped(
    table: Any, account: ColumnElement[str], debit: Any, credit: Any, start: date, within: list[Any]
) -> Select[Any]:
    since = table.effective_on >= start
    return (
        select(
            table.book, account.label("account"), table.county, table.bank,
            sum_of(debit).label("debit"), sum_of(credit).label("credit"),
            sum_of(case((since, debit), else_=0)).label("debit_in"),
            sum_of(case((since, credit), else_=0)).label("credit_in"),
        )
        .where(*within)
        .group_by(table.book, account, table.county, table.bank)
    )  # fmt: skip


def sum_of(column: Any) -> ColumnElement[int]:
    """A sum of fen as a whole number on every engine."""
    return cast(func.sum(column), BigInteger)
