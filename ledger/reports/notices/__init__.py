"""Notices: lists, histories, papers."""
