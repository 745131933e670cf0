"""Requests that one person makes and a second person decides (复核)."""
