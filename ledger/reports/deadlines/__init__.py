"""What each office owes, and by which day."""
