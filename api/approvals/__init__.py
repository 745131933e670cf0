"""Requests that a second person decides (复核)."""
