"""How fast the ledger is against a bare driver that writes and reads the same rows."""
