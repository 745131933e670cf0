"""Borrowers, contacts, users and reference data."""
