"""The HTTP API: rights, the shapes of requests and answers, and one transaction for each request."""
