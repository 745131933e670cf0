"""Ways by which a notice reaches a borrower besides paper; none of them knows the database."""
