"""The books: accounting periods."""
