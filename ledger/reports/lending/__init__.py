"""Loans, their statements, and the portfolio."""
