"""Interest subsidy."""
