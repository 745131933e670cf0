"""`python -m ledger`: what operators do at a terminal, a module for each kind of it."""
