"""Exports: papers made from the records of the ledger."""
