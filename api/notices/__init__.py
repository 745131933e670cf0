"""Notices before maturity."""
