"""The risk-buffer fund."""
