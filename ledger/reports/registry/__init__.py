"""Reports on borrowers, with masked identity cards."""
