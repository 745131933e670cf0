"""Trial balances (试算平衡表): opening, turnover and closing of each account of a book, and the totals."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from ledger.balances import Clocks, Turnover, turnovers
from ledger.chart import LISTED_ALWAYS, Side, accounts_of, kind_of
from ledger.money import NIL, Fen


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """A trial balance: the accounts of a book in the order of the chart, and totals in fen by normal side."""

    book: str
    rows: tuple[Turnover, ...]

    @property
    def debit_total(self) -> Fen:
        """Return the sum of the closing balances of accounts with the normal side debit, in fen."""
        return self._closing(Side.DEBIT)

    @property
    def credit_total(self) -> Fen:
        """Return the sum of the closing balances of accounts with the normal side credit, in fen."""
        return self._closing(Side.CREDIT)

    def _closing(self, side: Side) -> Fen:
        return Fen(sum(row.closing for row in self.rows if row.account.side is side))


def trial_balance(
    connection: Connection,
    book: str,
    clocks: Clocks,
    *,
    start: date | None = None,
    county: str | tuple[str, ...] | None = None,
    bank: str | None = None,
) -> TrialBalance:
    """Return the trial balance of a book; without `start`, all openings are zero.

    A county's or bank's part of a book balances too, because debit and credit of a posting have one county and bank.
    """
    moved = {row.account: row for row in turnovers(connection, book, clocks, start=start, county=county, bank=bank)}
    rows = [
        moved.get(account, Turnover(account, NIL, NIL, NIL))
        for account in accounts_of(kind_of(book))
        if account in moved or account in LISTED_ALWAYS
    ]
    return TrialBalance(book, tuple(rows))
