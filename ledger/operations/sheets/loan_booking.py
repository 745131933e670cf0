"""Booking the loans of a sheet: rows, disbursements and movements of a chunk, under the borrowers' locks."""

from collections.abc import Sequence
from typing import Any

from ledger import journal, period_lock
from ledger.chart import Kind, book_of
from ledger.database import update_rows, write_rows
from ledger.errors import Fault, Refusal
from ledger.events import LoanDisbursed
from ledger.ids import new_ids
from ledger.journal import Record
from ledger.operations.sheets.borrowers import standings_of
from ledger.operations.sheets.existing import differing_loan, present_loans
from ledger.operations.sheets.import_run import Booked, Run
from ledger.operations.sheets.loan_checks import Ready, contract_of, refusals_of
from ledger.statuses import LoanStatus
from ledger.tables.loans import Loan, StatusChange
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__
_CHANGES: Any = StatusChange.__table__

_COLUMNS = (
    "id",
    "contract_no",
    "scheme",
    "scheme_version",
    "bank",
    "county",
    "household_id",
    "member_id",
    "organisation_id",
    "principal_fen",
    "annual_rate",
    "benchmark_rate",
    "term_months",
    "signed_on",
    "purpose",
    "security",
    "policy_no",
    "endorsements",
    "status",
    "recorded_by",
    "recorded_on",
    "approved_by",
    "approved_on",
    "return_reason",
    "disbursed_by",
    "disbursed_on",
    "original_due_on",
    "due_on",
    "rolled_on",
    "extended_months",
    "extended_on",
    "extended_rate",
    "misused_on",
    "renews_id",
    "first_disbursed_on",
    "billed_to",
    "next_step_on",
    "generation",
    "import_id",
)
assert tuple(column.name for column in _LOANS.columns) == _COLUMNS, "a row of `_row` is no row of the loans"


def book(unit: Unit, run: Run, chunk: Sequence[Ready]) -> Booked:
    """Write a chunk's loans as active and record their disbursements.

    What may have changed since the check is asked again under locks: whether the loan is there by now, and what
    its borrower owes. With faults nothing is written.
    """
    period_lock.first_open(unit, [book_of(Kind.LOAN, bank=run.importer.bank or "", county="")])  # held against closing
    standings = standings_of(unit, [each.borrower for each in chunk], held=True)
    present = present_loans(unit, run, [each.row.contract_no for each in chunk])
    fresh, faults = [], list[Fault]()
    promised: dict[int, int] = {}
    for each in chunk:
        recorded = present.standing.get(each.row.contract_no)
        if recorded is not None:
            refusals: list[Refusal | None] = [differing_loan(run, each.row, recorded, each.borrower)]
        else:
            fresh.append(each)
            refusals = list(_asked_again(unit, run, each, standings, promised))
        faults += [Fault.of(each.number, "principal", refusal) for refusal in refusals if refusal is not None]
    if faults:
        return Booked(0, faults=faults)
    if fresh:
        _write(unit, run, fresh, present.left)
    return Booked(len(fresh))


def _asked_again(
    unit: Unit, run: Run, each: Ready, standings: dict[int, Any], promised: dict[int, int]
) -> Sequence[Refusal]:
    """Nothing for a borrower who owed nothing then and now: the cap was asked of that row alone."""
    key = each.borrower.key
    before = promised.get(key, 0)
    promised[key] = before + each.row.principal
    if not before and key not in standings:
        return ()
    assert each.terms.scheme is not None
    contract = contract_of(each.row, each.terms.scheme, run.importer.bank or "", each.borrower.county)
    return list(refusals_of(unit, contract, each.borrower, standings.get(key), before, each.row.disbursed_on))


def _write(unit: Unit, run: Run, fresh: Sequence[Ready], left: dict[str, Any]) -> None:
    ids: Sequence[int] = new_ids(len(fresh))
    if left:
        found = [left.get(each.row.contract_no) for each in fresh]
        ids = [new_id if row is None else row.id for new_id, row in zip(ids, found, strict=True)]
    bank, hash_ = run.importer.bank or "", run.table.sheet.hash
    rows = [_row(unit, run, each, loan_id) for each, loan_id in zip(fresh, ids, strict=True)]
    if left:
        _take_up(unit, run, [row for row in rows if row[1] in left], left)
        rows = [row for row in rows if row[1] not in left]
    write_rows(unit.connection, {_LOANS: rows})
    journal.record_all(
        unit,
        [
            Record(
                LoanDisbursed(
                    effective_on=each.row.disbursed_on,
                    county=each.borrower.county,
                    bank=bank,
                    loan=loan_id,
                    principal=each.row.principal,
                ),
                document=hash_,
            )
            for each, loan_id in zip(fresh, ids, strict=True)
        ],
    )


def _row(unit: Unit, run: Run, each: Ready, loan_id: int) -> tuple[Any, ...]:
    """A loan's whole row, as the driver stores it: paid out, at the start of its life (see `loans.set_dates`)."""
    row, terms, borrower, days = each.row, each.terms, each.borrower, each.days
    assert terms.scheme is not None
    household, organisation = (borrower.id, None) if borrower.member_id is not None else (None, borrower.id)
    return (
        loan_id,
        row.contract_no,
        terms.scheme.code,
        terms.scheme.version,
        run.importer.bank,
        borrower.county,
        household,
        borrower.member_id,
        organisation,
        row.principal,
        terms.rate,
        terms.benchmark,
        row.term_months,
        row.signed_on,
        row.purpose,
        row.security,
        row.policy_no,
        ",".join(row.endorsements),
        LoanStatus.ACTIVE,
        unit.user,
        unit.today,
        None,
        None,
        None,
        unit.user,
        days.disbursed_on,
        days.due_on,
        days.due_on,
        days.rolled_on,
        0,
        None,
        None,
        None,
        None,
        days.disbursed_on,
        days.disbursed_on,
        days.next_step_on,
        0,
        run.import_id,
    )


def _take_up(unit: Unit, run: Run, rows: Sequence[tuple[Any, ...]], left: dict[str, Any]) -> None:
    """Loans that a rejected sheet left behind live anew, in a generation of their own, with their history kept."""
    generation = _COLUMNS.index("generation")
    update_rows(
        unit.connection,
        _LOANS,
        _COLUMNS[1:],
        [(*row[1:generation], left[row[1]].generation, *row[generation + 1 :], row[0]) for row in rows],
    )
    write_rows(
        unit.connection,
        {
            _CHANGES: [
                (
                    change,
                    row[0],
                    LoanStatus.RETURNED,
                    LoanStatus.ACTIVE,
                    row[25],
                    unit.user,
                    f"import/{run.import_id}",
                    unit.recorded_at,
                )
                for change, row in zip(new_ids(len(rows)), rows, strict=True)
            ]
        },
    )
