"""Claims on the fund, recoveries, and who bears the loss (代偿)."""
