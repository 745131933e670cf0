"""The command line `python -m ledger` for operators, a module for each group of commands."""
