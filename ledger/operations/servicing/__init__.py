"""Loans from the payout to the end: interest, repayments, back-dating."""
