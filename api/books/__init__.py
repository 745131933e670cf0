"""The API of the books: balances, vouchers, accounting periods and reports."""
