"""Trial balances, vouchers, periods, finality."""
