"""Reports on claims, recoveries and losses."""
