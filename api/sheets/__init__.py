"""The API of imported sheets."""
