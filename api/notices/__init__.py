"""Notices before maturity (催收通知书)."""
