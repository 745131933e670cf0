"""Reports of loans, their statements, and the portfolio."""
