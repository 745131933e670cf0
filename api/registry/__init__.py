"""The API of borrowers, contacts, users and reference data."""
