"""The database's history, one numbered file a step; see ledger/setup.py for how it is run."""
