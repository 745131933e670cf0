"""Sheets read by the columns of their kind into typed rows, and the templates that clerks fill in."""
