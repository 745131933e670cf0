"""The HTTP API, which checks rights and the shapes of requests, and handles each request in one transaction."""
