"""Reports on deadlines: the duties of each office and their last days."""
