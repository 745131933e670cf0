"""Claims and recoveries (代偿与追偿)."""
