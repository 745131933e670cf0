"""The API of notices before maturity (催收通知书)."""
