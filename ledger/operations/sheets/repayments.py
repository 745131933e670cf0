"""Sheets of repayments, whose rows are recorded loan by loan and in order, by the rules for single repayments."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among, table_of
from ledger.errors import Fault, FutureDate, Refusal, RuleViolation
from ledger.imports.columns import AsRead, Numbered, RepaymentRow
from ledger.money import of_fen, plain
from ledger.operations.servicing import load, repayments
from ledger.operations.servicing.repayments import Received
from ledger.operations.servicing.run import LENT
from ledger.operations.sheets.import_run import Booked, RowDiffers, RowTwice, Run, differing
from ledger.queries.identifiers import stored_form
from ledger.tables.loans import Loan, Repayment
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_REPAYMENTS = table_of(Repayment)

_COLUMN_OF = {
    "receipt_recorded": "receipt_no",
    "period_closed": "paid_on",
    "future_date": "paid_on",
    "before_disbursement": "paid_on",
    "rests_on_later": "paid_on",
    "loan_closed": "paid_on",
    "loan_compensated": "contract_no",
}
"""The column that shows a refusal, by the refusal's code; every other refusal is shown under the amount."""


class LoanUnknown(RuleViolation):
    code = "loan_unknown"
    zh = "本行没有合同编号 {found:text} 的贷款"
    en = "the bank has no loan with the contract number {found:text}"


class LoanNotLent(RuleViolation):
    code = "loan_not_disbursed"
    zh = "贷款状态为“{found:loan_status}”，尚未放款"
    en = "the loan is {found:loan_status}; it has not been paid out"


class ReceivedAfterPaid(RuleViolation):
    code = "received_after_paid"
    zh = "收款日期 {found} 晚于还款日期 {limit}"
    en = "received on {found}, after the day it counts, {limit}"


class CheckedRepayment(NamedTuple):
    """A row of a repayment sheet that may be recorded, with the id of the loan."""

    number: int
    row: RepaymentRow
    loan_id: int


def check(unit: Unit, run: Run, rows: Sequence[Numbered]) -> None:
    """Check everything about rows that can be checked before recording: the loan, the days and the receipt number.

    A row is ready to be recorded, unchanged, or has a fault for every rule that the row breaks.
    """
    if run.known is None:
        run.known = {}  # The row number of the first row with each contract number and receipt number.
    first_rows: dict[tuple[str, str], int] = run.known
    loans = _loans(unit, run, {row.contract_no for _, row in rows} - {None})
    recorded = _recorded(unit, {loan_id for loan_id, _ in loans.values()})
    for number, row in rows:
        for column, refusal in _refusals(unit, row, loans):
            run.fault(number, column, refusal)
        identity = (row.contract_no, row.receipt_no)
        if None not in identity and (first := first_rows.setdefault(identity, number)) != number:
            run.fault(number, "receipt_no", RowTwice(limit=first, found=row.receipt_no))
        if number in run.broken:
            continue
        loan_id, _ = loans[row.contract_no]
        _compare(run, CheckedRepayment(number, row, loan_id), recorded.get((loan_id, row.receipt_no)))


def _compare(run: Run, checked: CheckedRepayment, recorded: Any) -> None:
    if recorded is None:
        run.ready.append(checked)
    elif (refusal := _differing(run, checked.row, recorded)) is not None:
        run.fault(checked.number, "receipt_no", refusal)
    elif run.import_id is None or recorded.import_id != run.import_id:
        run.unchanged += 1


def _refusals(unit: Unit, row: AsRead, loans: dict[str, tuple[int, str]]) -> Iterator[tuple[str, Refusal]]:
    if row.contract_no is not None:
        if row.contract_no not in loans:
            yield "contract_no", LoanUnknown(found=row.contract_no)
        elif (status := loans[row.contract_no][1]) not in LENT:
            yield "contract_no", LoanNotLent(found=status)
    if row.paid_on is not None and row.paid_on > unit.today:
        yield "paid_on", FutureDate(field="paid_on", found=row.paid_on, limit=unit.today)
    if row.amount is not None and row.amount <= 0:
        yield "amount", repayments.AmountNotPositive(found="0.00")
    if row.received_on is not None and row.paid_on is not None and row.received_on > row.paid_on:
        yield "received_on", ReceivedAfterPaid(found=row.received_on, limit=row.paid_on)


def _loans(unit: Unit, run: Run, contract_nos: set[str]) -> dict[str, tuple[int, str]]:
    """Return the ids and statuses of the bank's loans in the importer's counties, by contract number."""
    c = _LOANS.c
    number = stored_form(c.contract_no)
    query = select(number.label("contract_no"), c.id, c.status, c.county).where(
        c.bank == run.importer.bank, among(unit.connection, number, contract_nos)
    )
    return {
        row.contract_no: (row.id, row.status) for row in unit.connection.execute(query) if run.importer.has(row.county)
    }


def _recorded(unit: Unit, loan_ids: set[int]) -> dict[tuple[int, str], Any]:
    """Return the unreversed repayments of loans by loan id and receipt number."""
    c = _REPAYMENTS.c
    query = select(
        c.loan_id,
        stored_form(c.receipt_no).label("receipt_no"),
        c.fen,
        c.paid_on,
        c.received_on,
        c.channel,
        c.surplus,
        c.import_id,
    ).where(among(unit.connection, c.loan_id, loan_ids), c.live)
    return {(row.loan_id, row.receipt_no): row for row in unit.connection.execute(query)}


def _differing(run: Run, row: RepaymentRow, recorded: Any) -> RowDiffers | None:
    in_row = row._asdict() | {"amount": plain(row.amount)}
    in_books = recorded._asdict() | {"amount": plain(recorded.fen)}
    compared = run.table.given - {"contract_no", "receipt_no"}
    return differing({name: value for name, value in in_row.items() if name in compared}, in_books)


def chunks(ready: Sequence[CheckedRepayment], most: int) -> Iterator[Sequence[CheckedRepayment]]:
    """Yield chunks of at most `most` rows; all rows of a loan are in one chunk, in the order of the sheet."""
    of_loan: dict[int, list[CheckedRepayment]] = {}
    for checked in ready:
        of_loan.setdefault(checked.loan_id, []).append(checked)
    chunk: list[CheckedRepayment] = []
    for rows in of_loan.values():
        if chunk and len(chunk) + len(rows) > most:
            yield chunk
            chunk = []
        chunk += rows
    if chunk:
        yield chunk


def book(unit: Unit, run: Run, chunk: Sequence[CheckedRepayment]) -> Booked:
    """Record the repayments of a chunk; where a repayment has a fault, the transaction must not be committed.

    The loans are locked first, so that repayments which somebody else recorded meanwhile are found and compared.
    """
    load.lock(unit, {checked.loan_id for checked in chunk})
    recorded = _recorded(unit, {checked.loan_id for checked in chunk})
    new: list[CheckedRepayment] = []
    faults: list[Fault] = []
    for checked in chunk:
        repayment = recorded.get((checked.loan_id, checked.row.receipt_no))
        if repayment is None:
            new.append(checked)
        elif (refusal := _differing(run, checked.row, repayment)) is not None:
            faults.append(Fault.of(checked.number, "receipt_no", refusal))
    refused: list[tuple[Any, Refusal]] = []
    if new and not faults:
        repayments.repay_all(unit, list(map(_received, new)), import_id=run.import_id, faults=refused)
    faults += [
        Fault.of(new[place].number, _COLUMN_OF.get(refusal.code, "amount"), refusal) for place, refusal in refused
    ]
    return Booked(0 if faults else len(new), faults)


def _received(checked: CheckedRepayment) -> Received:
    row = checked.row
    return Received(
        checked.loan_id, of_fen(row.amount), row.paid_on, row.channel, row.receipt_no, row.received_on, row.surplus
    )
