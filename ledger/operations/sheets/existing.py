"""What is recorded already under the identities of a sheet's rows: the same, or something else."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select

from ledger.database import among
from ledger.money import Fen, plain
from ledger.operations.servicing.run import LENT
from ledger.operations.sheets.borrowers import Borrower
from ledger.operations.sheets.import_run import RowDiffers, Run, differing
from ledger.statuses import LoanStatus, SheetStatus
from ledger.tables.loans import Loan
from ledger.tables.work import Import
from ledger.unit_of_work import Unit

_LOANS: Any = Loan.__table__

UNDONE = (SheetStatus.REJECTED, SheetStatus.FAILED)
"""Imports whose rows are reversed; what they booked may be booked anew."""


class LoanRow(NamedTuple):
    """A row of a loan sheet, in the order of its columns. What could not be read is None; `id_card` as given."""

    contract_no: str
    registry_no: str | None
    uscc: str | None
    borrower_name: str
    id_card: str | None
    principal: Fen
    annual_rate: Decimal
    term_months: int
    signed_on: date
    disbursed_on: date
    purpose: str
    scheme: str
    security: str
    policy_no: str | None
    endorsements: tuple[str, ...]


class Present(NamedTuple):
    """The bank's loans by contract number: those that stand, and those that a rejected sheet left behind."""

    standing: dict[str, Any]
    left: dict[str, Any]


def present_loans(unit: Unit, run: Run, contract_nos: Iterable[str]) -> Present:
    """What is there under these contract numbers."""
    c = _LOANS.c
    query = (
        select(
            *_COMPARED,
            c.id,
            c.household_id,
            c.member_id,
            c.organisation_id,
            c.status,
            c.import_id,
            c.generation,
            Import.status.label("import_status"),
        )
        .outerjoin(Import, Import.id == c.import_id)
        .where(c.bank == run.importer.bank, among(unit.connection, c.contract_no, contract_nos))
    )
    unit.session.flush()
    present = Present({}, {})
    for row in unit.connection.execute(query):
        undone = row.status == LoanStatus.RETURNED and row.disbursed_on is None and row.import_status in UNDONE
        (present.left if undone else present.standing)[row.contract_no] = row
    return present


_COMPARED = [
    _LOANS.c[name]
    for name in (
        "contract_no",
        "principal_fen",
        "annual_rate",
        "term_months",
        "signed_on",
        "disbursed_on",
        "purpose",
        "scheme",
        "security",
        "policy_no",
        "endorsements",
    )
]


def differing_loan(run: Run, row: LoanRow, recorded: Any, borrower: Borrower | None) -> RowDiffers | None:
    """What in a recorded loan is not as the row says; columns that the sheet does not have say nothing."""
    told = {
        "borrower": None if borrower is None else (borrower.id, borrower.member_id),
        "status": "disbursed",
        "principal": plain(row.principal),
        "annual_rate": row.annual_rate,
        "term_months": row.term_months,
        "signed_on": row.signed_on,
        "disbursed_on": row.disbursed_on,
        "purpose": row.purpose,
        "scheme": row.scheme,
        "security": row.security,
        "policy_no": row.policy_no,
        "endorsements": ",".join(row.endorsements),
    }
    stands = {
        "borrower": (recorded.household_id or recorded.organisation_id, recorded.member_id),
        "status": "disbursed" if recorded.status in LENT else recorded.status,
        "principal": plain(recorded.principal_fen),
        "annual_rate": recorded.annual_rate,
        "term_months": recorded.term_months,
        "signed_on": recorded.signed_on,
        "disbursed_on": recorded.disbursed_on,
        "purpose": recorded.purpose,
        "scheme": recorded.scheme,
        "security": recorded.security,
        "policy_no": recorded.policy_no,
        "endorsements": recorded.endorsements,
    }
    compared = {"borrower", "status"} | run.table.given
    return differing({name: told[name] for name in told if name in compared}, stands)
