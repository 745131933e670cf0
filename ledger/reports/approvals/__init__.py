"""Reports on requests that a second person decides."""
