"""Balances and turnover of accounts: the only module that sums the journal.

A caller can ask for every figure as of a business day and as known at a moment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, bindparam, case, cast, func, literal, select, union_all
from sqlalchemy.sql.elements import ColumnElement

from ledger import dates
from ledger.chart import Account, Kind, Side, account_of, kind_of
from ledger.database import among
from ledger.money import Fen
from ledger.tables.journal import books, movements, postings


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two dates of a query, which counts entries dated on or before `as_of`, recorded at or before `known_at`."""

    as_of: date
    known_at: datetime | None = None  # Entries recorded at or before this moment count; for None, all entries count.


@dataclass(frozen=True, slots=True)
class Turnover:
    """An account's opening balance on its normal side, and its debits and credits in a range of days, in whole fen."""

    account: Account
    opening: Fen
    debit: Fen
    credit: Fen

    @property
    def closing(self) -> Fen:
        """Return the closing balance of the account, on the account's normal side."""
        moved = self.debit - self.credit if self.account.side is Side.DEBIT else self.credit - self.debit
        return Fen(self.opening + moved)


def balance(
    connection: Connection,
    account: Account,
    book: str,
    clocks: Clocks,
    *,
    county: str | None = None,
    bank: str | None = None,
) -> Fen:
    """Return the balance of an account of a book, on the account's normal side, in fen."""
    rows = _sums(connection, clocks, ("account",), book=book, account=account.code, county=county, bank=bank)
    return Fen(sum(normal(account, row.debit, row.credit) for row in rows))


def turnovers(
    connection: Connection,
    book: str,
    clocks: Clocks,
    *,
    start: date | None = None,
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
) -> tuple[Turnover, ...]:
    """Return the turnover of each account of a book from `start` to `as_of`, both days included, in chart order.

    An opening balance is the balance before `start`. Without `start`, opening balances are zero and all days on or
    before `as_of` count.
    """
    kind = kind_of(book)
    sums: dict[str, list[int]] = {}
    for row in _sums(connection, clocks, ("account",), book=book, county=county, bank=bank, start=start):
        figures = sums.setdefault(row.account, [0, 0, 0])
        account = account_of(kind, row.account)
        debit, credit = (row.debit, row.credit) if start is None else (row.debit_since, row.credit_since)
        figures[0] += normal(account, row.debit - debit, row.credit - credit)
        figures[1] += debit
        figures[2] += credit
    return tuple(Turnover(account_of(kind, code), *map(Fen, figures)) for code, figures in sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """The balance of an account in a book, for one county and one bank; on the account's normal side, in fen."""

    book: str
    account: Account
    county: str
    bank: str
    balance: Fen


def account_balances(
    connection: Connection,
    clocks: Clocks,
    *,
    book: str | None = None,
    account: str | None = None,
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
    kind: Kind | None = None,
) -> tuple[AccountBalance, ...]:
    """Return the balances by book, account, county and bank that match every filter given."""
    balances: dict[tuple[str, str, str, str], int] = {}
    rows = _sums(
        connection,
        clocks,
        ("book", "account", "county", "bank"),
        book=book,
        account=account,
        county=county,
        bank=bank,
        kind=kind,
    )
    for row in rows:
        sub_account = account_of(kind_of(row.book), row.account)
        key = (row.book, row.account, row.county, row.bank)
        balances[key] = balances.get(key, 0) + normal(sub_account, row.debit, row.credit)
    return tuple(
        AccountBalance(book, account_of(kind_of(book), code), in_county, of_bank, Fen(fen))
        for (book, code, in_county, of_bank), fen in sorted(balances.items())
    )


Flows = dict[tuple[str, str, str, str], Fen]
"""Amounts posted between two accounts, net of reversals, in fen; by county, bank, debit code and credit code."""


def flows(
    connection: Connection,
    clocks: Clocks,
    kind: Kind,
    accounts: Sequence[Account],
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
) -> Flows:
    """Return the amounts posted in all books of a kind, for postings whose debit or credit account is among
    `accounts`.
    """
    p, codes = postings.c, [account.code for account in accounts]
    chosen = [p.debit.in_(codes) | p.credit.in_(codes), p.book >= f"{kind}-", p.book < f"{kind}."]
    if county is not None:
        chosen.append(p.county.in_(county if isinstance(county, tuple) else (county,)))
    if bank is not None:
        chosen.append(p.bank == bank)
    pair = (p.county, p.bank, p.debit, p.credit)
    query = select(*pair, sum_of(p.fen).label("fen")).where(*chosen, *within(p, clocks)).group_by(*pair)
    return {(row.county, row.bank, row.debit, row.credit): Fen(row.fen) for row in connection.execute(query)}


def loan_balances(
    connection: Connection, loan_ids: Iterable[int], clocks: Clocks | None = None
) -> dict[int, dict[Account, Fen]]:
    """Return each loan's balances by account, in every book, on the accounts' normal sides, without zero balances.

    If `clocks` is None, every recorded entry counts, whatever its date.
    """
    p = postings.c
    query = (
        select(p.loan_id, p.book, p.debit, p.credit, sum_of(p.fen).label("fen"))
        .where(among(connection, p.loan_id, loan_ids), *within(p, clocks))
        .group_by(p.loan_id, p.book, p.debit, p.credit)
    )
    return by_loan(connection.execute(query).all())


def loan_balance(connection: Connection, loan_id: int, clocks: Clocks | None = None) -> dict[Account, Fen]:
    """Return one loan's balances by account, as `loan_balances` does."""
    clocks = clocks or Clocks(date.max)
    parameters: dict[str, Any] = {"loan": loan_id, "as_of": clocks.as_of}
    query = _OF_LOAN
    if clocks.known_at is not None:
        query, parameters["known_at"] = _OF_LOAN_KNOWN, dates.micros(clocks.known_at)
    balances: dict[Account, Fen] = {}
    for row in connection.execute(query, parameters):
        _add(balances, *row)
    return _without_zeros(balances)


def _of_loan(*known: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the sums of one loan's postings, built once because building takes longer than running the
    query.
    """
    p = postings.c
    return (
        select(p.book, p.debit, p.credit, sum_of(p.fen).label("fen"))
        .where(p.loan_id == bindparam("loan"), p.effective_on <= bindparam("as_of"), *known)
        .group_by(p.book, p.debit, p.credit)
    )


def closed_through(connection: Connection) -> dict[str, date | None]:
    """Return the last closed day of each book, None for a book without a closed month."""
    rows = connection.execute(select(books.c.book, books.c.closed_through).order_by(books.c.book))
    return {row.book: row.closed_through for row in rows}


def by_loan(rows: Sequence[Any]) -> dict[int, dict[Account, Fen]]:
    """Return each loan's balances by account from rows of loan, book, debit, credit and fen, without zero balances."""
    balances: dict[int, dict[Account, Fen]] = {}
    for loan, *row in rows:
        _add(balances.setdefault(loan, {}), *row)
    return {loan: _without_zeros(sums) for loan, sums in balances.items()}


def _add(balances: dict[Account, Fen], book: str, debit: str, credit: str, fen: int) -> None:
    for account, sign in _sides(book, debit, credit):
        balances[account] = Fen(balances.get(account, 0) + sign * fen)


def _without_zeros(sums: dict[Account, Fen]) -> dict[Account, Fen]:
    return {account: fen for account, fen in sums.items() if fen}


@cache
def _sides(book: str, debit: str, credit: str) -> tuple[tuple[Account, int], tuple[Account, int]]:
    """Return the two accounts of a posting, each with the sign by which the posting changes the account's balance."""
    kind = kind_of(book)
    debited, credited = account_of(kind, debit), account_of(kind, credit)
    return (debited, 1 if debited.side is Side.DEBIT else -1), (credited, -1 if credited.side is Side.DEBIT else 1)


def within(p: Any, clocks: Clocks | None) -> list[ColumnElement[bool]]:
    """Return the conditions that limit rows with columns `p` to the dates of `clocks`; for None, there are none."""
    if clocks is None:
        return []
    conditions = [p.effective_on <= clocks.as_of]
    if clocks.known_at is not None:
        conditions.append(p.recorded_at <= dates.micros(clocks.known_at))
    return conditions


def normal(account: Account, debit: int, credit: int) -> int:
    """Return the balance of an account on its normal side from its sums of debits and credits."""
    return debit - credit if account.side is Side.DEBIT else credit - debit


def _sums(
    connection: Connection,
    clocks: Clocks,
    by: Sequence[str],
    *,
    start: date | None = None,
    kind: Kind | None = None,
    **filters: Any,
) -> Sequence[Any]:
    """Return debit and credit sums grouped by the chosen columns among book, account, county and bank.

    With `start`, each row also has `debit_since` and `credit_since`, the sums of the days on and after `start`. Daily
    movements give the sums of everything recorded before the day of `known_at`. Postings recorded on the day of
    `known_at` are added to the daily movements one by one. Where nothing was recorded after `known_at`, daily movements
    alone give the sums.
    """
    if clocks.known_at is not None and not _recorded_after(connection, clocks.known_at):
        clocks = Clocks(clocks.as_of)
    given = {name: value for name, value in filters.items() if value is not None}
    parameters = given | {"as_of": clocks.as_of}
    if start is not None:
        parameters["start"] = start
    if kind is not None:
        parameters |= {"from_book": f"{kind}-", "to_book": f"{kind}."}
    if clocks.known_at is not None:
        today = dates.business_day(clocks.known_at)
        parameters |= {
            "today": today,
            "midnight": dates.micros(dates.day_start(today)),
            "known_at": dates.micros(clocks.known_at),
        }
    chosen = tuple((name, isinstance(value, tuple)) for name, value in given.items())
    shape = _SumShape(tuple(by), chosen, kind is not None, start is not None, clocks.known_at is not None)
    return connection.execute(_sum_query(shape), parameters).all()


class _SumShape(NamedTuple):
    """The shape of a query for sums, without values: the grouping columns, and which filters and bounds are set."""

    by: tuple[str, ...]
    chosen: tuple[tuple[str, bool], ...]  # Filtered columns, each with True if the filter is a list of values.
    of_kind: bool
    from_start: bool
    known: bool


@cache
def _sum_query(shape: _SumShape) -> Any:
    """Return the query of a shape, built once per shape because building takes longer than running the query."""
    parts = [_movement_sums(shape)]
    if shape.known:
        parts += [_posting_sums(shape, side) for side in Side]
    return union_all(*parts) if len(parts) > 1 else parts[0]


def _recorded_after(connection: Connection, known_at: datetime) -> bool:
    later = select(postings.c.recorded_at).where(postings.c.recorded_at > dates.micros(known_at)).limit(1)
    return connection.execute(later).first() is not None


def _movement_sums(shape: _SumShape) -> Select[Any]:
    m = movements.c
    conditions = _conditions(shape, m, m.account)
    if shape.known:
        conditions.append(m.recorded_on < bindparam("today"))
    columns = [m[name] for name in shape.by]
    return _grouped(shape, columns, m.debit, m.credit, m.effective_on).where(*conditions)


def _posting_sums(shape: _SumShape, side: Side) -> Select[Any]:
    p, nothing = postings.c, literal(0)
    account = p.debit if side is Side.DEBIT else p.credit
    debit, credit = (p.fen, nothing) if side is Side.DEBIT else (nothing, p.fen)
    columns = [account.label("account") if name == "account" else p[name] for name in shape.by]
    conditions = _conditions(shape, p, account)
    conditions += [p.recorded_at >= bindparam("midnight"), p.recorded_at <= bindparam("known_at")]
    return _grouped(shape, columns, debit, credit, p.effective_on).where(*conditions)


def _conditions(shape: _SumShape, table: Any, account: ColumnElement[str]) -> list[ColumnElement[bool]]:
    conditions = [table.effective_on <= bindparam("as_of")]
    for name, several in shape.chosen:
        column = account if name == "account" else table[name]
        conditions.append(column.in_(bindparam(name, expanding=True)) if several else column == bindparam(name))
    if shape.of_kind:
        conditions += [table.book >= bindparam("from_book"), table.book < bindparam("to_book")]
    return conditions


def _grouped(shape: _SumShape, by: Sequence[ColumnElement[Any]], debit: Any, credit: Any, on: Any) -> Select[Any]:
    sums = {"debit": debit, "credit": credit}
    if shape.from_start:
        sums |= {f"{name}_since": case((on >= bindparam("start"), column), else_=0) for name, column in sums.items()}
    summed = [sum_of(column).label(name) for name, column in sums.items()]
    return select(*by, *summed).group_by(*by)


def sum_of(column: Any) -> ColumnElement[int]:
    """Return the SQL sum of a column of fen, as a whole number on every engine."""
    return cast(func.sum(column), BigInteger)


_OF_LOAN = _of_loan()
_OF_LOAN_KNOWN = _of_loan(postings.c.recorded_at <= bindparam("known_at"))
