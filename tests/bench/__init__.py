"""Benchmarks: the speed of the ledger compared with a bare database driver that reads and writes the same rows."""
