"""Exports: documents made from the records of the ledger."""
