"""Reports on notices: lists, histories, papers."""
