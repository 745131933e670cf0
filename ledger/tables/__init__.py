"""The rows the ledger keeps; every table is declared here and made by migrations/."""

from ledger.tables import journal, loans, parties, people, reference, subsidies, work

__all__ = ["journal", "loans", "parties", "people", "reference", "subsidies", "work"]
