"""The HTTP edge: who may ask, what was sent, one transaction a request; the rules are the ledger's."""
