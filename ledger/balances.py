"""The journal's reading door: the only sums there are. Every figure answers as_of and known_at."""

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
    connection: Connection,
    account: Account,
    book: str,
    clocks: Clocks,
    *,
    county: str | None = None,
    bank: str | None = None,
) -> Fen:
    """What an account of a book stood at, on its normal side, in fen."""
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
    """Every account of a book: opening before `start`, turnover from `start` through as_of; chart order.

    Without a start everything is turnover and openings are zero.
    """
    kind = kind_of(book)
    sums: dict[str, list[int]] = {}
    for row in _sums(connection, clocks, ("account",), book=book, county=county, bank=bank, start=start):
        into = sums.setdefault(row.account, [0, 0, 0])
        account = account_of(kind, row.account)
        debit, credit = (row.debit, row.credit) if start is None else (row.debit_in, row.credit_in)
        into[0] += normal(account, row.debit - debit, row.credit - credit)
        into[1] += debit
        into[2] += credit
    return tuple(Turnover(account_of(kind, code), *map(Fen, figures)) for code, figures in sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class Standing:
    """A balance by book, account, county and bank; on the account's normal side, in fen."""

    book: str
    account: Account
    county: str
    bank: str
    balance: Fen


def standings(
    connection: Connection,
    clocks: Clocks,
    *,
    book: str | None = None,
    account: str | None = None,
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
    kind: Kind | None = None,
) -> tuple[Standing, ...]:
    """Balances by book, account, county and bank, for everything the filters leave."""
    found: dict[tuple[str, str, str, str], int] = {}
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
        found[key] = found.get(key, 0) + normal(sub_account, row.debit, row.credit)
    return tuple(
        Standing(book, account_of(kind_of(book), code), in_county, of_bank, Fen(fen))
        for (book, code, in_county, of_bank), fen in sorted(found.items())
    )


Flows = dict[tuple[str, str, str, str], Fen]
"""What went between two accounts in fen, net of reversals, by (county, bank, debit code, credit code)."""


def flows(
    connection: Connection,
    clocks: Clocks,
    kind: Kind,
    accounts: Sequence[Account],
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
) -> Flows:
    """Return what went between accounts in all books of a kind, where one of the two is among `accounts`."""
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
    clocks = clocks or Clocks(date.max)
    told: dict[str, Any] = {"loan": loan_id, "as_of": clocks.as_of}
    query = _OF_LOAN
    if clocks.known_at is not None:
        query, told["known_at"] = _OF_LOAN_KNOWN, dates.micros(clocks.known_at)
    found: dict[Account, Fen] = {}
    for row in connection.execute(query, told):
        _add(found, *row)
    return _without_zeros(found)


def _of_loan(*known: ColumnElement[bool]) -> Select[Any]:
    """One loan's rows summed; built once, since building it takes longer than answering it."""
    p = postings.c
    return (
        select(p.book, p.debit, p.credit, sum_of(p.fen).label("fen"))
        .where(p.loan_id == bindparam("loan"), p.effective_on <= bindparam("as_of"), *known)
        .group_by(p.book, p.debit, p.credit)
    )


def closed_through(connection: Connection) -> dict[str, date | None]:
    """Every book's last closed day, None while nothing of it is closed."""
    rows = connection.execute(select(books.c.book, books.c.closed_through).order_by(books.c.book))
    return {row.book: row.closed_through for row in rows}


def by_loan(rows: Sequence[Any]) -> dict[int, dict[Account, Fen]]:
    """Rows of loan, book, debit, credit and fen as what each loan's accounts stand at; zeros are left out."""
    found: dict[int, dict[Account, Fen]] = {}
    for loan, *row in rows:
        _add(found.setdefault(loan, {}), *row)
    return {loan: _without_zeros(sums) for loan, sums in found.items()}


def _add(into: dict[Account, Fen], book: str, debit: str, credit: str, fen: int) -> None:
    for account, sign in _sides(book, debit, credit):
        into[account] = Fen(into.get(account, 0) + sign * fen)


def _without_zeros(sums: dict[Account, Fen]) -> dict[Account, Fen]:
    return {account: fen for account, fen in sums.items() if fen}


@cache
def _sides(book: str, debit: str, credit: str) -> tuple[tuple[Account, int], tuple[Account, int]]:
    """Both accounts of a row, with the sign in which it moves each on its normal side."""
    kind = kind_of(book)
    to, by = account_of(kind, debit), account_of(kind, credit)
    return (to, 1 if to.side is Side.DEBIT else -1), (by, -1 if by.side is Side.DEBIT else 1)


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
    connection: Connection,
    clocks: Clocks,
    by: Sequence[str],
    *,
    start: date | None = None,
    kind: Kind | None = None,
    **filters: Any,
) -> Sequence[Any]:
    """Debit and credit sums by some of book, account, county and bank; `_in` for the part from a `start` on.

    Movements answer for every recorded day before known_at's; that day's own postings are added one by one.
    Where nothing was recorded after known_at, movements answer alone.
    """
    if clocks.known_at is not None and not _recorded_after(connection, clocks.known_at):
        clocks = Clocks(clocks.as_of)
    given = {name: value for name, value in filters.items() if value is not None}
    told = given | {"as_of": clocks.as_of, "start": start}
    if kind is not None:
        told |= {"from_book": f"{kind}-", "to_book": f"{kind}."}
    if clocks.known_at is not None:
        today = dates.business_day(clocks.known_at)
        told |= {
            "today": today,
            "midnight": dates.micros(dates.day_start(today)),
            "known_at": dates.micros(clocks.known_at),
        }
    chosen = tuple((name, isinstance(value, tuple)) for name, value in given.items())
    question = _Question(tuple(by), chosen, kind is not None, start is not None, clocks.known_at is not None)
    return connection.execute(_query(question), {name: told[name] for name in question.asks}).all()


class _Question(NamedTuple):
    """What sums are asked for, but for the values: by which columns, and which bounds are set."""

    by: tuple[str, ...]
    chosen: tuple[tuple[str, bool], ...]  # column, and whether it is one of several
    of_kind: bool
    since: bool
    known: bool

    @property
    def asks(self) -> list[str]:
        """The names of the values."""
        kind, start = ["from_book", "to_book"] * self.of_kind, ["start"] * self.since
        known = ["today", "midnight", "known_at"] * self.known
        return ["as_of", *(name for name, _ in self.chosen), *kind, *start, *known]


@cache
def _query(question: _Question) -> Any:
    """Built once a question: there are few, and building one takes longer than answering it."""
    parts = [_movement_sums(question)]
    if question.known:
        parts += [_posting_sums(question, side) for side in Side]
    return union_all(*parts) if len(parts) > 1 else parts[0]


def _recorded_after(connection: Connection, known_at: datetime) -> bool:
    later = select(postings.c.recorded_at).where(postings.c.recorded_at > dates.micros(known_at)).limit(1)
    return connection.execute(later).first() is not None


def _movement_sums(question: _Question) -> Select[Any]:
    m = movements.c
    within = _filtered(question, m, m.account)
    if question.known:
        within.append(m.recorded_on < bindparam("today"))
    return _grouped(question, [m[name] for name in question.by], m.debit, m.credit, m.effective_on).where(*within)


def _posting_sums(question: _Question, side: Side) -> Select[Any]:
    p, nothing = postings.c, literal(0)
    account = p.debit if side is Side.DEBIT else p.credit
    debit, credit = (p.fen, nothing) if side is Side.DEBIT else (nothing, p.fen)
    columns = [account.label("account") if name == "account" else p[name] for name in question.by]
    within = _filtered(question, p, account)
    within += [p.recorded_at >= bindparam("midnight"), p.recorded_at <= bindparam("known_at")]
    return _grouped(question, columns, debit, credit, p.effective_on).where(*within)


def _filtered(question: _Question, table: Any, account: ColumnElement[str]) -> list[ColumnElement[bool]]:
    within = [table.effective_on <= bindparam("as_of")]
    for name, several in question.chosen:
        column = account if name == "account" else table[name]
        within.append(column.in_(bindparam(name, expanding=True)) if several else column == bindparam(name))
    if question.of_kind:
        within += [table.book >= bindparam("from_book"), table.book < bindparam("to_book")]
    return within


def _grouped(question: _Question, by: Sequence[ColumnElement[Any]], debit: Any, credit: Any, on: Any) -> Select[Any]:
    sums = {"debit": debit, "credit": credit}
    if question.since:
        sums |= {f"{name}_in": case((on >= bindparam("start"), column), else_=0) for name, column in sums.items()}
    summed = [sum_of(column).label(name) for name, column in sums.items()]
    return select(*by, *summed).group_by(*by)


def sum_of(column: Any) -> ColumnElement[int]:
    """A sum of fen as a whole number on every engine."""
    return cast(func.sum(column), BigInteger)


_OF_LOAN = _of_loan()
_OF_LOAN_KNOWN = _of_loan(postings.c.recorded_at <= bindparam("known_at"))
