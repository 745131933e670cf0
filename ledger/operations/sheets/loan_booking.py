"""The booking of a sheet's checked loans, with one bulk write for the loans and one for the disbursements."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from ledger import journal
from ledger.database import table_of, update_rows, write_rows
from ledger.events import LoanDisbursed
from ledger.ids import new_ids
from ledger.imports.columns import LoanRow
from ledger.journal import Record
from ledger.operations.sheets.import_run import Run
from ledger.operations.sheets.recorded import Borrower
from ledger.policy.schemes import Scheme
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit

_LOANS = table_of(Loan)
_CHANGES = table_of(StatusChange)


class Terms(NamedTuple):
    """The scheme version of a loan, with the contract rate and the published rate in whole 1e-8."""

    scheme: Scheme
    rate: int
    benchmark: int


class Days(NamedTuple):
    """The days that follow from a disbursement, as ISO texts, because both database drivers store texts fastest."""

    disbursed_on: str
    due_on: str
    rolled_on: str
    next_step_on: str


class CheckedLoan(NamedTuple):
    """A valid row of a loan sheet, with the borrower, terms and days that the loan's record needs."""

    number: int
    row: LoanRow
    terms: Terms
    borrower: Borrower
    days: Days


class StoredLoan(NamedTuple):
    """A row of the table of loans, column by column in the table's order, with the values that the driver stores."""

    id: int
    contract_no: str
    scheme: str
    scheme_version: int
    bank: str
    county: str
    household_id: int | None
    member_id: int | None
    organisation_id: int | None
    principal_fen: int
    annual_rate: int
    benchmark_rate: int
    term_months: int
    signed_on: Any
    purpose: str
    security: str
    policy_no: str | None
    endorsements: str
    status: str
    recorded_by: str
    recorded_on: Any
    approved_by: str | None
    approved_on: Any
    return_reason: str | None
    disbursed_by: str | None
    disbursed_on: Any
    original_due_on: Any
    due_on: Any
    rolled_on: Any
    extended_months: int
    extended_on: Any
    extended_rate: int | None
    misused_on: Any
    renews_id: int | None
    first_disbursed_on: Any
    billed_to: Any
    next_step_on: Any
    generation: int
    import_id: int | None


class StoredStatusChange(NamedTuple):
    """A row of the table of status changes, column by column in the table's order."""

    id: int
    loan_id: int
    from_status: str
    to_status: str
    on_day: Any
    by_user: str
    reason: str
    recorded_at: int


def write(unit: Unit, run: Run, loans: Sequence[CheckedLoan], undone: Mapping[str, Any]) -> None:
    """Write loans as active and record their disbursements, with the file's hash as the document.

    `undone` holds, by contract number, the loans that rejected sheets had booked. A loan in `undone` keeps its row and
    its history.
    """
    ids: Sequence[int] = new_ids(len(loans))
    if undone:
        left = [undone.get(loan.row.contract_no) for loan in loans]
        ids = [new_id if row is None else row.id for new_id, row in zip(ids, left, strict=True)]
    rows = _stored(unit, run, loans, ids)
    if undone:
        _overwrite(unit, run, [row for row in rows if row.contract_no in undone], undone)
        rows = [row for row in rows if row.contract_no not in undone]
    write_rows(unit.connection, {_LOANS: rows})
    journal.record_all(
        unit,
        [
            Record(
                LoanDisbursed(
                    effective_on=loan.row.disbursed_on,
                    county=loan.borrower.county,
                    bank=run.importer.bank or "",
                    loan=loan_id,
                    principal=loan.row.principal,
                ),
                document=run.table.hash,
            )
            for loan, loan_id in zip(loans, ids, strict=True)
        ],
    )


def _stored(unit: Unit, run: Run, loans: Sequence[CheckedLoan], ids: Sequence[int]) -> list[StoredLoan]:
    """Return the table rows of loans that have just been paid out (see `loans.set_dates`).

    The rows are made column by column, which is faster than loan by loan. Every column of the table of loans that the
    function does not set is stored empty.
    """
    _, rows, terms, borrowers, days = zip(*loans, strict=True)
    disbursed_on = [of_loan.disbursed_on for of_loan in days]
    due_on = [of_loan.due_on for of_loan in days]
    columns: dict[str, Iterable[Any]] = {name: repeat(None) for name in StoredLoan._fields}
    columns |= {
        "id": ids,
        "contract_no": [row.contract_no for row in rows],
        "scheme": [of_loan.scheme.code for of_loan in terms],
        "scheme_version": [of_loan.scheme.version for of_loan in terms],
        "bank": repeat(run.importer.bank or ""),
        "county": [borrower.county for borrower in borrowers],
        "household_id": [None if borrower.member_id is None else borrower.id for borrower in borrowers],
        "member_id": [borrower.member_id for borrower in borrowers],
        "organisation_id": [borrower.id if borrower.member_id is None else None for borrower in borrowers],
        "principal_fen": [row.principal for row in rows],
        "annual_rate": [of_loan.rate for of_loan in terms],
        "benchmark_rate": [of_loan.benchmark for of_loan in terms],
        "term_months": [row.term_months for row in rows],
        "signed_on": [row.signed_on for row in rows],
        "purpose": [row.purpose for row in rows],
        "security": [row.security for row in rows],
        "policy_no": [row.policy_no for row in rows],
        "endorsements": [",".join(row.endorsements) for row in rows],
        "status": repeat(LoanStatus.ACTIVE),
        "recorded_by": repeat(unit.user),
        "recorded_on": repeat(unit.today),
        "disbursed_by": repeat(unit.user),
        "disbursed_on": disbursed_on,
        "original_due_on": due_on,
        "due_on": due_on,
        "rolled_on": [of_loan.rolled_on for of_loan in days],
        "extended_months": repeat(0),
        "first_disbursed_on": disbursed_on,
        "billed_to": disbursed_on,
        "next_step_on": [of_loan.next_step_on for of_loan in days],
        "generation": repeat(0),
        "import_id": repeat(run.import_id),
    }
    return list(map(StoredLoan._make, zip(*columns.values(), strict=False)))


def _overwrite(unit: Unit, run: Run, rows: Sequence[StoredLoan], undone: Mapping[str, Any]) -> None:
    """Overwrite the rows of undone loans, keep each loan's generation, and record the changes of status."""
    update_rows(
        unit.connection,
        _LOANS,
        StoredLoan._fields[1:],
        [(*row._replace(generation=undone[row.contract_no].generation)[1:], row.id) for row in rows],
    )
    changes = [
        StoredStatusChange(
            id=change_id,
            loan_id=row.id,
            from_status=LoanStatus.RETURNED,
            to_status=LoanStatus.ACTIVE,
            on_day=row.disbursed_on,
            by_user=unit.user,
            reason=f"import/{run.import_id}",
            recorded_at=unit.recorded_at,
        )
        for change_id, row in zip(new_ids(len(rows)), rows, strict=True)
    ]
    write_rows(unit.connection, {_CHANGES: changes})
