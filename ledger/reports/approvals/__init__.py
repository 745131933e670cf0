"""Reports on the requests that a second person has to decide."""
