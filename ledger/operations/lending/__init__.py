"""Loans from the contract to the payout."""
