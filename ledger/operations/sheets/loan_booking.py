"""Booking the checked loans of a sheet: one bulk write of their rows, and one of their disbursements."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ledger import journal
from ledger.database import update_rows, write_rows
from ledger.events import LoanDisbursed
from ledger.ids import new_ids
from ledger.imports.rows import LoanRow
from ledger.journal import Record
from ledger.operations.sheets.import_run import Run
from ledger.operations.sheets.recorded import Borrower
from ledger.policy.schemes import Scheme
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_CHANGES: Any = StatusChange.__table__


class Terms(NamedTuple):
    """The scheme version of a loan, with the contract rate and the published rate in whole 1e-8."""

    scheme: Scheme
    rate: int
    benchmark: int


class Days(NamedTuple):
    """The days that a disbursement fixes, as ISO texts, which either driver stores fastest."""

    disbursed_on: str
    due_on: str
    rolled_on: str
    next_step_on: str


class CheckedLoan(NamedTuple):
    """A row of a sheet of loans that breaks no rule, with everything that its loan needs."""

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


def write(unit: Unit, run: Run, loans: Sequence[CheckedLoan], undone: Mapping[str, Any]) -> None:
    """Write loans as active and record their disbursements, with the file's hash as the document.

    `undone` are loans left by rejected sheets, by contract number: a loan among them keeps its row and its history.
    """
    ids: Sequence[int] = new_ids(len(loans))
    if undone:
        left = [undone.get(loan.row.contract_no) for loan in loans]
        ids = [new_id if row is None else row.id for new_id, row in zip(ids, left, strict=True)]
    rows = [_stored(unit, run, loan, loan_id) for loan, loan_id in zip(loans, ids, strict=True)]
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


def _stored(unit: Unit, run: Run, loan: CheckedLoan, loan_id: int) -> StoredLoan:
    """Return the table row of a loan that was paid out and has not run a day (see `loans.set_dates`)."""
    row, terms, borrower, days = loan.row, loan.terms, loan.borrower, loan.days
    in_household = borrower.member_id is not None
    return StoredLoan(
        id=loan_id,
        contract_no=row.contract_no,
        scheme=terms.scheme.code,
        scheme_version=terms.scheme.version,
        bank=run.importer.bank or "",
        county=borrower.county,
        household_id=borrower.id if in_household else None,
        member_id=borrower.member_id,
        organisation_id=None if in_household else borrower.id,
        principal_fen=row.principal,
        annual_rate=terms.rate,
        benchmark_rate=terms.benchmark,
        term_months=row.term_months,
        signed_on=row.signed_on,
        purpose=row.purpose,
        security=row.security,
        policy_no=row.policy_no,
        endorsements=",".join(row.endorsements),
        status=LoanStatus.ACTIVE,
        recorded_by=unit.user,
        recorded_on=unit.today,
        approved_by=None,
        approved_on=None,
        return_reason=None,
        disbursed_by=unit.user,
        disbursed_on=days.disbursed_on,
        original_due_on=days.due_on,
        due_on=days.due_on,
        rolled_on=days.rolled_on,
        extended_months=0,
        extended_on=None,
        extended_rate=None,
        misused_on=None,
        renews_id=None,
        first_disbursed_on=days.disbursed_on,
        billed_to=days.disbursed_on,
        next_step_on=days.next_step_on,
        generation=0,
        import_id=run.import_id,
    )


def _overwrite(unit: Unit, run: Run, rows: Sequence[StoredLoan], undone: Mapping[str, Any]) -> None:
    """Overwrite the rows of undone loans, keep the generation of each, and record the change of status."""
    update_rows(
        unit.connection,
        _LOANS,
        StoredLoan._fields[1:],
        [(*row._replace(generation=undone[row.contract_no].generation)[1:], row.id) for row in rows],
    )
    write_rows(
        unit.connection,
        {
            _CHANGES: [
                (
                    change_id,
                    row.id,
                    LoanStatus.RETURNED,
                    LoanStatus.ACTIVE,
                    row.disbursed_on,
                    unit.user,
                    f"import/{run.import_id}",
                    unit.recorded_at,
                )
                for change_id, row in zip(new_ids(len(rows)), rows, strict=True)
            ]
        },
    )
