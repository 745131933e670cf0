"""What people do, one verb a function; writes through the journal."""
