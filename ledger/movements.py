"""Sums stored beside the journal for speed: daily movements (日发生额) and the balances of fund accounts.

The sums are written at the end of a transaction, so that rows that many transactions change are locked only briefly.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from ledger.cache import CacheKey
from ledger.chart import FUND_DEPOSITS, Kind
from ledger.database import add_rows
from ledger.errors import RuleViolation
from ledger.money import plain
from ledger.tables.journal import fund_balances, movements
from ledger.unit_of_work import Unit

_Key = tuple[str, str, str, str, str]
_Pending = dict[_Key, list[int]]

PENDING_MOVEMENTS = CacheKey[_Pending]("pending movements")
"""Debit and credit in fen that a transaction has posted and not yet written, by (book, account, county, bank, day)."""


class FundOverdrawn(RuleViolation):
    """A refusal because the balance of a fund account would be below zero on some day."""

    code = "fund_overdrawn"
    zh = "专户 {county}/{bank} 在 {on} 的余额将为 {found} 元，专户不得透支（{rule}）"
    en = "the fund account {county}/{bank} would stand at {found} yuan on {on}; it is never overdrawn ({rule})"


def add_movements(unit: Unit, rows: Iterable[Sequence[Any]]) -> None:
    """Add rows of `postings` to the pending movements, which `settle` writes."""
    pending = unit.cache.get(PENDING_MOVEMENTS, lambda: defaultdict(lambda: [0, 0]))
    unit.before_commit(settle)
    for _, _, book, on, _, county, bank, _, debit, credit, fen, _ in rows:
        pending[book, debit, county, bank, on][0] += fen
        pending[book, credit, county, bank, on][1] += fen


def settle(unit: Unit) -> None:
    """Write the pending movements, one change per key in sorted order, then the balances of the fund accounts.

    A unit of work calls `settle` at its end; an operation that needs a balance after posting calls `settle` earlier.
    Raise FundOverdrawn where a fund account would be below zero on any day (books.md promise 9).
    """
    if not (pending := unit.cache.pop(PENDING_MOVEMENTS)):
        return
    recorded_on = unit.recorded_on
    touched: dict[tuple[str, str], dict[date, int]] = {}
    for (book, account, county, bank, on), (debit, credit) in sorted(pending.items()):
        if account == FUND_DEPOSITS.code and book.startswith(Kind.FUND):
            touched.setdefault((county, bank), {})[date.fromisoformat(on)] = debit - credit
    # Lock the fund accounts before the movements, as the payment of a claim does. Transactions that locked fund
    # accounts and movements in different orders could wait for each other.
    held = {account: held_balance(unit, *account) for account in touched}
    add_rows(
        unit.connection,
        movements,
        [(*key, recorded_on, debit, credit) for key, (debit, credit) in sorted(pending.items())],
        sums=("debit", "credit"),
    )
    for (county, bank), changes in touched.items():
        _move_fund(unit, county, bank, held[county, bank], changes)


def held_balance(unit: Unit, county: str, bank: str) -> int:
    """Return the present balance of a fund account in fen, and lock the account until the transaction ends."""
    held: int | None
    query = select(fund_balances.c.fen).where(fund_balances.c.county == county, fund_balances.c.bank == bank)
    held = unit.connection.execute(query.with_for_update()).scalar()
    if held is None:  # A fund account without a deposit has no row that can be locked.
        add_rows(unit.connection, fund_balances, [(county, bank, 0)], sums=("fen",))
        held = unit.connection.execute(query.with_for_update()).scalar_one()
    return held


def lowest_balance(unit: Unit, county: str, bank: str, since: date) -> int:
    """Return the lowest end-of-day balance of a fund account on the days from `since` on, in fen."""
    m = movements.c
    daily = (
        select(m.effective_on, func.sum(m.debit - m.credit).label("net"))
        .where(m.book == f"{Kind.FUND}-{county}", m.account == FUND_DEPOSITS.code, m.bank == bank)
        .group_by(m.effective_on)
        .order_by(m.effective_on)
    )
    balance, lowest = 0, None
    for row in unit.connection.execute(daily):
        if row.effective_on > since:
            lowest = balance if lowest is None else min(lowest, balance)
        balance += int(row.net)
    return balance if lowest is None else min(lowest, balance)


def first_day(unit: Unit, book: str) -> date | None:
    """Return the first business day with an entry in a book; return None for an empty book."""
    query = select(func.min(movements.c.effective_on)).where(movements.c.book == book)
    return unit.connection.execute(query).scalar()


def _move_fund(unit: Unit, county: str, bank: str, held: int, changes: dict[date, int]) -> None:
    delta, since = sum(changes.values()), min(changes)
    lowest = held + delta
    if lowest >= 0 and min(changes.values()) < 0:
        lowest = lowest_balance(unit, county, bank, since)
    if lowest < 0:
        raise FundOverdrawn(county=county, bank=bank, on=since, found=plain(lowest), rule="6.4")
    account = (fund_balances.c.county == county) & (fund_balances.c.bank == bank)
    unit.connection.execute(update(fund_balances).where(account).values(fen=fund_balances.c.fen + delta))
