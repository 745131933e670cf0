"""Reports on the books: trial balances, vouchers, periods, finality."""
