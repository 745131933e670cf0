"""Reports on the fund: fund accounts, plans and issuance."""
