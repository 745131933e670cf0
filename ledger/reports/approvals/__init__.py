"""Reports on the requests that a second person decides."""
