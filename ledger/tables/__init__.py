"""The rows the ledger keeps; every table is declared here and made by migrations/."""

from ledger.tables import fund, journal, loans, parties, people, reference, subsidies, work

__all__ = ["fund", "journal", "loans", "parties", "people", "reference", "subsidies", "work"]
