"""Reports on the books: trial balances, vouchers, accounting months and finality."""
