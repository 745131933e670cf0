"""The API of the interest subsidy."""
