"""Servicing of loans from the payout to the end: interest, repayments, and back-dating."""
