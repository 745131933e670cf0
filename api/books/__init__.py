"""The books: balances, vouchers, periods, reports."""
