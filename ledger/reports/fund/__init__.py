"""The fund's accounts, plans and issuance reports."""
