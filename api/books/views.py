"""The views that show accounts, balances, the trial balance, vouchers and events."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api.books.shapes import (
    AccountAnswer,
    BalanceAnswer,
    BalanceQuery,
    BookQuery,
    EntryAnswer,
    EntryQuery,
    EntryRow,
    EventAnswer,
    TrialBalanceAnswer,
    TrialBalanceQuery,
)
from api.core import edge
from api.core.clocks import ClockQuery
from api.core.paging import Listing
from api.core.routes import Blueprint
from ledger import balances
from ledger.balances import Clocks
from ledger.chart import ACCOUNTS, Account, Kind, book_of, kind_of
from ledger.errors import NotFound
from ledger.reports.books import vouchers as reports
from ledger.reports.books.trial_balance import trial_balance
from ledger.reports.books.vouchers import Filters, VoucherShown
from ledger.tables.loans import Loan

blueprint = Blueprint("ledger", "/ledger", "账簿: accounts, balances, vouchers, events")


@blueprint.listing("/accounts", row=AccountAnswer, asks=BookQuery)
def accounts(session: Session, clocks: Clocks, book: str | None = None) -> list[dict[str, Any]]:
    """会计科目表: the accounts of every kind of book, or of one book."""
    kinds = set(Kind) if book is None else {kind_of(_book(session, book))}
    return [
        _named(account) | {"kind": account.kind, "sub_ledger": account.per}
        for account in ACCOUNTS
        if account.kind in kinds
    ]


@blueprint.listing("/balances", row=BalanceAnswer, asks=BalanceQuery)
def shown_balances(session: Session, clocks: Clocks, loan: int | None = None, **asked: Any) -> list[dict[str, Any]]:
    """余额: what every account stood at, by county and bank, or of one loan."""
    _check_names(session, asked)
    within = edge.within(session, bank=asked.get("bank"), county=asked.get("county"))
    if loan is not None:
        return _of_loan(session, edge.find(session, Loan, loan), clocks, asked)
    standings = balances.account_balances(
        session.connection(),
        clocks,
        book=asked.get("book"),
        account=asked.get("account"),
        county=within.counties,
        bank=within.bank,
    )
    return [
        _named(row.account)
        | {"book": row.book, "county": row.county, "bank": row.bank, "loan_id": None, "balance": row.balance}
        for row in standings
    ]


@blueprint.get("/trial-balance", asks=TrialBalanceQuery, answer=TrialBalanceAnswer)
def trial(
    session: Session,
    clocks: Clocks,
    book: str,
    county: str | None = None,
    bank: str | None = None,
    start: date | None = None,
) -> dict[str, Any]:
    """试算平衡表 of a book, or of that part of it which is the asker's."""
    within = edge.within(session, bank=bank, county=county)
    found = trial_balance(
        session.connection(), _book(session, book), clocks, start=start, county=within.counties, bank=within.bank
    )
    rows = [
        _named(row.account) | {"opening": row.opening, "debit": row.debit, "credit": row.credit, "closing": row.closing}
        for row in found.rows
    ]
    return {"book": book, "rows": rows, "debit_total": found.debit_total, "credit_total": found.credit_total}


@blueprint.listing("/entries", row=EntryRow, asks=EntryQuery)
def entries(
    session: Session,
    clocks: Clocks,
    loan: int | None = None,
    start: date | None = None,
    end: date | None = None,
    **asked: Any,
) -> Listing:
    """记账凭证 in the order of their days."""
    _check_names(session, asked)
    if loan is not None:
        edge.find(session, Loan, loan)
    within = edge.within(session, bank=asked.get("bank"), county=asked.get("county"))
    query, key = reports.voucher_list(
        Filters(
            clocks=clocks,
            bank=within.bank,
            counties=within.counties,
            book=asked.get("book"),
            account=asked.get("account"),
            loan_id=loan,
            starts_on=start,
            ends_on=end,
        )
    )
    return Listing(query, key, show=lambda _session, rows: reports.vouchers_of(rows))


@blueprint.get("/entries/<id:entry_id>", asks=ClockQuery, answer=EntryAnswer)
def entry(session: Session, entry_id: int, clocks: Clocks) -> dict[str, Any]:
    """One voucher: its lines, the rows they add up, its event, document and people."""
    return _voucher(reports.voucher(session.connection(), entry_id, _mine(session, clocks)))


@blueprint.get("/events/<id:event_id>", asks=ClockQuery, answer=EventAnswer)
def event(session: Session, event_id: int, clocks: Clocks) -> dict[str, Any]:
    """What happened: one event as it was written down, with its vouchers in every book."""
    shown = reports.event(session.connection(), event_id, _mine(session, clocks))
    answer = {each.name: getattr(shown, each.name) for each in fields(shown)}
    return answer | {"entries": [_voucher(each) for each in shown.vouchers]}


def _named(account: Account) -> dict[str, Any]:
    return {"account": account.code, "name": account.name, "name_zh": account.zh, "side": account.side}


def _books(session: Session) -> list[str]:
    """Return the names of all books in the user's scope."""
    has = edge.person().scope.has
    names = []
    for name in balances.closed_through(session.connection()):
        owner = name.partition("-")[2]
        if has(bank=owner) if kind_of(name) is Kind.LOAN else has(county=owner):
            names.append(name)
    return names


def _book(session: Session, name: str) -> str:
    """Return the name of a book in the user's scope; raise NotFound for a book out of scope.

    An office of a county sees the part of a bank's loan book that concerns the county.
    """
    if name not in _books(session):
        raise NotFound(what="book", id=name)
    return name


def _check_names(session: Session, asked: dict[str, Any]) -> None:
    if (book := asked.get("book")) is not None:
        _book(session, book)
    if (code := asked.get("account")) is not None and code not in {account.code for account in ACCOUNTS}:
        raise NotFound(what="account", id=code)


def _mine(session: Session, clocks: Clocks) -> Filters:
    within = edge.within(session)
    return Filters(clocks=clocks, bank=within.bank, counties=within.counties)


def _of_loan(session: Session, loan: Loan, clocks: Clocks, asked: dict[str, Any]) -> list[dict[str, Any]]:
    place = {"county": loan.county, "bank": loan.bank}
    rows = []
    for account, fen in balances.loan_balance(session.connection(), loan.id, clocks).items():
        book = book_of(account.kind, bank=loan.bank, county=loan.county)
        if asked.get("book", book) == book and asked.get("account", account.code) == account.code:
            rows.append(_named(account) | place | {"book": book, "loan_id": loan.id, "balance": fen})
    return sorted(rows, key=lambda row: (row["book"], row["account"]))


def _voucher(shown: VoucherShown) -> dict[str, Any]:
    head = {each.name: getattr(shown.voucher, each.name) for each in fields(shown.voucher)}
    lines: Sequence[dict[str, Any]] = [
        _named(line.account) | {"number": line.number, "debit": line.debit, "credit": line.credit}
        for line in shown.lines
    ]
    return head | {
        "print_number": shown.voucher.print_number,
        "hash": shown.voucher.hash.hex(),
        "lines": lines,
        "postings": shown.postings,
        "attachments": shown.attachments,
    }
