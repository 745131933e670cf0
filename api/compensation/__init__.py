"""The API of claims and recoveries (代偿与追偿)."""
