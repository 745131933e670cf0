"""Tests that the fields of each row class are in the order of the columns of its sheet or table."""

from typing import Any

import pytest

from ledger.imports.columns import COLUMNS, MAKERS, HouseholdRow, LoanRow, OrganisationRow, RepaymentRow
from ledger.operations.sheets.households import StoredHousehold, StoredMember
from ledger.operations.sheets.loan_booking import StoredLoan, StoredStatusChange
from ledger.operations.sheets.organisations import StoredLink, StoredOrganisation
from ledger.tables.borrowers import Household, Link, Member, Organisation
from ledger.tables.loans import Loan, StatusChange


@pytest.mark.parametrize(
    "kind, row",
    [
        ("households", HouseholdRow),
        ("organisations", OrganisationRow),
        ("loans", LoanRow),
        ("repayments", RepaymentRow),
    ],
)
def test_a_row_of_a_sheet_has_the_columns_of_its_kind_in_their_order(kind: str, row: Any) -> None:
    names = tuple(column.name for column in COLUMNS[kind])
    assert row._fields == names
    assert MAKERS[kind](names) == row(*names)
    assert type(MAKERS[kind](names)) is row


def test_every_kind_of_sheet_has_a_class_of_rows() -> None:
    assert MAKERS.keys() == COLUMNS.keys()


@pytest.mark.parametrize(
    "row, table",
    [
        (StoredLoan, Loan),
        (StoredStatusChange, StatusChange),
        (StoredHousehold, Household),
        (StoredMember, Member),
        (StoredOrganisation, Organisation),
        (StoredLink, Link),
    ],
)
def test_a_row_written_in_bulk_has_the_columns_of_its_table_in_their_order(row: Any, table: Any) -> None:
    assert row._fields == tuple(column.name for column in table.__table__.columns)
