"""Sheets of repayments: each loan's rows together and in order, through the one way repayments are recorded."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from sqlalchemy import select

from ledger.database import among
from ledger.errors import Fault, FutureDate, Refusal, RuleViolation
from ledger.money import Fen, of_fen, plain
from ledger.operations.servicing import load, repayments
from ledger.operations.servicing.repayments import Received
from ledger.operations.servicing.run import LENT
from ledger.operations.sheets.import_run import Booked, RowDiffers, RowTwice, Run, Told, differing
from ledger.tables.loans import Loan, Repayment
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_REPAYMENTS: Any = Repayment.__table__

_COLUMN_OF = {
    "receipt_recorded": "receipt_no",
    "period_closed": "paid_on",
    "future_date": "paid_on",
    "before_disbursement": "paid_on",
    "rests_on_later": "paid_on",
    "loan_closed": "paid_on",
    "loan_compensated": "contract_no",
}
"""Where a refusal is shown; the others are about the amount."""


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


class RepaymentRow(NamedTuple):
    """A row of a repayment sheet, in the order of its columns; what could not be read is None."""

    contract_no: str
    amount: Fen
    paid_on: date
    received_on: date | None
    channel: str
    receipt_no: str
    surplus: Literal["credit", "principal"]


class Ready(NamedTuple):
    """A row that may be recorded, by the loan it is for."""

    number: int
    row: RepaymentRow
    loan_id: int


def check(unit: Unit, run: Run, places: range) -> None:
    """Ask the next rows what can be known without recording them: the loan, the days, the identity."""
    table = run.table
    rows = [(table.numbers[place], RepaymentRow._make(table.rows[place])) for place in places]
    loans = _loans(unit, run, {row.contract_no for _, row in rows} - {None})
    present = _present(unit, {loan_id for loan_id, _ in loans.values()})
    seen: dict[tuple[str, str], int] = run.kept.setdefault("seen", {})
    for number, row in rows:
        for column, refusal in _refusals(unit, run, row, loans):
            table.fault(number, column, refusal)
        identity = (row.contract_no, row.receipt_no)
        if None not in identity and (first := seen.setdefault(identity, number)) != number:
            table.fault(number, "receipt_no", RowTwice(limit=first, found=row.receipt_no))
        if number in table.broken:
            continue
        loan_id, _ = loans[row.contract_no]
        _sort(run, Ready(number, row, loan_id), present.get((loan_id, row.receipt_no)))


def _sort(run: Run, ready: Ready, recorded: Any) -> None:
    if recorded is None:
        run.ready.append(ready)
    elif (refusal := _differing(run, ready.row, recorded)) is not None:
        run.table.fault(ready.number, "receipt_no", refusal)
    elif run.import_id is None or recorded.import_id != run.import_id:
        run.unchanged += 1


def _refusals(unit: Unit, run: Run, row: Told, loans: dict[str, tuple[int, str]]) -> Iterator[tuple[str, Refusal]]:
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
    """The bank's loans in the importer's counties, with their statuses."""
    c = _LOANS.c
    query = select(c.contract_no, c.id, c.status, c.county).where(
        c.bank == run.importer.bank, among(unit.connection, c.contract_no, contract_nos)
    )
    return {
        row.contract_no: (row.id, row.status) for row in unit.connection.execute(query) if run.importer.has(row.county)
    }


def _present(unit: Unit, loan_ids: set[int]) -> dict[tuple[int, str], Any]:
    c = _REPAYMENTS.c
    query = select(c.loan_id, c.receipt_no, c.fen, c.paid_on, c.received_on, c.channel, c.surplus, c.import_id).where(
        among(unit.connection, c.loan_id, loan_ids), c.live
    )
    return {(row.loan_id, row.receipt_no): row for row in unit.connection.execute(query)}


def _differing(run: Run, row: RepaymentRow, recorded: Any) -> RowDiffers | None:
    told = row._asdict() | {"amount": plain(row.amount)}
    stands = recorded._asdict() | {"amount": plain(recorded.fen)}
    compared = run.table.given - {"contract_no", "receipt_no"}
    return differing({name: told[name] for name in told if name in compared}, stands)


def parts(run: Run, most: int) -> Iterator[Sequence[Ready]]:
    """Whole loans, a few thousand rows together: each loan's rows in the order of the sheet."""
    of_loan: dict[int, list[Ready]] = {}
    for ready in run.ready:
        of_loan.setdefault(ready.loan_id, []).append(ready)
    part: list[Ready] = []
    for rows in of_loan.values():
        if part and len(part) + len(rows) > most:
            yield part
            part = []
        part += rows
    if part:
        yield part


def book(unit: Unit, run: Run, chunk: Sequence[Ready]) -> Booked:
    """Record a chunk's repayments; with faults the transaction may not be committed.

    The loans are held first: what somebody else recorded of them meanwhile is seen, and compared.
    """
    load.lock(unit, {each.loan_id for each in chunk})
    present = _present(unit, {each.loan_id for each in chunk})
    fresh: list[Ready] = []
    faults: list[Fault] = []
    for each in chunk:
        recorded = present.get((each.loan_id, each.row.receipt_no))
        if recorded is None:
            fresh.append(each)
        elif (refusal := _differing(run, each.row, recorded)) is not None:
            faults.append(Fault.of(each.number, "receipt_no", refusal))
    refused: list[tuple[Any, Refusal]] = []
    if fresh and not faults:
        repayments.repay_all(unit, [_received(each) for each in fresh], import_id=run.import_id, faults=refused)
    faults += [
        Fault.of(fresh[place].number, _COLUMN_OF.get(refusal.code, "amount"), refusal) for place, refusal in refused
    ]
    return Booked(0 if faults else len(fresh), faults)


def _received(each: Ready) -> Received:
    row = each.row
    return Received(
        each.loan_id, of_fen(row.amount), row.paid_on, row.channel, row.receipt_no, row.received_on, row.surplus
    )
