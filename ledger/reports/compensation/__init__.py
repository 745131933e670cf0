"""Claims, recoveries and losses."""
