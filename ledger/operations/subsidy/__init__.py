"""Interest subsidy (贴息)."""
