"""Imported sheets."""
