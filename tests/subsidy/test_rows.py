"""Tests that the named rows that subsidy drafts write in bulk have the columns of their tables in the same order."""

import pytest
from sqlalchemy import Table

from ledger.operations.subsidy.drafts import ClaimRow, LineRow
from ledger.tables.subsidies import SubsidyLine, subsidy_claims


@pytest.mark.parametrize(
    "fields, table", [(LineRow._fields, SubsidyLine.__table__), (ClaimRow._fields, subsidy_claims)]
)
def test_a_bulk_row_has_the_columns_of_its_table(fields: tuple[str, ...], table: Table) -> None:
    assert fields == tuple(column.name for column in table.columns)
