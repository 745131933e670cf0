"""The tables of the ledger, declared here and created by migrations/."""

from ledger.tables import borrowers, claims, fund, journal, loans, notices, reference, subsidies, users, work

__all__ = ["borrowers", "claims", "fund", "journal", "loans", "notices", "reference", "subsidies", "users", "work"]
