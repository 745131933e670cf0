"""The rows the ledger keeps; every table is declared here and made by migrations/."""

from ledger.tables import claims, fund, journal, loans, notices, parties, people, reference, subsidies, work

__all__ = ["claims", "fund", "journal", "loans", "notices", "parties", "people", "reference", "subsidies", "work"]
