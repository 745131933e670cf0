"""Helpers of the voucher tests, which print vouchers as an accountant reads them, and give events their base fields."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from ledger.chart import Account, account_of, book_of
from ledger.events import Applied, Event
from ledger.money import Fen, to_fen, yuan
from ledger.posting import postings_of

BANK = "GZRCB"
COUNTY = "360781"


class Line(NamedTuple):
    """One line of a voucher: an account, its side (借 or 贷), and the sum of its rows."""

    book: str
    side: str
    account: Account
    fen: int


def fen(text: str) -> Fen:
    """Return an amount in yuan, such as 50,000.00, as whole fen."""
    return to_fen(yuan(text.replace(",", "")))


def at(on: str, loan: int | None = 1) -> dict[str, Any]:
    """Return the base fields of an event."""
    return {"effective_on": date.fromisoformat(on), "county": COUNTY, "bank": BANK, "loan": loan}


def paid(period_start: str, contract: str = "0.00", compound: str = "0.00", penalty: str = "0.00") -> Applied:
    """Return the amounts paid on a settlement line."""
    return Applied(date.fromisoformat(period_start), fen(contract), fen(compound), fen(penalty))


def lines_for(event: Event) -> list[Line]:
    """Return the lines of an event's vouchers, book by book, with debits before credits."""
    sums: dict[tuple[str, str, Account], int] = {}
    for row in postings_of(event):
        book = book_of(row.kind, bank=event.bank, county=event.county)
        for side, code in (("借", row.debit), ("贷", row.credit)):
            key = book, side, account_of(row.kind, code)
            sums[key] = sums.get(key, 0) + row.amount
    books = list(dict.fromkeys(book for book, _, _ in sums))
    ordered = sorted(sums, key=lambda key: (books.index(key[0]), key[1] == "贷"))
    return [Line(*key, sums[key]) for key in ordered]


def as_text(lines: Iterable[Line]) -> list[str]:
    """Return voucher lines as a text with a heading for each book."""
    page: list[str] = []
    for line in lines:
        if line.book not in page:
            page.append(line.book)
        page.append(f"{line.side} {line.account.code} {line.account.zh} {line.account.name} {_amount(line.fen)}")
    return page


def page(text: str) -> list[str]:
    """Return a text of voucher lines written in a test, without the spaces that align its columns."""
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def _amount(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
