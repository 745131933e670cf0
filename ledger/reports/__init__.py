"""What people ask; read only."""
