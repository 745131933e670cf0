"""Reads that operations and reports share."""
