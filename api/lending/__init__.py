"""The API of loans."""
