"""Claims on the fund, recoveries, and the sharing of losses (代偿)."""
