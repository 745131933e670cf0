"""The command line `python -m ledger` for operators, with one module for each group of commands."""
