"""Subsidy batches and totals."""
