"""Reports on the fund: accounts, plans, issuance."""
