"""Sheets in: columns, checks, faults as values."""
