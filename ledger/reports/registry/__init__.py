"""Borrowers as others may see them."""
