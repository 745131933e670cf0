"""Manual adjustments (手工调整): entries between two accounts of a book, with a second person's approval.

Every adjustment carries a reason and a document.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ledger import journal, period_lock
from ledger.chart import Kind, account_of, book_of
from ledger.errors import NotFound, RuleViolation
from ledger.events import Adjusted, ManualAdjustment
from ledger.labels import Said, label
from ledger.money import Fen, to_fen, yuan
from ledger.operations.books.periods import kind_of_book
from ledger.queries import reference
from ledger.tables.loans import Approval, Loan
from ledger.tables.reference import Bank
from ledger.unit_of_work import Unit


class AdjustmentUnfit(RuleViolation):
    code = "adjustment_unfit"
    zh = "调整分录第 {row} 行不成立：{found:text}（{limit:text}）"
    en = "row {row} of the adjustment does not stand: {found:text} ({limit:text})"


_NO_ROW = Said("at least one row", "至少一行")
_ONE_ACCOUNT = Said("two accounts", "借贷须为两个科目")
_NO_LOAN = Said("a loan is named", "该科目按贷款设明细，须指明贷款")


def check_adjustment(unit: Unit, loan_id: int | None, payload: Mapping[str, Any]) -> None:
    """Raise a refusal where a requested adjustment cannot be booked.

    The payload of an adjustment is `book, county, bank, on, document, rows: [{debit, credit, amount}]`.

    Raise NotFound where the book, county, bank or loan does not exist, FutureDate where the adjustment's day lies after
    today, PeriodClosed where the month of that day is closed, AdjustmentUnfit where a row breaks a rule of the books.
    """
    _event(unit, loan_id, payload, approval=0)


def apply_adjustment(unit: Unit, approval: Approval, payload: Mapping[str, Any]) -> None:
    """Book an adjustment that a second person has approved.

    Raise the same errors as `check_adjustment`, and FundOverdrawn where the fund account would fall below zero.
    """
    event = _event(unit, approval.loan_id, payload, approval.id)
    journal.record(
        unit,
        event,
        document=payload["document"],
        reason=approval.reason,
        made_by=approval.made_by,
        checked_by=unit.user,
    )


def _event(unit: Unit, loan_id: int | None, payload: Mapping[str, Any], approval: int) -> ManualAdjustment:
    book, on = payload["book"], date.fromisoformat(payload["on"])
    unit.not_future(on, "on")
    kind, county, bank = _place(unit, payload)
    if loan_id is not None:
        _check_loan(unit, loan_id, county, bank)
    period_lock.check_open(unit, [book], on)
    rows = tuple(_row(kind, loan_id, number, row) for number, row in enumerate(payload["rows"], 1))
    if not rows:
        raise AdjustmentUnfit(rule="books 3", row=1, found="-", limit=_NO_ROW)
    return ManualAdjustment(effective_on=on, county=county, bank=bank, loan=loan_id, rows=rows, approval=approval)


def _place(unit: Unit, payload: Mapping[str, Any]) -> tuple[Kind, str, str]:
    """Return the kind of book, the county and the bank that an adjustment's payload names.

    Raise NotFound where the bank does not exist, or where the payload's book does not belong to the payload's county
    and bank.
    """
    book, bank = payload["book"], payload["bank"]
    county = reference.county_of(unit.session, payload["county"])
    if unit.session.get(Bank, bank) is None:
        raise NotFound(what="bank", id=bank)
    kind = kind_of_book(book)
    if book_of(kind, bank=bank, county=county) != book:
        raise NotFound(what="book", id=f"{book} ({county}, {bank})")
    return kind, county, bank


def _check_loan(unit: Unit, loan_id: int, county: str, bank: str) -> None:
    loan = unit.session.get(Loan, loan_id)
    if loan is None or (loan.county, loan.bank) != (county, bank):
        raise NotFound(what="loan", id=str(loan_id))


def _row(kind: Kind, loan_id: int | None, number: int, row: Mapping[str, str]) -> Adjusted:
    """Return one row of an adjustment, after checking that the row can be booked.

    Raise AdjustmentUnfit unless the row names two different accounts of the book, an amount above zero, and a loan
    where an account has a balance for each loan.
    """
    amount = to_fen(yuan(row["amount"]))
    if amount <= 0:
        raise AdjustmentUnfit(rule="books 4.1", row=number, found=row["amount"], limit="> 0.00")
    if row["debit"] == row["credit"]:
        raise AdjustmentUnfit(rule="books 4.1", row=number, found=row["debit"], limit=_ONE_ACCOUNT)
    for code in (row["debit"], row["credit"]):
        try:
            account = account_of(kind, code)
        except KeyError:
            raise AdjustmentUnfit(rule="books 2", row=number, found=code, limit=_of_book(kind)) from None
        if account.per == "loan" and loan_id is None:
            raise AdjustmentUnfit(rule="books 2", row=number, found=code, limit=_NO_LOAN)
    return Adjusted(kind, row["debit"], row["credit"], Fen(amount))


def _of_book(kind: Kind) -> Said:
    return Said(f"accounts of {kind}", f"须为{label('book_kind', kind, 'zh')}的科目")
