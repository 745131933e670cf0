"""The migrations of the database schema, one numbered file for each migration; ledger/setup.py runs the migrations."""
