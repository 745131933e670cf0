"""The API of requests that a second person approves or refuses (复核)."""
