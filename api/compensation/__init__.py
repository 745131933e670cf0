"""Claims and recoveries."""
