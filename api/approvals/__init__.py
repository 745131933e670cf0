"""Requests and their decisions."""
