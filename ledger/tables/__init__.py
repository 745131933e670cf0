"""The rows the ledger keeps; every table is declared here and made by migrations/."""

from ledger.tables import borrowers, claims, fund, journal, loans, notices, reference, subsidies, users, work

__all__ = ["borrowers", "claims", "fund", "journal", "loans", "notices", "reference", "subsidies", "users", "work"]
