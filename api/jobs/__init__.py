"""Job runs."""
