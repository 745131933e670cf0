"""The database tables of the ledger, declared in this package and created by migrations/."""

from ledger.tables import (
    attachments,
    borrowers,
    claims,
    fund,
    journal,
    loans,
    notices,
    reference,
    subsidies,
    users,
    work,
)

__all__ = [
    "attachments",
    "borrowers",
    "claims",
    "fund",
    "journal",
    "loans",
    "notices",
    "reference",
    "subsidies",
    "users",
    "work",
]
