"""The typed rows of sheets: one class for each kind, with the fields of its columns in their order.

The type of a field is the type of a cell that could be read. A cell that could not be read is None: see `AsRead`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from ledger.money import Fen
from ledger.policy.identity import IdCard

AsRead = Any
"""A row of one of the classes below as long as it may have None in place of cells that could not be read."""

Numbered = tuple[int, AsRead]
"""A row with its number in the sheet."""


class HouseholdRow(NamedTuple):
    """One member of a registered household (贫困户)."""

    registry_no: str
    county: str
    town: str
    village: str
    category: str
    registered_on: date
    name: str
    id_card: IdCard
    relation: str


class OrganisationRow(NamedTuple):
    """An organisation (市场主体) with one of its links, or without a link."""

    uscc: str
    name: str
    kind: str
    county: str
    household: str | None
    link_kind: str | None
    amount: Fen | None
    starts_on: date | None
    ends_on: date | None


class LoanRow(NamedTuple):
    """A loan that was paid out. `id_card` is the text of the cell, in capitals and not checked."""

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


class RepaymentRow(NamedTuple):
    """A repayment of a loan."""

    contract_no: str
    amount: Fen
    paid_on: date
    received_on: date | None
    channel: str
    receipt_no: str
    surplus: Literal["credit", "principal"]


MAKERS: Mapping[str, Callable[[Iterable[Any]], tuple[Any, ...]]] = {
    "households": HouseholdRow._make,
    "organisations": OrganisationRow._make,
    "loans": LoanRow._make,
    "repayments": RepaymentRow._make,
}
"""The function that makes a row of each kind of sheet from the values of its cells."""
