"""What every resource of the API shares."""
