"""Operations on the risk-buffer fund (风险缓释基金): plans, accounts and issuance reports."""
