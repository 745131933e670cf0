"""Borrowers, contacts, users, reference data."""
