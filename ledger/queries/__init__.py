"""Queries of the database that operations and reports share."""
