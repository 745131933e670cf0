"""The books: balances, vouchers, accounting periods, reports."""
