"""Benchmarks that compare the speed of the ledger with a bare database driver that reads and writes equal rows."""
