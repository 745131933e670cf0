"""What one person requests and a second one decides (复核)."""
