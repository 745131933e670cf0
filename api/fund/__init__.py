"""The API of the risk-buffer fund (风险缓释基金)."""
