"""The checks of verification: entries, the journal's tables, loans, public money."""
