"""Queries shared by operations and reports."""
