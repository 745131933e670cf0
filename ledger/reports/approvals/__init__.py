"""Requests that wait for a second person."""
